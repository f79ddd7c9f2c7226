# What the boot test needs of the machine: skips where that cannot be had, installs what can. Sourced by `boot`.

skip_unless_possible() {
  [ "$(id -u)" = 0 ] || skip "it needs root: to make namespaces, to mount, and to boot a systemd in them"
  unshare --mount --pid --net --fork --kill-child --mount-proc true 2>/dev/null ||
    skip "no namespaces can be made here (unshare --mount --pid --net fails)"
  unshare --mount --propagation private -- bash -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/low /mnt/up /mnt/work /mnt/all &&
    mount -t overlay -o lowerdir=/mnt/low,upperdir=/mnt/up,workdir=/mnt/work overlay /mnt/all' 2>/dev/null ||
    skip "no overlay file system can be mounted here"
  unshare --mount --propagation private -- bash -c '. "$1"; own_cgroups && mkdir "/sys/fs/cgroup/$2" && rmdir "/sys/fs/cgroup/$2"' \
    bash "$here/lib/cgroup.sh" "gphotos-syncd-e2e-probe.$$" 2>/dev/null ||
    skip "no control group can be made here: systemd needs a writable cgroup2 tree"
  command -v apt-get >/dev/null || skip "this is no Debian: no apt-get to make the machine's root file system with"
}

# Installs the tools of Debian that are missing.
install_tools() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v systemd-nspawn >/dev/null || missing+=(systemd-container)
  command -v ip >/dev/null || missing+=(iproute2)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installs ${missing[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    give_up "apt-get cannot install ${missing[*]}"
}

# Removes what a session leaves: its work folder, and its control group, which is empty but has its sub-groups still.
remove_rest() {
  unshare --mount --propagation private -- bash -c '. "$1"; own_cgroups && remove_groups "/sys/fs/cgroup/$2"' \
    bash "$here/lib/cgroup.sh" "$(basename "$1")" || say "the control group $(basename "$1") is left"
  rm -rf --one-file-system "$1"
}

# Removes the rest of tests that were killed.
sweep() {
  local dir pid
  for dir in /var/tmp/gphotos-syncd-e2e.*.*; do
    pid=${dir#/var/tmp/gphotos-syncd-e2e.}
    [ ! -d "$dir" ] || [ -d "/proc/${pid%%.*}" ] || remove_rest "$dir"
  done
}
