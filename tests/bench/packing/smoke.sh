#!/usr/bin/env bash
# smoke.sh PACK_BENCH: genuine deltas of each library, a few, are packed, read again and compared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
for library in yjs loro automerge; do
  node "$(dirname "$0")/streams.mjs" --library "$library" --count 1500 --out "$folder/$library"
done
"$1" "$folder"/*
