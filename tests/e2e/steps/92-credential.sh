# The client secret, encrypted, in the place of a readable file.

readme 'Keep the client secret encrypted'
check "the readable secret is gone" not test -e /etc/gphotos-syncd/client_secret.json
check "the daemon is active" is_state active
google POST tokens '{"account": "bob", "action": "expire-access"}' >/dev/null
check "a token is renewed with the encrypted secret" gphotos-syncd sync bob

# What the command says that was not given the secret is what README.md shows.
shown=$(awk -f /opt/e2e/lib/readme.awk "$README" | cut -f 4 | grep '^sudo systemd-run .* login alice --manual$' | tr -s ' ')
check "login alone names the command that borrows the secret" has "$(gphotos-syncd login alice 2>&1)" "${shown:-the command of README.md}"

# Back to the readable one, which later sections of README.md speak of.
rm /etc/systemd/system/gphotos-syncd.service.d/secret.conf /etc/credstore.encrypted/gphotos-syncd.client_secret.json
install -m 0640 -g gphotos-syncd /root/client_secret_*.json /etc/gphotos-syncd/client_secret.json
systemctl daemon-reload
check "the readable secret works again" systemctl restart "$UNIT"
