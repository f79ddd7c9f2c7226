# `systemctl stop` in the middle of a large file: it ends in time and by itself, and the file goes on after the start.

begin_long_file stopped.mp4 2021-03-02T10:00:00Z
ranges=$(ranges_served)
begin=$SECONDS
check "the stop succeeds" systemctl stop "$UNIT"
check "the daemon ended by itself, not by its time-out" is "$(show Result)" success
check "within the unit's time" [ $((SECONDS - begin)) -lt 90 ]
check "no half file is visible" is "$(find /srv/photos/alice/photos -name stopped.mp4)" ''
check "what came of it is kept" partial_grew /srv/photos/alice "$RESUMABLE_BYTES"
no_faults
systemctl start "$UNIT"
check_soon "after the start the run that was cut short goes on by itself" 60 is_synced alice
check "it went on in the middle of the file" [ "$(ranges_served)" -gt "$ranges" ]
check "every file of alice is as Google has it" same_as_google alice /srv/photos/alice
