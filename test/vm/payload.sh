#!/bin/bash
# payload.sh OUT.tar SUITE...: packs what suites need: the program, as built, the suites, and a run.sh that runs them in turn.
# The program is $HOOKS_EXECUTABLE, else dist/exe/hooks where it is as new as dist, else dist for Node.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
out=$1
shift
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$here/container.sh" "$here/cadvisor.sh" "$stage/"
{
  echo '. ./container.sh'
  for suite in "$@"; do
    cp "$here/$suite.sh" "$stage/"
    echo "SUITE=$suite.sh"
    echo ". ./$suite.sh"
  done
} >"$stage/run.sh"
case " $* " in *' nri-unit '*) cp "$root/deploy/systemd/oci-hooks-nri.service" "$stage/" ;; esac
case " $* " in *' gvisor '*) cp "$(command -v runsc)" "$stage/" ;; esac
# The virtual machine of the suite for sandboxes.
case " $* " in *' sandbox'*) "$root/test/vmm/build.sh" "$stage/vmm" && cp "$here/sandbox-monitor.sh" "$stage/" ;; esac
# What a config.json names as a hook: its environment is empty, and its arguments are the program's.
printf '#!/bin/bash\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n. /run/t/container.sh\nhooks "$@"\n' >"$stage/hook"
chmod 755 "$stage/hook"
# The executable is what engines run; one that is older than dist tells nothing of it.
executable=$root/dist/exe/hooks
if [ ! -x "$executable" ] || [ "$root/dist/cli/main.js" -nt "$executable" ]; then executable=; fi
executable=${HOOKS_EXECUTABLE:-$executable}
if [ -n "$executable" ]; then
  cp "$executable" "$stage/hooks"
else
  cp -r "$root/dist" "$root/package.json" "$stage/"
  # One of the two programs is enough: this is the one for Node.
  rm -rf "$stage/dist/exe"
  # What the program needs at run time, each where it lies.
  (cd "$root" && npm ls --all --omit=dev --parseable 2>/dev/null | sed -n "s|^$root/||p" | xargs cp -r --parents -t "$stage")
fi
tar -C "$stage" -cf "$out" .
