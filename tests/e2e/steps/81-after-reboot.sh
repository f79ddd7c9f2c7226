# After the reboot: the daemon is there without anybody's doing, and the missed run is caught up.

check_soon "the daemon started by itself" 30 is_state active
check_soon "the run missed while the machine was off is caught up" 60 is_synced alice
check "by a run of this boot" has "$(journalctl -b -u "$UNIT" -o cat)" 'a run of library alice is complete'
check "the file of that time is there" same_as_google alice /srv/photos/alice
next=$(status_of alice '.next_run | sub("\\.[0-9]+"; "") | fromdateiso8601')
check "not by the schedule, whose next run is due tomorrow" [ "$next" -gt $(($(date +%s) + 80000)) ]
check "the journal of the time before is kept" [ "$(journalctl -b -1 -u "$UNIT" -o json | wc -l)" -gt 0 ]
