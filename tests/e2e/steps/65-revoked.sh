# A token that the person took back parks its library; the others go on.

google POST tokens '{"account": "alice", "action": "revoke"}' >/dev/null
add_photo alice after-revocation.jpg 2022-01-01T10:00:00Z
add_photo bob beside-revocation.jpg 2022-01-01T10:00:00Z
mark=$(journal_mark)
rc=0
gphotos-syncd sync >/dev/null 2>&1 || rc=$?
check "sync says by its exit code that a library needs a login" is "$rc" 77
check "alice is parked" state_is alice needs-login
check "bob went on" is_synced bob
check "the new file of bob is there" same_as_google bob /srv/photos/bob
check "the journal says it once, as an error, with the command" jq -se \
  '[.[] | select(.MESSAGE_ID == "ac31904e04204a8cb04e9d003ec3960d")] | length == 1 and .[0].PRIORITY == "3" and (.[0].MESSAGE | contains("gphotos-syncd login alice"))' \
  <<<"$(journal_since "$mark")"
check_soon "systemctl status names the command" 10 status_text_has 'run `gphotos-syncd login alice`'
rc=0
gphotos-syncd status --check >/dev/null || rc=$?
check "monitors are told that it is critical" is "$rc" 2
check "alice logs in again" play 'gphotos-syncd login alice'
check_soon "the daemon notices by itself and goes on" 60 is_synced alice
