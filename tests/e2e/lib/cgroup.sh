# Control groups in the pure cgroup2 form that a systemd inside wants. Sourced, in a mount namespace of its own.

# Puts the cgroup2 tree alone at /sys/fs/cgroup; the machine's other hierarchies keep their limits, unseen.
own_cgroups() {
  umount --recursive /sys/fs/cgroup 2>/dev/null || :
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

# Removes an empty group with all below it. Processes that were just killed may hold it for a moment.
remove_groups() {
  local try
  for try in {1..50}; do
    [ -d "$1" ] || return 0
    find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    [ ! -d "$1" ] || sleep 0.1
  done
  [ ! -d "$1" ]
}
