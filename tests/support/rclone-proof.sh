#!/bin/sh
# Proves that a client nobody here wrote, rclone's Google Photos backend, syncs from the simulator
# unmodified: TLS, token refresh, listing, albums, bytes, and retries under faults.
#
# usage: tests/support/rclone-proof.sh [path of the fake-google program]
# Needs rclone, python3, ip and unshare (root, or unprivileged user namespaces). Everything runs in a
# network namespace that has loopback only, and is left in a temporary directory that is removed.
# Exit: 0 the synced tree is the truth; 1 it differs; 2 something is missing.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
fake=${1:-$here/target/debug/fake-google}
for tool in rclone python3 ip unshare; do
    command -v "$tool" >/dev/null || { echo "error: \`$tool\` is not installed" >&2; exit 2; }
done
[ -x "$fake" ] || { echo "error: no program at \`$fake\`; hint: cargo build -p fake-google" >&2; exit 2; }

if [ -z "${RCLONE_PROOF_INSIDE:-}" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT INT TERM
    map=
    [ "$(id -u)" = 0 ] || map=-r
    RCLONE_PROOF_INSIDE=$work unshare $map -n -m "$0" "$fake"
    exit
fi

work=$RCLONE_PROOF_INSIDE
cd "$work"
ip link set lo up
printf '127.0.0.1 localhost\n127.0.0.1 photoslibrary.googleapis.com lh3.googleusercontent.com accounts.google.com oauth2.googleapis.com www.googleapis.com\n' >hosts
mount --bind hosts /etc/hosts

"$fake" --listen 127.0.0.1:443 --tls --write-ca ca.pem --write-token alice=token.json \
    --accounts alice=230:2-60k --albums alice=3:120 --video-every 7 --no-quota --no-stdin --url-file url \
    --api-origin https://photoslibrary.googleapis.com --media-origin https://lh3.googleusercontent.com &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
tries=0
until [ -e url ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "error: the simulator does not start" >&2; exit 2; }
    sleep 0.1
done

cat >proof.py <<'PY'
import hashlib, json, os, re, ssl, sys, urllib.request

context = ssl.create_default_context(cafile="ca.pem")

def control(what, body=None):
    data = None if body is None else json.dumps(body).encode()
    url = "https://photoslibrary.googleapis.com/_control/" + what
    with urllib.request.urlopen(urllib.request.Request(url, data), context=context) as answer:
        return json.load(answer)

def prepare():
    add = lambda **item: control("items", dict(account="alice", **item))["id"]
    twins = [add(filename="twin.jpg", created="2021-05-0%dT00:00:00Z" % day) for day in (1, 2)]
    odd = add(filename="ünï côdé 写真.jpg", created="2021-06-01T12:00:00Z")
    add(filename="motion.jpg", kind="motion-photo", created="2021-07-01T00:00:00Z")
    add(filename="real.mp4", kind="video", real=True, created="2021-08-01T00:00:00Z")
    control("albums", dict(account="alice", title="Odd Álbum", items=twins + [odd]))
    token = json.load(open("token.json"))
    secret = control("client-secret")["installed"]
    rclone_token = {"access_token": "stale", "token_type": "Bearer",
                    "refresh_token": token["refresh_token"], "expiry": "2020-01-01T00:00:00Z"}
    with open("rclone.conf", "w") as out:
        out.write("[g]\ntype = google photos\nread_only = true\n")
        for key in ("client_id", "client_secret"):
            out.write("%s = %s\n" % (key, secret[key]))
        out.write("auth_url = %s\ntoken_url = %s\n" % (secret["auth_uri"], secret["token_uri"]))
        out.write("token = %s\n" % json.dumps(rclone_token))
    for on, kind in ((["media"], dict(kind="status", status=503)),
                     (["media-items-search", "albums-list"], dict(kind="status", status=500))):
        control("faults", dict(on=on, effect=kind, probability=0.05, seed=7))

def digest(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()

def tree(root):
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            found.setdefault(os.path.relpath(folder, root), []).append((strip(name), digest(path)))
    return {folder: sorted(files) for folder, files in found.items()}

def strip(name):
    """rclone adds {id} to names that occur twice in a folder."""
    return re.sub(r" ?\{[A-Za-z0-9_-]{55,}\}", "", name)

def compare():
    truth = control("truth?account=alice&sha256=1")
    items = {item["id"]: (item["filename"], item["sha256"]) for item in truth["items"]}
    wanted = {".": sorted(items.values())}
    wanted_albums = {album["title"]: sorted(items[id] for id in album["items"]) for album in truth["albums"]}
    bad = 0
    for what, want, have in (("media/all", wanted, tree("out")), ("album", wanted_albums, tree("albums"))):
        missing = {folder: set(want[folder]) - set(have.get(folder, [])) for folder in want}
        extra = {folder: set(have[folder]) - set(want.get(folder, [])) for folder in have}
        bad += sum(map(len, missing.values())) + sum(map(len, extra.values())) + (want != have)
        print("%s: %d files wanted, %d there" % (what, sum(map(len, want.values())), sum(map(len, have.values()))))
        for word, part in (("missing", missing), ("foreign", extra)):
            for folder, files in part.items():
                for name, _ in sorted(files)[:5]:
                    print("  %s: %s/%s" % (word, folder, name))
    stats = control("stats")
    print("requests:", json.dumps(stats["endpoints"]), "statuses:", json.dumps(stats["statuses"]))
    if stats["endpoints"].get("token", 0) == 0:
        print("rclone never refreshed its token")
        bad += 1
    sys.exit(1 if bad else 0)

prepare() if sys.argv[1] == "prepare" else compare()
PY
python3 proof.py prepare
export SSL_CERT_FILE=$work/ca.pem RCLONE_CONFIG=$work/rclone.conf
rclone version | head -1
rclone copy g:media/all out --transfers 8 --low-level-retries 20 --retries 5 --stats 0 -q || echo "rclone exit $?"
rclone copy g:album albums --transfers 8 --low-level-retries 20 --retries 5 --stats 0 -q || echo "rclone exit $?"
python3 proof.py compare
