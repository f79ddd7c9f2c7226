# The simulator of Google, as steps use it. Sourced inside the machine.

GOOGLE=$(cat /opt/e2e/simulator-url)

# google METHOD WHAT [JSON]: the simulator's own interface.
google() {
  curl --silent --show-error --fail-with-body --max-time 20 --request "$1" "$GOOGLE/_control/$2" ${3:+--data "$3"}
}

# google_counts FILTER: a figure of what the simulator served.
google_counts() { google GET stats | jq -r "$1"; }

media_requests() { google_counts '.classes.media.requests // 0'; }

# The answers that began in the middle of a file.
ranges_served() { google_counts '.statuses["206"] // 0'; }

media_bytes() { google_counts ".accounts[\"$1\"].media.bytes // 0"; }

# add_item ACCOUNT KIND NAME CREATED LENGTH
add_item() {
  google POST items "$(jq -nc --arg account "$1" --arg kind "$2" --arg filename "$3" --arg created "$4" --argjson len "$5" '$ARGS.named')" >/dev/null
}

# add_photo ACCOUNT NAME CREATED
add_photo() { add_item "$1" photo "$2" "$3" 20000; }

# slow_down NAME BYTES_PER_SECOND: the file of this name comes in pieces, four a second.
slow_down() {
  google POST faults "$(jq -nc --arg item "$1" --argjson bytes $(($2 / 4)) \
    '{on: ["media"], item: $item, effect: {kind: "drip", bytes: $bytes, every_ms: 250}}')" >/dev/null
}

no_faults() { google DELETE faults >/dev/null; }

# consent URL ACCOUNT: the person agrees; the address that the browser is sent to.
consent() { google POST consent "$(jq -nc --arg url "$1" --arg account "$2" '$ARGS.named')" | jq -r .redirect; }

# same_as_google ACCOUNT ROOT: the tree below ROOT is what the account has, file by file and link by link.
same_as_google() {
  local truth want have
  truth=$(google GET "truth?account=$1&sha256=1")
  want=$(jq -r '.items[] | "\(.sha256)  photos/\(.created[0:4])/\(.created[5:7])/\(.filename)"' <<<"$truth" | sort)
  have=$(cd "$2" && find photos -type f -exec sha256sum {} + | sort)
  [ -n "$want" ] && diff <(echo "$want") <(echo "$have") || return 1
  want=$(jq -r '(.items | map({(.id): .sha256}) | add) as $sha | .albums[] | .title as $title | .items[] | "\($sha[.])  \($title)"' <<<"$truth" | sort)
  have=$(cd "$2" && { [ ! -d albums ] || find albums -mindepth 3 -exec sha256sum {} +; } | sed -E 's|  albums/[0-9]+/[0-9]{4} ([^/]*)/.*|  \1|' | sort)
  diff <(echo "$want") <(echo "$have")
}
