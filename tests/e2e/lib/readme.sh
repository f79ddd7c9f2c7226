# README.md as a script: the commands that it shows are run as they stand there. Sourced inside the machine.
#
# What a person does beside typing is played: the browser of `login`, and the editor that writes a file shown in full.

README=/opt/e2e/README.md

# readme SECTION: runs its commands and writes its files, in order; each is a check. A function named in BEFORE_EACH is called
# with each command before it is run.
readme() {
  local kind line section text found=0
  while IFS=$'\t' read -r kind line section text; do
    [ "$section" = "$1" ] || continue
    found=1
    echo "$line" >>"$STATE/readme-run"
    [ "$kind" != sh ] || [ -z "${BEFORE_EACH:-}" ] || "$BEFORE_EACH" "$text"
    case $kind in
      sh) check "README $line: $text" play "$text" ;;
      file) check "README $line: ${text%%$'\037'*} is written" write_file "${text%%$'\037'*}" "${text#*$'\037'}" ;;
    esac
  done < <(awk -f /opt/e2e/lib/readme.awk "$README")
  check "README has commands under '$1'" is "$found" 1
}

# A command; for `login`, with a person at a browser.
play() {
  case $1 in
    *'gphotos-syncd login '*--manual*) with_paste "$1" ;;
    *'gphotos-syncd login '*) with_browser "$1" ;;
    *) bash -euo pipefail -c "$1" </dev/null ;;
  esac
}

write_file() {
  mkdir -p "$(dirname "$1")"
  tr '\036' '\n' <<<"$2" | sed '${/^$/d}' >"$1"
}

# The account is named as the library.
account_of() { sed -E 's/.*gphotos-syncd login ([^ ]+).*/\1/' <<<"$1"; }

address_in() { grep -oE 'http://[^ ]*/o/oauth2/[^ ]*' "$1"; }

# The browser is sent to the program's own listener.
with_browser() {
  local said pid rc=0
  said=$(mktemp)
  bash -c "$1" </dev/null >"$said" 2>&1 &
  pid=$!
  soon 20 grep -q 'Waiting up to' "$said" &&
    curl --silent --max-time 20 --output /dev/null "$(consent "$(address_in "$said")" "$(account_of "$1")")" || rc=1
  [ "$rc" = 0 ] || kill "$pid"
  wait "$pid" || rc=$?
  grep -v /o/oauth2/ "$said"
  return "$rc"
}

# The browser ends on an address that nobody answers, and the person pastes it.
with_paste() {
  local dir pid rc=0
  dir=$(mktemp -d)
  mkfifo "$dir/keys"
  bash -c "$1" <"$dir/keys" >"$dir/said" 2>&1 &
  pid=$!
  exec {keys}>"$dir/keys"
  soon 20 grep -q 'paste it here' "$dir/said" &&
    consent "$(address_in "$dir/said")" "$(account_of "$1")" >&"$keys" || rc=1
  exec {keys}>&-
  [ "$rc" = 0 ] || kill "$pid"
  wait "$pid" || rc=$?
  grep -v /o/oauth2/ "$dir/said"
  return "$rc"
}
