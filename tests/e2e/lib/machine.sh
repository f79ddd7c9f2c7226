# The booted machine as an object: boot, enter, run a step, reboot, power off. Sourced by `session.sh`.

NSPAWN='' LEADER=''

# The exit status of systemd-nspawn when the system inside asked for a reboot.
REBOOT_ASKED=133

# Starts the machine and waits until its systemd has started everything.
machine_boot() {
  # Without the two capabilities and bpf, IPAddressDeny= and DevicePolicy= silently do nothing inside; without the other system calls
  # no program inside can fence itself in.
  systemd-nspawn --quiet --settings=no --boot --directory="$E2E_WORK/machine" --machine=e2e --hostname=e2e \
    --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --suppress-sync=yes --console=read-only \
    --capability=CAP_BPF,CAP_PERFMON \
    --system-call-filter="bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self" --bind-ro="$E2E_WORK/stage:/opt/e2e" \
    -- systemd.log_target=journal </dev/null >>"$E2E_OUT/console" 2>&1 &
  NSPAWN=$!
  LEADER=''
  local try state
  for try in {1..600}; do
    kill -0 "$NSPAWN" 2>/dev/null || return 1
    if LEADER=$(machine_leader); then
      state=$(machine_enter systemctl is-system-running 2>/dev/null || :)
      case $state in
        running) return 0 ;;
        degraded) machine_enter systemctl --no-pager --plain --failed; return 0 ;;
      esac
    fi
    sleep 0.1
  done
  return 1
}

# The first process inside, as it is numbered out here: the child of systemd-nspawn in another process namespace.
machine_leader() {
  local child
  for child in $(cat "/proc/$NSPAWN/task/$NSPAWN/children" 2>/dev/null); do
    [ "$(readlink "/proc/$child/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || { printf '%s' "$child"; return 0; }
  done
  return 1
}

machine_enter() { nsenter --target "$LEADER" --all -- "$@"; }

# Runs step $1 as a unit of the booted system: it has the environment and the control group of a service. After $2 seconds it is
# killed, with the exit status 124.
machine_step() {
  local rc=0
  machine_enter timeout "$2" systemd-run --quiet --wait --pipe --collect --service-type=exec --unit="e2e-$1" \
    -p WorkingDirectory=/root -E HOME=/root -E LC_ALL=C.UTF-8 \
    -E PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin -- bash /opt/e2e/lib/step.sh "$1" </dev/null || rc=$?
  [ "$rc" != 124 ] || machine_enter systemctl kill --signal=KILL "e2e-$1.service" || :
  return "$rc"
}

# Reboots; the machine stays off until the moment $1, seconds since 1970.
machine_reboot() {
  local rc=0
  machine_enter systemctl reboot || :
  wait "$NSPAWN" || rc=$?
  [ "$rc" = "$REBOOT_ASKED" ] || { say "systemd-nspawn ended with $rc instead of a reboot"; return 1; }
  while [ "$(date +%s)" -lt "$1" ]; do sleep 0.2; done
  machine_boot
}

machine_power_off() {
  local try
  machine_enter systemctl poweroff 2>/dev/null || :
  for try in {1..200}; do
    kill -0 "$NSPAWN" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$NSPAWN" 2>/dev/null && say "the machine did not power off in time" || :
  wait "$NSPAWN" 2>/dev/null || :
}
