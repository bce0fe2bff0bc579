# Containers for the suites: sourced, not run. A container sleeps until it is told to end, in a rootfs of busybox alone.

# start RUNTIME DRIVER ID CGROUPS_PATH [RESOURCES [HOOKS [ANNOTATIONS]]]: JSON texts; prints the pid.
start() {
  local runtime=$1 driver=$2 id=$3 path=$4 resources=${5:-'{}'} hooks=${6:-'{}'} annotations=${7:-'{}'}
  local bundle=/run/bundles/$id flag= member=
  # For crun an empty path is the root cgroup, an absent one its default.
  [ -z "$path" ] || member='"cgroupsPath":"'$path'",'
  mkdir -p "$bundle/rootfs"/{bin,proc,dev,sys}
  ln -f "$(command -v busybox)" "$bundle/rootfs/bin/busybox" 2>/dev/null || cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox"
  ln -sf busybox "$bundle/rootfs/bin/sh"
  cat >"$bundle/config.json" <<JSON
{"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0},"args":["/bin/busybox","sleep","1000"],
"env":["PATH=/bin"],"cwd":"/"},"root":{"path":"rootfs"},"annotations":$annotations,"hooks":$hooks,
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]}],
"linux":{$member"resources":$resources,
"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"mount"},{"type":"cgroup"}]}}
JSON
  [ "$driver" = cgroupfs ] || flag=--systemd-cgroup
  "$runtime" $flag run -d --bundle "$bundle" --pid-file "$bundle/pid" "$id" >"$bundle/log" 2>&1 </dev/null || {
    cat "$bundle/log" >&2
    return 1
  }
  cat "$bundle/pid"
}

# stop RUNTIME DRIVER ID
stop() {
  local flag=
  [ "$2" = cgroupfs ] || flag=--systemd-cgroup
  "$1" $flag delete --force "$3"
}

# The directory of a process in the v2 hierarchy.
group_of() {
  echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# equal WHAT ACTUAL EXPECTED
equal() {
  [ "$2" = "$3" ] || {
    echo "$1: got '$2', expected '$3'" >&2
    return 1
  }
}

# holds TEXT PART
holds() {
  case $1 in
  *"$2"*) ;;
  *) echo "'$1' does not hold '$2'" >&2 && return 1 ;;
  esac
}

# refused STATUS COMMAND...: runs it, wants this exit status, and prints what it said.
refused() {
  local want=$1 status=0
  shift
  "$@" 2>&1 || status=$?
  equal "exit status of $*" "$status" "$want" >&2
}

# claim TITLE FUNCTION: runs it in a shell of its own that ends at the first failure, and prints "ok - TITLE" or "not ok - TITLE".
claim() {
  local output status=0
  output=$(bash -euo pipefail -xc ". ./container.sh; . ./$SUITE; $2" 2>&1) || status=$?
  if [ "$status" = 0 ]; then
    echo "ok - $1"
  else
    echo "not ok - $1"
    printf '%s\n' "$output" | tail -40 | sed 's/^/  | /'
  fi
}

hooks() {
  if [ -x /run/t/hooks ]; then /run/t/hooks "$@"; else node /run/t/dist/cli/main.js "$@"; fi
}
