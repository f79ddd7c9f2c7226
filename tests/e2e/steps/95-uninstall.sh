# Removed and purged: the program goes, the photographs stay, wherever they are.

before=$(photographs)
check "there are photographs in all three places" is "$(sed -E 's|.*  (/srv/photos/alice\|/mnt/disk/bob\|/var/lib/gphotos-syncd/carol)/.*|\1|' <<<"$before" | sort -u | wc -l)" 3

readme 'Uninstall'
check "the package is gone" not dpkg-query -W -f '${Version}' gphotos-syncd
check "the program is gone" not test -e /usr/bin/gphotos-syncd
check "the unit is gone" is "$(systemctl list-unit-files --no-legend 'gphotos-syncd*')" ''
check "no process is left" not pgrep -u gphotos-syncd
check "the settings of the package are gone" not test -e /etc/gphotos-syncd/config.toml
check "every photograph is there, byte by byte" is "$(photographs)" "$before"
check "the token of alice is gone, as its logout says" not test -e /srv/photos/alice/.gphotos.token
for library in /mnt/disk/bob /var/lib/gphotos-syncd/carol; do
  check "the index in $library is there" test -e "$library/.gphotos-syncd/index.sqlite"
done
