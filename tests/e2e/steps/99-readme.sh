# Nothing in README.md is shown that nobody tried: a command was run by a step, or it is one that CI runs by itself.

untried() {
  local kind line section text rest=0
  while IFS=$'\t' read -r kind line section text; do
    grep -qx "$line" "$STATE/readme-run" && continue
    case $text in 'cargo '*) grep -qF "$text" /opt/e2e/run && continue ;; esac
    printf '%s: %s\n' "$line" "$text"
    rest=1
  done < <(awk -f /opt/e2e/lib/readme.awk "$README")
  return "$rest"
}
check "every command in README.md is run" untried

# Secrets of all logins of this machine's life.
no_secret() {
  [ "$(sort -u "$STATE/secrets" | wc -l)" -ge 7 ] || { echo "too few secrets are known: the check looks at the wrong ones"; return 1; }
  journalctl -o json --all >"$STATE/journal"
  ! grep -oF -f <(sort -u "$STATE/secrets") "$STATE/journal"
}
check "no token or client secret is in the journal" no_secret
