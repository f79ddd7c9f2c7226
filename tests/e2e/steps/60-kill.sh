# SIGKILL in the middle of a large file: the unit comes back, and the file goes on where it was.

# The rest before a restart is for machines in trouble; here it would only be waited for.
mkdir -p /run/systemd/system/gphotos-syncd.service.d
printf '[Service]\nRestartSec=1\n' >/run/systemd/system/gphotos-syncd.service.d/restart.conf
systemctl daemon-reload

begin_long_file killed.mp4 2021-03-01T10:00:00Z
pid=$(show MainPID)
restarts=$(show NRestarts)
ranges=$(ranges_served)
systemctl kill --signal=KILL "$UNIT"
no_faults
check_soon "after SIGKILL it comes back" 60 has_restarted "$pid"
check "by one restart" is "$(show NRestarts)" $((restarts + 1))
check_soon "the run that was cut short goes on by itself" 60 is_synced alice
check "it went on in the middle of the file" [ "$(ranges_served)" -gt "$ranges" ]
check "every file of alice is as Google has it" same_as_google alice /srv/photos/alice

# The same with a run that a person asked for, when nothing is due for a day.
slow_down asked.mp4 "$LONG_BYTES_PER_SECOND"
add_item alice video asked.mp4 2021-03-02T10:00:00Z "$LONG_BYTES"
gphotos-syncd sync alice >/dev/null 2>&1 &
soon 60 partial_grew /srv/photos/alice "$RESUMABLE_BYTES"
pid=$(show MainPID)
systemctl kill --signal=KILL "$UNIT"
no_faults
check_soon "after another SIGKILL it comes back" 60 has_restarted "$pid"
check_soon "the run that a person asked for goes on before its next due moment" 60 is_synced alice
check "every file of alice is as Google has it again" same_as_google alice /srv/photos/alice
