# The first start: active means ready, and the first runs bring everything.

# A configuration that nobody has written yet keeps the daemon from being ready, for as long as it takes.
cd /etc/gphotos-syncd
mv config.toml config.toml.written
mkfifo -m 644 config.toml
mark=$(journal_mark)
systemctl start --no-block "$UNIT"
waits_for_settings() { is_state activating && [ "$(readlink "/proc/$(show MainPID)/exe")" = /usr/bin/gphotos-syncd ]; }
check_soon "the unit is activating while the daemon is not ready" 10 waits_for_settings
sleep 2
check "it stays so" is_state activating
# It may be read more than once.
written() { timeout 2 sh -c 'cat config.toml.written >config.toml'; is_state active; }
check_soon "the unit is active once the daemon said READY" 30 written
check "the daemon said that it is ready" said_since "$mark" ready
systemctl stop "$UNIT"
mv config.toml.written config.toml
cd

readme '5. Start'
check "the unit is enabled" is "$(systemctl is-enabled "$UNIT")" enabled
for library in alice bob; do
  check_soon "the first sync of $library completes" 60 is_synced "$library"
  check "every file and album of $library is as Google has it" same_as_google "$library" "/srv/photos/$library"
done
check "albums of alice are links" is "$(find /srv/photos/alice/albums -mindepth 3 ! -type l)" ''
check "albums of bob are the files themselves" is "$(find /srv/photos/bob/albums -mindepth 3 -links 1)" ''
check "files belong to the daemon and have their mode" \
  is "$(find /srv/photos/*/photos -type f -printf '%u %m\n' | sort -u)" 'gphotos-syncd 640'

of_google() { google GET 'truth?account=alice' | jq -r '.items[] | "\(.created | fromdateiso8601) \(.filename)"' | sort; }
check "the time of a file is when it was taken" diff <(of_google) <(find /srv/photos/alice/photos -type f -printf '%Ts %f\n' | sort)
before=$(media_requests)
check "a second run is complete" gphotos-syncd sync
check "it fetched nothing again" is "$(media_requests)" "$before"
