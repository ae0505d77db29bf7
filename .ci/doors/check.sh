#!/usr/bin/env bash
# What others say of the contracts and the doors of the examples that are its arguments: Redocly, Spectral with the rules
# of OWASP, TypeScript, buf, and the audits of GraphQL over HTTP; and that their TypeScript clients do what they promise.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/node_modules/.bin:$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT

# compile makes JavaScript of TypeScript as the strictest of users do.
compile() {
  tsc --strict --skipLibCheck --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noImplicitOverride --noImplicitReturns --noUnusedLocals \
    --noUnusedParameters --noPropertyAccessFromIndexSignature --isolatedModules --verbatimModuleSyntax --erasableSyntaxOnly \
    --target es2022 --module esnext --moduleResolution bundler --typeRoots "$here/node_modules/@types" --types node "$@"
}

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
  export ENV=development DATABASE_URL="sqlite:$work/$name.db" ADDR=127.0.0.1:0
  if [ -f "$example/client.test.ts" ]; then
    compile --outDir "$work/client" "$example/client.test.ts"
    echo '{"type": "module"}' >"$work/client/package.json"
    "$work/service" seed >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
  fi
  "$work/service" >"$work/said" 2>&1 &
  service=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$work/said")
    [ -z "$url" ] || break
    sleep 0.1
  done
  node "$here/audit.mjs" "$url/graphql"
  node "$here/introspect.mjs" "$url/graphql" "$example/api/schema.graphql"
  node "$here/socket.mjs" "$url/graphql"
  if [ -f "$example/client.test.ts" ]; then
    SERVICE_URL=$url node --test "$work/client/client.test.js" >"$work/tested" || { cat "$work/tested"; exit 1; }
  fi
  kill "$service"
  wait "$service" || true
  service=
done

echo "-- the contract that tests of the gRPC door use"
contract=$here/../../kit/internal/doortest
buf lint "$contract/contract"
buf build "$contract/contract" -o "$work/doors.binpb" --as-file-descriptor-set --exclude-source-info
cmp "$work/doors.binpb" "$contract/doors.binpb"

echo "-- a client of a design whose names mean something else"
mkdir -p "$work/names/design"
cp "$here/names.graphql" "$work/names/design"
go -C "$here/../.." run . generate --kit "$here/../../kit" "$work/names" >"$work/said" || { cat "$work/said"; exit 1; }
compile --noEmit "$work/names/api/typescript/client.ts"

echo "-- an evolved design keeps the contract of Protobuf"
bash "$here/evolve.sh"
