#!/usr/bin/env bash
# Runs the conformance suite of Connect against the listener and the middleware of a service. Arguments go to the suite.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PWD/../doors/node_modules/.bin:$PATH"
rm -rf gen
go mod download connectrpc.com/conformance # of a module that is not there, go list tells no folder
suite=$(go list -m -f '{{.Dir}}' connectrpc.com/conformance)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
buf generate "$suite/proto" --path "$suite/proto/connectrpc/conformance/v1/service.proto" --path "$suite/proto/connectrpc/conformance/v1/config.proto" \
  --path "$suite/proto/connectrpc/conformance/v1/server_compat.proto" --template '
version: v2
managed:
  enabled: true
  override: [{file_option: go_package_prefix, value: github.com/fettlehq/fettle/.ci/conformance/gen}]
plugins: [{local: [go, tool, protoc-gen-go], out: gen, opt: [paths=source_relative]}]'
go build -o "$work/server" .
go build -o "$work/suite" connectrpc.com/conformance/cmd/connectconformance
"$work/suite" --mode server --conf config.yaml "$@" -- "$work/server"
