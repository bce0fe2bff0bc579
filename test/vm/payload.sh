#!/bin/bash
# payload.sh SUITE OUT.tar: packs what a suite needs: the program, as built, and the suite as run.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$here/container.sh" "$here/$1.sh" "$stage/"
printf 'SUITE=%s.sh\n. ./container.sh\n. ./%s.sh\n' "$1" "$1" >"$stage/run.sh"
if [ -x "${HOOKS_EXECUTABLE:-}" ]; then
  cp "$HOOKS_EXECUTABLE" "$stage/hooks"
else
  mkdir -p "$stage/node_modules"
  cp -r "$root/dist" "$root/package.json" "$stage/"
  for name in commander re2js yaml; do cp -r "$root/node_modules/$name" "$stage/node_modules/"; done
fi
tar -C "$stage" -cf "$2" .
