# The package arrives by apt, and starts nothing that is not set up.

# The person at the keyboard answers yes.
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/yes
version=$(dpkg-deb -f /opt/e2e/package.deb Version)
cp /opt/e2e/package.deb "/root/gphotos-syncd_${version}_$(dpkg --print-architecture).deb"

readme '1. Install'
check "the package is installed whole" is "$(dpkg-query -W -f '${Status} ${Version}' gphotos-syncd)" "install ok installed $version"
check "dpkg finds every file as it was packed" is "$(dpkg --verify gphotos-syncd)" ''
check "the program is on the path" has "$(gphotos-syncd --version)" 'gphotos-syncd '
check "the daemon has a user of its own, who cannot log in" has "$(getent passwd gphotos-syncd)" nologin
check "an installation alone starts nothing" is_state inactive
check "an installation alone enables nothing" is "$(systemctl is-enabled gphotos-syncd || :)" disabled
check "systemd finds no fault in the unit as installed" is "$(systemd-analyze verify --man=no "$UNIT" 2>&1)" ''
