# Words to the person who runs the boot test. Sourced.

# A line about the test itself, with the seconds since the begin.
say() { printf '[boot %4ds] %s\n' "$SECONDS" "$*" >&2; }

# The test itself cannot be carried out.
give_up() {
  say "$*"
  exit 2
}

# This machine truly cannot boot a systemd in namespaces.
skip() {
  printf '\n**************** SKIPPED: the boot test did not run ****************\n%s\n\n' "$*" >&2
  exit 77
}
