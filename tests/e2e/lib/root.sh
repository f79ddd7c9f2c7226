# The root file system of the booted machine: made once, kept outside the project, never written to. Sourced by `boot`.

ROOT_CACHE=/var/cache/gphotos-syncd-e2e
# Security updates of the distribution come in this way.
ROOT_DAYS_MAX=7
# What the steps use, beside what a small Debian with systemd has.
ROOT_PACKAGES=systemd,systemd-sysv,dbus,libpam-systemd,sudo,curl,jq,procps,adduser,ca-certificates
ROOT_DIR='' ROOT_LOCK=''

# The packages that a .deb depends on: no registry can be reached from inside. Of alternatives the first is taken.
packages_of() {
  dpkg-deb -f "$1" Pre-Depends Depends | sed 's/^[A-Za-z-]*: //' | tr ',' '\n' |
    sed 's/|.*//; s/([^)]*)//; s/:any//; s/[[:space:]]//g' | grep . | sort -u | paste -sd, || :
}

# hold_root SUITE PACKAGES: makes the root of Debian's release SUITE with these packages if there is none of that kind, sets
# ROOT_DIR, and holds it against removal.
hold_root() {
  local suite=$1 packages=$ROOT_PACKAGES${2:+,$2} key
  packages=$(tr ',' '\n' <<<"$packages" | sort -u | paste -sd,)
  key=$(printf '1 %s %s' "$suite" "$packages" | sha256sum | cut -c1-12)
  ROOT_DIR=$ROOT_CACHE/$suite-$key
  mkdir -p "$ROOT_CACHE"
  exec {ROOT_LOCK}>"$ROOT_CACHE/lock"
  flock --shared "$ROOT_LOCK"
  is_fresh && return 0
  flock --unlock "$ROOT_LOCK"
  flock --exclusive "$ROOT_LOCK"
  is_fresh || make_root "$suite" "$packages"
  flock --shared "$ROOT_LOCK"
}

is_fresh() { [ -d "$ROOT_DIR" ] && [ -z "$(find "$ROOT_DIR" -maxdepth 0 -mtime +"$ROOT_DAYS_MAX")" ]; }

make_root() {
  local new=$ROOT_CACHE/new unit
  local hooks=(--customize-hook='rm -f "$1/etc/machine-id"; : >"$1/etc/machine-id"; mkdir -p "$1/var/log/journal"')
  # They would reach for the network, or wait for a console that nobody sees.
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer console-getty.service; do
    hooks+=(--customize-hook="ln -sf /dev/null \"\$1/etc/systemd/system/$unit\"")
  done
  say "makes the root file system ($1 with $2)"
  find "$ROOT_CACHE" -mindepth 1 -maxdepth 1 -type d -mtime +"$ROOT_DAYS_MAX" -exec rm -rf --one-file-system {} +
  rm -rf --one-file-system "$new" "$ROOT_DIR"
  if ! mmdebstrap --mode=root --variant=minbase --include="$2" --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io "${hooks[@]}" "$1" "$new" >"$ROOT_CACHE/log" 2>&1; then
    tail -20 "$ROOT_CACHE/log" >&2
    rm -rf --one-file-system "$new"
    give_up "the root file system cannot be made; all of it is in $ROOT_CACHE/log"
  fi
  touch "$new"
  mv "$new" "$ROOT_DIR"
}
