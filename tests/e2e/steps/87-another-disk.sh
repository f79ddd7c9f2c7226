# A library moves to another disk; the daemon waits for that disk and does not start without it.

mkdir -p /disk /mnt/disk
chmod 755 /disk
echo '/disk /mnt/disk none bind 0 0' >>/etc/fstab
systemctl daemon-reload
systemctl start mnt-disk.mount
before=$(media_requests)

readme 'Put a library on another disk'
check "the daemon is active" is_state active
check "bob's next run is complete" gphotos-syncd sync bob
check "nothing was fetched again" is "$(media_requests)" "$before"
check "every file of bob is as Google has it" same_as_google bob /mnt/disk/bob
check "the unit needs the disk" has "$(show Requires)" mnt-disk.mount
systemctl stop mnt-disk.mount
check_soon "without the disk the daemon is not active" 100 is_state inactive
systemctl start "$UNIT"
check "its start mounts the disk first" is "$(systemctl is-active mnt-disk.mount)" active
