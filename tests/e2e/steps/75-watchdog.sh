# A supervisor that hangs gives no sign of life: systemd ends it and starts another.
#
# The debug build has a switch for it: the supervisor hangs while the file named in GPHOTOS_SYNCD_DEBUG_HANG_FILE is there.

hang=/run/gphotos-syncd/hang
dropin=/run/systemd/system/gphotos-syncd.service.d/watchdog.conf
install -D -m 0755 /opt/e2e/gphotos-syncd-debug /usr/local/lib/gphotos-syncd-debug
mkdir -p "$(dirname "$dropin")"
cat >"$dropin" <<END
[Service]
ExecStart=
ExecStart=/usr/local/lib/gphotos-syncd-debug run
ExecPaths=/usr/local/lib
Environment=GPHOTOS_SYNCD_DEBUG_HANG_FILE=$hang
WatchdogSec=4
END
systemctl daemon-reload
systemctl restart "$UNIT"
pid=$(show MainPID)
restarts=$(show NRestarts)
sleep 6
check "while the supervisor lives the watchdog is fed" is "$(show MainPID)" "$pid"
mark=$(journal_mark)
touch "$hang"
check_soon "a hung supervisor is ended by the watchdog" 30 said_since "$mark" 'Watchdog timeout'
rm -f "$hang"
check_soon "another process comes up" 60 has_restarted "$pid"
check "by one restart" is "$(show NRestarts)" $((restarts + 1))
check "it works" gphotos-syncd sync alice
rm "$dropin"
systemctl daemon-reload
check "the packaged program starts in its place" systemctl restart "$UNIT"
