# A configuration that is wrong at the start ends with 78, and no restart is tried.

systemctl stop "$UNIT"
printf '[library.alice]\nroot = 7\n' >/etc/gphotos-syncd/config.d/90-wrong.toml
restarts=$(show NRestarts)
mark=$(journal_mark)
check "the start fails" not systemctl start "$UNIT"
# A restart that is to come shows as `activating (auto-restart)`.
check "the unit has failed for good" is "$(show ActiveState) $(show SubState)" 'failed failed'
check "by exit code 78" is "$(show ExecMainStatus)" 78
check "no restart was tried" is "$(show NRestarts)" "$restarts"
check "the journal says what is wrong, with its place" said_since "$mark" 90-wrong.toml:2
rm /etc/gphotos-syncd/config.d/90-wrong.toml
check "a mended one starts" systemctl start "$UNIT"
