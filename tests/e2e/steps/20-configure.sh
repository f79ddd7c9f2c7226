# The configuration as README.md has it; a drop-in puts the simulator in Google's place.

google GET client-secret >/root/client_secret_1234.apps.googleusercontent.com.json
mkdir -p /etc/gphotos-syncd/config.d
cat >/etc/gphotos-syncd/config.d/00-simulator.toml <<END
[google.endpoints]
library = "$GOOGLE"
picker = "$GOOGLE"
drive = "$GOOGLE"

[limits]
min-free-space = "16 MiB"
api-requests-per-second = 1000
media-requests-per-second = 1000

[defaults]
splay = "0s"
END

readme '2. A Google Cloud project (once for the whole household)'
readme '3. Configure'
check "nobody else can read the client secret" is "$(stat -c %a /etc/gphotos-syncd/client_secret.json | tail -c 2)" 0
check "the check created nothing" is "$(find /srv/photos -mindepth 2)" ''
