#!/usr/bin/env bash
# What others say of the contracts and the doors of the examples that are its arguments: Redocly, Spectral with the rules
# of OWASP, TypeScript, buf, and the audits of GraphQL over HTTP.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/node_modules/.bin:$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT

for example in "$@"; do
  echo "-- $example"
  contract=$(realpath "$example/api/openapi.json")
  redocly lint --extends recommended-strict "$contract" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
  spectral lint "$contract" --ruleset "$here/spectral.yaml" --fail-severity=hint --quiet
  openapi-typescript "$contract" -o "$work/contract.ts" >/dev/null
  tsc --strict --noEmit "$work/contract.ts"
  buf lint "$example/api"

  name=$(basename "$example")
  go -C "$example" build -o "$work/service" "./cmd/$name"
  ENV=development DATABASE_URL="sqlite:$work/$name.db" ADDR=127.0.0.1:0 "$work/service" >"$work/said" 2>&1 &
  service=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$work/said")
    [ -z "$url" ] || break
    sleep 0.1
  done
  node "$here/audit.mjs" "$url/graphql"
  node "$here/socket.mjs" "$url/graphql"
  kill "$service"
  wait "$service" || true
  service=
done

echo "-- the contract that tests of the gRPC door use"
contract=$here/../../kit/internal/doortest
buf lint "$contract/contract"
buf build "$contract/contract" -o "$work/doors.binpb" --as-file-descriptor-set --exclude-source-info
cmp "$work/doors.binpb" "$contract/doors.binpb"

echo "-- an evolved design keeps the contract of Protobuf"
bash "$here/evolve.sh"
