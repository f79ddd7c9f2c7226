# Installed from the sources, on the machine that the package has left.

rm -rf /etc/gphotos-syncd /etc/systemd/system/gphotos-syncd.service.d
systemctl daemon-reload
cp -R /opt/e2e/source /root/source
cd /root/source
readme 'By hand'
check "systemd finds no fault in the unit as installed" is "$(systemd-analyze verify --man=no "$UNIT" 2>&1)" ''
google GET client-secret >/etc/gphotos-syncd/client_secret.json
check "the daemon starts" systemctl start "$UNIT"
check "it is active" is_state active
check "without a library it idles, and says so" status_text_has 'no libraries are configured'
check "it stops" systemctl stop "$UNIT"
