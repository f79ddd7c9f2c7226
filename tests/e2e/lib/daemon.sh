# The daemon and its unit, as steps look at them. Sourced inside the machine.

UNIT=gphotos-syncd.service

# A property of the unit.
show() { systemctl show --property="$1" --value "$UNIT"; }

is_state() { is "$(show ActiveState)" "$1"; }

# status_of LIBRARY FILTER: from `status --json`.
status_of() {
  gphotos-syncd status --json | jq -r --arg name "$1" ".libraries[] | select(.name == \$name) | $2"
}

state_is() { is "$(status_of "$1" .state)" "$2"; }

# The library has as many files as its account has items, and rests.
is_synced() { state_is "$1" idle && is "$(status_of "$1" .files)" "$(google GET "truth?account=$1" | jq '.items | length')"; }

# The newest entry of the journal, to look at what comes after it.
journal_mark() {
  journalctl --sync
  journalctl --lines=0 --show-cursor --quiet | sed -n 's/^-- cursor: //p'
}

# journal_since MARK ARGUMENTS...: entries of the daemon and about its unit, as JSON lines.
journal_since() {
  journalctl --sync
  journalctl --unit="$UNIT" --after-cursor="$1" --output=json --all --no-pager --quiet "${@:2}"
}

# said_since MARK TEXT: a message since MARK contains TEXT.
said_since() { has "$(journal_since "$1" | jq -r '.MESSAGE | tostring')" "$2"; }

# has_restarted PID: another process serves now.
has_restarted() { is_state active && [ "$(show MainPID)" != "$1" ]; }

# The bytes that lie in partial files below a library's root.
partial_bytes() { du -sb --apparent-size "$1/.gphotos-syncd/partial" | cut -f1; }

partial_grew() { [ "$(partial_bytes "$1")" -gt "$2" ]; }

# A file that takes long: it is large, and the simulator hands it out slowly. At this rate it needs more than the time that a
# stop leaves to files under way, and it passes a point from which a later run may go on.
LONG_BYTES=64000000 LONG_BYTES_PER_SECOND=3000000 RESUMABLE_BYTES=18000000

# begin_long_file NAME CREATED: alice has a new file of this kind, a run of its schedule begins, and the file is under way when this
# ends.
begin_long_file() {
  slow_down "$1" "$LONG_BYTES_PER_SECOND"
  add_item alice video "$1" "$2" "$LONG_BYTES"
  due_once alice $(($(date +%s) + 4))
  soon 60 partial_grew /srv/photos/alice "$RESUMABLE_BYTES"
}

# due_once LIBRARY MOMENT: its next run is due at MOMENT, seconds since 1970, and then a day later.
due_once() {
  printf '[library.%s]\nschedule = "%s"\n' "$1" "$(date -d "@$2" '+%-S %-M %-H * * *')" >"/etc/gphotos-syncd/config.d/80-due.toml"
  systemctl reload "$UNIT"
}

# An entry with this MESSAGE_ID came since MARK.
has_id() { has "$(journal_since "$1" | jq -r '.MESSAGE_ID // empty')" "$2"; }

status_text_has() { has "$(show StatusText)" "$1"; }

# The files of all libraries, wherever they are, with their digests.
photographs() { find /srv/photos/*/photos /mnt/disk/*/photos /var/lib/gphotos-syncd/*/photos -type f | sort | xargs sha256sum; }
