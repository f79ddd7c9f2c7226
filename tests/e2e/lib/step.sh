#!/usr/bin/env bash
# Runs one step inside the machine: the words that steps are written in, then the step.
set -euo pipefail
. /opt/e2e/lib/checks.sh
. /opt/e2e/lib/simulator.sh
. /opt/e2e/lib/daemon.sh
. /opt/e2e/lib/readme.sh
trap 'printf "%s:%s: this failed: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND"' ERR
mkdir -p "$STATE"
. "/opt/e2e/steps/$1.sh"

# What must never be seen in the journal, for the step that looks.
{
  find /srv/photos /mnt/disk /var/lib/gphotos-syncd -name .gphotos.token -exec jq -r '.access_token, .refresh_token' {} + 2>/dev/null || :
  google GET client-secret | jq -r .installed.client_secret
} >>"$STATE/secrets"
