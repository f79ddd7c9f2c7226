# The drop-in for newer systemd, put in its place as its head says; an older systemd keeps the unit as it is.

if [ "$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" -ge 254 ]; then
  install -D -m 0644 /usr/share/doc/gphotos-syncd/examples/systemd-254.conf \
    /etc/systemd/system/gphotos-syncd.service.d/systemd-254.conf
  systemctl daemon-reload
  check "systemd finds no fault in the drop-in" is "$(systemd-analyze verify --man=no "$UNIT" 2>&1)" ''
  check "systemd itself asks the daemon to reload, and waits for it" is "$(show Type) $(show ExecReload)" 'notify-reload '
  check "restarts begin soon and get rarer" is "$(show RestartUSec) $(show RestartSteps) $(show RestartMaxDelayUSec)" '5s 8 10min'
else
  check "systemd has the daemon reload by its command" has "$(show ExecReload)" 'kill -HUP'
fi
