# A package of a higher version restarts the daemon in the middle of a large file, and the file goes on.

new=$(mktemp -d)
dpkg-deb --raw-extract /opt/e2e/package.deb "$new/tree"
sed -i -E 's/^(Version: .*)$/\1+e2e1/' "$new/tree/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$new/tree" "$new/higher.deb" >/dev/null
version=$(dpkg-deb -f "$new/higher.deb" Version)
chmod -R a+rX "$new"

begin_long_file upgraded.mp4 2021-03-03T10:00:00Z
pid=$(show MainPID)
ranges=$(ranges_served)
settings=$(sha256sum /etc/gphotos-syncd/config.toml)
check "apt upgrades the package" apt-get install --yes "$new/higher.deb"
no_faults
check "the higher version is installed" is "$(dpkg-query -W -f '${Version}' gphotos-syncd)" "$version"
check_soon "the daemon was restarted" 30 has_restarted "$pid"
check "it is the new program" is "$(readlink "/proc/$(show MainPID)/exe")" /usr/bin/gphotos-syncd
check "the unit is enabled still" is "$(systemctl is-enabled "$UNIT")" enabled
check "the settings are as they were" is "$(sha256sum /etc/gphotos-syncd/config.toml)" "$settings"
check_soon "the run that was cut short goes on by itself" 60 is_synced alice
check "it went on in the middle of the file" [ "$(ranges_served)" -gt "$ranges" ]
check "every file of alice is as Google has it" same_as_google alice /srv/photos/alice
