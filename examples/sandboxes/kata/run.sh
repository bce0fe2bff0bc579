#!/bin/bash
# run.sh one-cgroup|two-cgroups: plays the part of Kata for the pod of this folder, with the definition of that name, and prints its
# cgroups before, during and after. The virtual machine is a stand-in that runs no guest: $VMM, as test/vmm/build.sh builds it.
# Needs root, jq, and the program: $HOOKS, else hooks in PATH. What it makes lies in a temporary directory and in the cgroups
# /hooks-example-kata and /kata_overhead, and is gone when it ends.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
setting=${1:?one-cgroup or two-cgroups}
program=${HOOKS:-$(command -v hooks)}
work=$(mktemp -d)
pod=/hooks-example-kata
monitor=

for_each_hierarchy() {
  local mount
  for mount in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/self/mounts); do "$@" "$mount"; done
}
# What the kubelet does: the cgroup of the pod, in each hierarchy.
make_pod() {
  mkdir "$1$pod"
  # A cpuset of v1 is empty at first, and takes nobody.
  if [ -e "$1/cpuset.mems" ]; then
    cat "$1/cpuset.cpus" >"$1$pod/cpuset.cpus"
    cat "$1/cpuset.mems" >"$1$pod/cpuset.mems"
  fi
  if [ -e "$1$pod/cgroup.controllers" ]; then sed 's/\([a-z]\+\)/+\1/g' "$1$pod/cgroup.controllers" >"$1$pod/cgroup.subtree_control"; fi
}
remove_pod() {
  rmdir "$1$pod"
  # All sandboxes share it, so the helper leaves it.
  if [ -d "$1/kata_overhead" ]; then rmdir "$1/kata_overhead" 2>/dev/null || true; fi
}
clean_up() {
  exec 4>&-
  if [ -n "$monitor" ]; then wait "$monitor" 2>/dev/null || true; fi
  for_each_hierarchy remove_pod
  rm -rf "$work"
}
trap clean_up EXIT

show() {
  echo "# $1"
  "$program" cgroup tree "$pod"
  if "$program" cgroup tree /kata_overhead 2>/dev/null; then :; fi
  echo
}

# What a runtime does at a stage: it runs the hooks of config.json, one by one, with the state on standard input.
stage() {
  local state hook
  state=$(jq -cn --arg status "$2" --argjson pid "$3" --arg bundle "$work" \
    '{ociVersion: "1.1.0", id: "example-kata", status: $status, pid: $pid, bundle: $bundle}')
  jq -c ".hooks.$1[]" "$work/config.json" | while read -r hook; do
    readarray -t args < <(jq -r '.args[1:][]' <<<"$hook")
    "$(jq -r .path <<<"$hook")" "${args[@]}" --quiet <<<"$state"
  done
}

mkdir "$work/hooks.d" "$work/bin"
sed "s|/usr/bin/hooks|$program|" "$here/$setting.json" >"$work/hooks.d/$setting.json"
"$program" inject --quiet --hooks-dir "$work/hooks.d" "$here/sandbox.json" >"$work/config.json"

for_each_hierarchy make_pod
show before
# Kata starts the machine, with two processors and one helper beside it, then runs the hooks.
cp "$VMM" "$work/bin/qemu-system-x86_64"
mkfifo "$work/in" "$work/out"
"$work/bin/qemu-system-x86_64" qemu 2 1 <"$work/in" >"$work/out" &
monitor=$!
exec 4>"$work/in" 5<"$work/out"
read -r _ <&5
stage createRuntime created "$monitor"
stage poststart running "$monitor"
show during
exec 4>&-
wait "$monitor"
monitor=
stage poststop stopped 0
show after
