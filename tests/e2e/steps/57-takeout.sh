# An export of Takeout, dropped into an inbox: under the unit's sandbox it is taken in, proven complete and moved away.

mkdir -p /root/Downloads
export_of() { # STAMP FOLDER PARTS
  /opt/e2e/fake-google --write-export "$2" --items 12 --bytes 5k-60k --parts "$3" --export-albums 1:4 --stamp "$1" \
    --export-truth "$STATE/export.json"
}
install -d -o gphotos-syncd -g gphotos-syncd /srv/takeout/old
check "an older export is there" export_of 2025-12-08T14:27:29Z /srv/takeout/old 1
check "an export of two parts is downloaded" export_of 2026-06-08T14:27:29Z /root/Downloads 2
# Nobody waits six hours here.
printf '[library.carol]\ninbox-quiet = "0s"\n' >/etc/gphotos-syncd/config.d/zz-quiet.toml

mark=$(journal_mark)
# With the configuration alone, the inbox is behind the unit's sandbox.
sed -n '/^\[library\.carol\]/,/^```/{/^```/!p}' "$README" >/etc/gphotos-syncd/config.d/carol.toml
said=$(gphotos-syncd check)
check "\`check\` finds the inbox shut" has "$said" 'does not let the daemon write to `/srv/takeout/carol`'
check "and prints its drop-in" has "$said" ReadWritePaths=/srv/takeout/carol
readme 'Take them in'

same_as_export() {
  diff <(jq -r '.items[].sha256' "$STATE/export.json" | sort) \
    <(find /srv/photos/carol/photos -type f -exec sha256sum {} + | cut -d' ' -f1 | sort)
}
check "every file of the export is there, once" same_as_export
check "they belong to the daemon" is "$(find /srv/photos/carol/photos -type f -printf '%u %m\n' | sort -u)" 'gphotos-syncd 640'
check "the album is there" is "$(find /srv/photos/carol/albums -type l | wc -l)" 4
check "the archives were moved away" is "$(cd /srv/takeout/carol && find . -type f | sort | xargs)" \
  './imported/takeout-20260608T142729Z-3-001.zip ./imported/takeout-20260608T142729Z-3-002.zip'
check "the journal says that it is proven complete" said_since "$mark" 'the export is proven complete: its archives are safe to delete'
check "so does status" has "$(gphotos-syncd status carol)" 'proven complete, its archives are safe to delete'
check "it needs no token" is "$(status_of carol .token.state)" not-needed
check "alice is not touched by it" state_is alice idle
check "the archive that was imported by hand was moved too" test -f /srv/takeout/old/imported/takeout-20251208T142729Z-3-001.zip

rm -r /etc/gphotos-syncd/config.d/{carol,zz-quiet}.toml /etc/systemd/system/gphotos-syncd.service.d/takeout.conf /srv/takeout /srv/photos/carol
systemctl daemon-reload
check "the daemon starts without it again" systemctl restart "$UNIT"
