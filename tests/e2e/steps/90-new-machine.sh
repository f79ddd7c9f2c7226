# The move to a new machine: what the archive does not hold is gone, and the daemon's user has another number.

before=$(media_requests)
number=$(id -u gphotos-syncd)
files=$(photographs)

# The section tells of two machines; the old one becomes the new one when its last thing is packed.
install_anew() {
  apt-get purge --yes gphotos-syncd
  rm -rf /etc/gphotos-syncd /etc/systemd/system/gphotos-syncd.service.d /var/lib/gphotos-syncd /srv/photos
  userdel gphotos-syncd
  groupdel gphotos-syncd 2>/dev/null || :
  systemctl daemon-reload
  useradd --system --uid "$number" first-come
  apt-get install --yes /root/gphotos-syncd_*.deb
}
between() { case $1 in *' tar '*-xpf*) check "the new machine has the package" install_anew ;; esac; }
BEFORE_EACH=between readme 'Move to a new machine'

check "the user has another number there" [ "$(id -u gphotos-syncd)" != "$number" ]
check_soon "the daemon is active" 30 is_state active
check "every library's next run is complete" gphotos-syncd sync
check "nothing was fetched again" is "$(media_requests)" "$before"
check "every file is the same" is "$(photographs)" "$files"
check "every file is the daemon's" is "$(find /srv/photos/* /mnt/disk/* /var/lib/gphotos-syncd ! -user gphotos-syncd)" ''
