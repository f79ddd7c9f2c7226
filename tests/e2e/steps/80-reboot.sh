# A run falls due while the machine is off; the next step looks at what became of it.

due=$(($(date +%s) + 15))
due_once alice "$due"
due_at() { is "$(status_of alice '.next_run | sub("\\.[0-9]+"; "") | fromdateiso8601')" "$1"; }
check_soon "the next run of alice is due in a moment" 10 due_at "$due"
add_photo alice while-off.jpg 2022-02-02T10:00:00Z
echo $((due + 2)) >"$STATE/reboot-until"
