#!/usr/bin/env bash
# What buf says of the contract of a design that goes on: what is added breaks nobody, what is removed breaks nobody who reads
# the wire or JSON, what is renamed nobody who reads the wire.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/node_modules/.bin:$PATH"
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go -C "$root" build -o "$work/fettle" .
cp -r "$root/examples/shop" "$work/shop"
cd "$work/shop"

# against RULES: generates, and compares with the contract before under these rules.
against() {
  cp -r api "$work/before"
  "$work/fettle" migrate --kit "$root/kit" --accept-loss . >"$work/said" || { cat "$work/said"; exit 1; }
  buf lint api
  buf breaking api --against "$work/before" --config "{version: v1, breaking: {use: [$1]}}"
  rm -r "$work/before"
}

edit() {
  sed -i "$2" "design/$1.graphql"
  ! diff -q "design/$1.graphql" "$root/examples/shop/design/$1.graphql" >/dev/null || { echo "design/$1.graphql: not edited"; exit 1; }
}

edit catalog 's/^  title: String! @length(min: 3, max: 140)$/&\n  subtitle: String @length(max: 140)\n  weight: Int/'
against FILE
edit catalog '/^  weight: Int$/d'
against WIRE_JSON
edit catalog 's/^  subtitle: String @length(max: 140)$/  tagline: String @was(name: subtitle) @length(max: 140)/'
against WIRE
grep -q 'string tagline = 12;' api/shop/v1/shop.proto

# Random designs that go on by random edits: our gate and buf are of one mind about each. EVOLUTIONS=1000 is the long form.
go -C "$root" test ./pipeline -run TestEvolutions -count=1 -rapid.checks="${EVOLUTIONS:-20}" -rapid.nofailfile -buf "$here/node_modules/.bin/buf"
