#!/bin/bash
# payload.sh OUT.tar SUITE...: packs what suites need: the program, as built, the suites, and a run.sh that runs them in turn.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
out=$1
shift
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$here/container.sh" "$stage/"
{
  echo '. ./container.sh'
  for suite in "$@"; do
    cp "$here/$suite.sh" "$stage/"
    echo "SUITE=$suite.sh"
    echo ". ./$suite.sh"
  done
} >"$stage/run.sh"
# What a config.json names as a hook: its environment is empty, and its arguments are the program's.
printf '#!/bin/bash\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n. /run/t/container.sh\nhooks "$@"\n' >"$stage/hook"
chmod 755 "$stage/hook"
if [ -x "${HOOKS_EXECUTABLE:-}" ]; then
  cp "$HOOKS_EXECUTABLE" "$stage/hooks"
else
  mkdir -p "$stage/node_modules"
  cp -r "$root/dist" "$root/package.json" "$stage/"
  for name in commander re2js yaml koffi @koromix minimatch @isaacs brace-expansion balanced-match; do cp -r "$root/node_modules/$name" "$stage/node_modules/"; done
fi
tar -C "$stage" -cf "$out" .
