# The sandbox is in force, seen from inside the service's own mount namespace and from its process.

pid=$(show MainPID)
status_has() { grep -qE "^$1:[[:space:]]+$2\$" "/proc/$pid/status" || { grep "^$1:" "/proc/$pid/status"; return 1; }; }
check "the daemon is its own user" is "$(stat -c %U "/proc/$pid")" gphotos-syncd
check "it can gain no privilege" status_has NoNewPrivs 1
check "its system calls are filtered" status_has Seccomp 2
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
  check "it has no capability ($set)" status_has "$set" 0000000000000000
done
fence=$(journalctl -u "$UNIT" -o cat | grep '^writing is ' | tail -1)
case $fence in
  *'the kernel has no Landlock'*) echo "SKIPPED the daemon's own fence: this kernel has no Landlock" ;;
  *) check "the daemon fences itself in as well" has "$fence" 'writing is limited to' ;;
esac

# The service's file system, as its process sees it. Even root is refused in there, so it is the mount that refuses and no
# permission bit.
seen=/proc/$pid/root
refused() {
  local said
  said=$(touch "$seen$1/e2e-was-here" 2>&1) && { printf 'it could write in %s\n' "$1"; rm -f "$seen$1/e2e-was-here"; return 1; }
  has "$said" 'Read-only file system'
}
mkdir -p /opt/elsewhere /srv/elsewhere
for dir in /usr /etc /etc/gphotos-syncd /etc/gphotos-syncd/config.d /var/lib /var/log /opt/elsewhere /srv /srv/elsewhere; do
  check "nothing can be written in $dir" refused "$dir"
done
allowed() { cd "$seen$1" && setpriv --reuid gphotos-syncd --regid gphotos-syncd --clear-groups -- sh -c 'touch .e2e && rm .e2e'; }
for dir in /srv/photos/alice /srv/photos/bob /var/lib/gphotos-syncd /run/gphotos-syncd; do
  check "the daemon's user can write in $dir" allowed "$dir"
done
check "nor in its own configuration" not allowed /etc/gphotos-syncd
echo private | tee /tmp/of-another /root/of-another >/dev/null
check "other programs' temporary files are not there" not test -e "$seen/tmp/of-another"
check "homes are not there" not test -e "$seen/root/of-another"
check "no device but the harmless ones is there" not test -e "$seen/dev/console"
check "no other program can be started" has "$(nsenter --target "$pid" --mount -- /usr/bin/id 2>&1)" 'Permission denied'

# A root that the sandbox does not allow is said with the remedy, and costs no other library.
install -d -m 0750 -o gphotos-syncd -g gphotos-syncd /opt/dora
printf '[library.dora]\nroot = "/opt/dora"\n' >/etc/gphotos-syncd/config.d/70-dora.toml
google POST accounts '{"name": "dora", "items": 1}' >/dev/null
check "it is logged in" play 'gphotos-syncd login dora'
systemctl reload "$UNIT"
check_soon "a root outside of the sandbox fails" 30 state_is dora failed
check "with the drop-in to write" has "$(status_of dora .detail)" ReadWritePaths=/opt/dora
check "alice is not touched by it" state_is alice idle
libraries=/etc/systemd/system/gphotos-syncd.service.d/libraries.conf
cp "$libraries" "$STATE/libraries.conf"
gphotos-syncd check | sed -n '/^hint: paste this/,/^systemctl/{/^hint:/!p}' >"$STATE/paste"
check "what \`check\` prints can be pasted as it stands" bash -euo pipefail "$STATE/paste"
check_soon "and lets the library in" 60 is_synced dora
cp "$STATE/libraries.conf" "$libraries"
rm /etc/gphotos-syncd/config.d/70-dora.toml
systemctl daemon-reload
check "the daemon starts without it again" systemctl restart "$UNIT"
