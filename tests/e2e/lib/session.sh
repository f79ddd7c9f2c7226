#!/usr/bin/env bash
# One session of the boot test, started by `boot` in namespaces of its own: simulator, machine, steps.
#
# Reads E2E_SECONDS (since the begin of `boot`), E2E_UNTIL (when the steps end, likewise), E2E_WORK (work folder), E2E_BASE (root
# file system), E2E_OUT (results), E2E_ONLY (a glob of steps). Writes to E2E_OUT: `results` (a line for each check), `steps/`,
# `journal.json`, `journal.txt`, `console`, `simulator`.
set -euo pipefail
shopt -s extglob
SECONDS=$E2E_SECONDS

here=$(dirname "$(readlink -f "$0")")
. "$here/say.sh"
. "$here/cgroup.sh"
. "$here/machine.sh"

prepare() {
  mkdir -p "$E2E_OUT/steps"
  : >"$E2E_OUT/results"
  # systemd-nspawn wants /run to be a tmpfs; the host's stays as it is.
  mount -t tmpfs -o mode=755 tmpfs /run
  own_cgroups
  local group
  group=/sys/fs/cgroup/$(basename "$E2E_WORK")
  mkdir "$group"
  echo 0 >"$group/cgroup.procs"
  mount -t tmpfs -o size=3G,mode=755 tmpfs "$E2E_WORK/rw"
  mkdir "$E2E_WORK/rw/upper" "$E2E_WORK/rw/work"
  mount -t overlay -o "lowerdir=$E2E_BASE,upperdir=$E2E_WORK/rw/upper,workdir=$E2E_WORK/rw/work" overlay "$E2E_WORK/machine"
  echo e2e >"$E2E_WORK/machine/etc/hostname"
  printf '127.0.0.1 localhost e2e\n::1 localhost\n' >"$E2E_WORK/machine/etc/hosts"
}

# Two accounts; the network has loopback only, and the machine shares it.
start_simulator() {
  ip link set lo up
  "$E2E_WORK/stage/fake-google" --no-stdin --url-file "$E2E_WORK/stage/simulator-url" --video-every 9 \
    --accounts alice=40:5-60k,bob=30:5-60k --albums alice=3:8,bob=2:5 >"$E2E_OUT/simulator" 2>&1 &
  local try
  for try in {1..100}; do
    [ ! -s "$E2E_WORK/stage/simulator-url" ] || return 0
    sleep 0.1
  done
  give_up "the simulator does not start: $(tail -3 "$E2E_OUT/simulator")"
}

# Runs one step; a step that ends early is a failed check too. Fails when the time of all steps is over.
run_step() {
  local name=$1 rc=0
  say "step $name"
  machine_step "$name" $((E2E_UNTIL > SECONDS ? E2E_UNTIL - SECONDS : 1)) 2>&1 | tee "$E2E_OUT/steps/$name" || rc=$?
  grep -E '^(ok|FAIL) ' "$E2E_OUT/steps/$name" >>"$E2E_OUT/results" || :
  if [ "$rc" = 124 ]; then
    printf 'FAIL all steps end within their time (%s was under way)\n' "$name" | tee -a "$E2E_OUT/results"
    return 1
  elif [ "$rc" != 0 ]; then
    printf 'FAIL step %s goes to its end (it ended with %d)\n' "$name" "$rc" | tee -a "$E2E_OUT/results"
  fi
  # A step may ask for a reboot, by the moment at which the machine comes back.
  local wake=$E2E_WORK/machine/var/lib/e2e/reboot-until
  if [ -e "$wake" ]; then
    local until
    until=$(cat "$wake")
    rm "$wake"
    say "reboot"
    machine_reboot "$until" || { tail -20 "$E2E_OUT/console" >&2; give_up "the machine does not come back"; }
  fi
}

prepare
start_simulator
machine_boot || { tail -20 "$E2E_OUT/console" >&2; give_up "the machine does not boot"; }
say "the machine is up: $(machine_enter systemctl --version | head -1)"
for step in "$here"/../steps/*.sh; do
  name=$(basename "$step" .sh)
  # shellcheck disable=SC2254
  case $name in $E2E_ONLY) run_step "$name" || break ;; esac
done
machine_enter journalctl --sync || :
machine_enter journalctl --no-pager -o json >"$E2E_OUT/journal.json" || :
machine_enter journalctl --no-pager -o short-precise >"$E2E_OUT/journal.txt" || :
machine_power_off
