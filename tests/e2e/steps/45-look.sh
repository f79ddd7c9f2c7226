# What people and monitors see: status, sentence, journal.

readme 'Living with it'
check "systemctl status has the sentence" \
  grep -E 'Status: "2 libraries: alice idle until [0-9]{2}:[0-9]{2}; bob idle until [0-9]{2}:[0-9]{2}; left today: [0-9,]+ of 10,000 api, [0-9,]+ of 75,000 media requests"' \
  <(systemctl status --full "$UNIT")

readme 'Read the journal'
journalctl --sync
entries=$(journalctl -u "$UNIT" -o json)
of() { jq -s --arg id "$1" --arg library "$2" '[.[] | select(.MESSAGE_ID == $id and .LIBRARY == $library)] | length' <<<"$entries"; }
for library in alice bob; do
  check "the journal has the complete run of $library by MESSAGE_ID and LIBRARY" [ "$(of 22748b7a784c485f8bbbfae753a4bff6 "$library")" -gt 0 ]
done
check "entries of a run have RUN, a number, and their LIBRARY" \
  jq -se '[.[] | select(.RUN)] | length > 0 and all(.RUN | test("^[0-9]+$")) and all(.LIBRARY == "alice" or .LIBRARY == "bob")' <<<"$entries"
check "the daemon's levels are the journal's" jq -se '[.[] | select(.MESSAGE == "ready")] | length > 0 and all(.PRIORITY == "6")' <<<"$entries"
check "no item's name is in the journal" is "$(jq -r 'select(.MESSAGE | tostring | test("IMG_"))' <<<"$entries")" ''

complete=22748b7a784c485f8bbbfae753a4bff6
check "the message catalog knows a complete run" journalctl --list-catalog "$complete"
subject=$(journalctl --dump-catalog "$complete" 2>/dev/null | sed -n 's/^Subject: //p' | sed 's/@LIBRARY@/alice/g' || :)
check "journalctl -x explains it, for the library that it is about" \
  has "$(journalctl -u "$UNIT" -x -n 1 --no-pager MESSAGE_ID="$complete" LIBRARY=alice)" "${subject:-the text of the catalog}"
