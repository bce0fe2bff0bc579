#!/bin/bash
# Runs the pod of this folder under gVisor, with the definition ../../opt-in/63-compat-dir.json, and prints its cgroups before, during
# and after. Needs root, runsc and busybox-static (Debian), and the program: $HOOKS, else hooks in PATH.
# What it makes lies in a temporary directory and in the cgroup /hooks-example, and is gone when it ends.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${HOOKS:-$(command -v hooks)}
# ptrace needs no KVM; newer releases of gVisor take systrap by themselves.
read -ra flags <<<"${RUNSC_FLAGS:---platform=ptrace --network=none}"
work=$(mktemp -d)
pod=/hooks-example

# It keeps what it is given as standard input and output, beyond its own end.
runsc() {
  command runsc "${flags[@]}" --root="$work/state" "$@" </dev/null >>"$work/log" 2>&1
}

# What the kubelet does: the cgroup of the pod, in each hierarchy.
for_each_hierarchy() {
  local mount
  for mount in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/self/mounts); do "$1" "$mount$pod"; done
}
make_pod() {
  mkdir "$1"
  if [ -e "$1/cgroup.controllers" ]; then sed 's/\([a-z]\+\)/+\1/g' "$1/cgroup.controllers" >"$1/cgroup.subtree_control"; fi
}
remove_pod() {
  # gVisor may leave directories of its own.
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

clean_up() {
  local status=$? container
  [ "$status" = 0 ] || cat "$work/log" >&2
  for container in sidecar app pause; do
    runsc delete --force "example-$container" || true
  done
  for_each_hierarchy remove_pod
  rm -rf "$work"
}
trap clean_up EXIT

show() {
  echo "# $1"
  "$program" cgroup tree "$pod"
  echo
}

mkdir -p "$work/hooks.d" "$work/rootfs/bin" "$work/rootfs/proc"
cp "$(command -v busybox)" "$work/rootfs/bin/"
sed "s|/usr/bin/hooks|$program|" "$here/../../opt-in/63-compat-dir.json" >"$work/hooks.d/63-compat-dir.json"
for container in pause app sidecar; do
  mkdir "$work/$container"
  "$program" inject --quiet --hooks-dir "$work/hooks.d" "$here/$container.json" >"$work/$container/config.json"
done

for_each_hierarchy make_pod
show before
for container in pause app sidecar; do
  runsc create --bundle "$work/$container" "example-$container"
  runsc start "example-$container"
done
show during
for container in sidecar app pause; do
  runsc kill "example-$container" KILL
  # The sandbox ends with its pause container, and nobody is left to tell its status.
  runsc wait "example-$container" || true
  runsc delete "example-$container"
done
show after
