# Checks and bounded waits. Sourced inside the machine.

# What steps leave for later steps; it outlives a reboot.
STATE=/var/lib/e2e

# check NAME COMMAND...: one line of the result. The command's words are shown if it fails.
check() {
  local name=$1 said rc=0
  shift
  said=$(errexit_off "$@" 2>&1) || rc=$?
  verdict "$name" "$rc" "$said"
}

# check_soon NAME SECS COMMAND...: the same, for what becomes true within SECS.
check_soon() {
  local name=$1 secs=$2 said rc=0
  shift 2
  said=$(soon "$secs" "$@" 2>&1) || rc=$?
  verdict "$name" "$rc" "$said"
}

# soon SECS COMMAND...: tries until the command succeeds; after SECS shows what it said at last, and fails.
soon() {
  local end=$((SECONDS + $1)) said
  shift
  while ! said=$(errexit_off "$@" 2>&1); do
    if [ "$SECONDS" -ge "$end" ]; then
      printf '%s\nstill not so: %s\n' "$said" "$*"
      return 1
    fi
    sleep 0.2
  done
}

verdict() {
  if [ "$2" = 0 ]; then
    printf 'ok %s\n' "$1"
  else
    printf 'FAIL %s\n' "$1"
    printf '%s\n' "$3" | head -60 | sed 's/^/    | /'
  fi
}

errexit_off() {
  set +e
  trap - ERR
  "$@"
}

is() { [ "$1" = "$2" ] || { printf 'it is:      %s\nexpected:   %s\n' "$1" "$2"; return 1; }; }
not() { ! "$@"; }
has() { grep -qF -- "$2" <<<"$1" || { printf 'not found: %s\nin: %s\n' "$2" "$1"; return 1; }; }
