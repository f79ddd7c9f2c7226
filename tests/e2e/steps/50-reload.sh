# `systemctl reload`: a good change is applied as a whole, a bad one is refused as a whole.

pid=$(show MainPID)
day_budget() { gphotos-syncd status --json | jq -r '.limits[] | select(.class == "api") | .day_budget'; }
budget_is() { is "$(day_budget)" "$1"; }

# The good one: another limit, and a third library, below the state directory.
install -d -m 0750 -o gphotos-syncd -g gphotos-syncd /var/lib/gphotos-syncd/carol
google POST accounts '{"name": "carol", "items": 5, "bytes": [5000, 9000]}' >/dev/null
cat >/etc/gphotos-syncd/config.d/50-carol.toml <<'END'
[limits]
api-requests-per-day = 9000

[library.carol]
root = "/var/lib/gphotos-syncd/carol"
END
mark=$(journal_mark)
check "a reload with a good configuration succeeds" systemctl reload "$UNIT"
# Only where systemd waits for the daemon's answer; elsewhere the command ends once the signal is sent.
[ "$(show Type)" != notify-reload ] || check "it ends when the new limit is in force" budget_is 9000
check_soon "the new limit is in force" 20 budget_is 9000
check_soon "the journal says that it was applied" 10 has_id "$mark" a658b571cbb845679dfbeb7fcf7f6b01
check_soon "the new library waits for its login" 20 state_is carol needs-login
check "it is logged in" play 'gphotos-syncd login carol'
check_soon "the daemon notices by itself and brings it" 60 is_synced carol
check "every file of carol is as Google has it" same_as_google carol /var/lib/gphotos-syncd/carol

# The bad one.
printf '[limits]\napi-requests-per-day = 8000\ndownlods = 3\n' >/etc/gphotos-syncd/config.d/60-bad.toml
mark=$(journal_mark)
systemctl reload "$UNIT" || :
check_soon "the journal says that the bad configuration is refused" 20 has_id "$mark" d0e982a058154c2caf94ebab628cb991
check "with the file, the line and the key" said_since "$mark" 60-bad.toml:3
check_soon "systemctl status says it too" 10 status_text_has refused
check "status says it on standard error" has "$(gphotos-syncd status 2>&1 >/dev/null)" 60-bad.toml:3
check "and shows the old settings, which the daemon goes on with" budget_is 9000
rm /etc/gphotos-syncd/config.d/60-bad.toml
check "the old settings stay" budget_is 9000
check "the unit is active still" is_state active
systemctl reload "$UNIT"
check_soon "a mended configuration takes the words back" 20 not status_text_has refused
check "no reload started another process" is "$(show MainPID)" "$pid"
