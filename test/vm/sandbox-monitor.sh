# The stand-in monitor of test/vmm, and the helper as a runtime runs it: sourced, not run.

# monitor ID [HELPERS]: starts one that is taken for QEMU, with two vCPU threads; prints its pid.
monitor() {
  local id=$1 helpers=${2:-0}
  mkdir -p "/run/vmm/$id"
  ln -f vmm "/run/vmm/$id/qemu-system-x86_64" 2>/dev/null || cp vmm "/run/vmm/$id/qemu-system-x86_64"
  mkfifo "/run/vmm/$id/in"
  # It ends when its input closes, so somebody has to hold it.
  sleep 1000 >"/run/vmm/$id/in" 2>/dev/null &
  echo $! >"/run/vmm/$id/holder"
  setsid "/run/vmm/$id/qemu-system-x86_64" qemu 2 "$helpers" <"/run/vmm/$id/in" >"/run/vmm/$id/out" 2>&1 &
  until grep -q ready "/run/vmm/$id/out" 2>/dev/null; do sleep 0.05; done
  pgrep -f "^/run/vmm/$id/qemu-system-x86_64 qemu"
}

end_monitor() {
  kill -9 "$(cat "/run/vmm/$1/holder")" 2>/dev/null || true
  kill -9 "$2" 2>/dev/null || true
  while [ -e "/proc/$2" ]; do sleep 0.05; done
  rm -r "/run/vmm/$1"
}

# sandbox ID STATUS PID CGROUPS_PATH FLAGS...: runs the helper as a runtime would.
sandbox() {
  local id=$1 status=$2 pid=$3 path=$4
  shift 4
  mkdir -p "/run/bundles/$id"
  echo "{\"ociVersion\":\"1.0.2\",\"linux\":{\"cgroupsPath\":\"$path\",\"resources\":{\"cpu\":{\"cpus\":\"0\"}}}}" >"/run/bundles/$id/config.json"
  echo "{\"ociVersion\":\"1.0.2\",\"id\":\"$id\",\"status\":\"$status\",\"pid\":$pid,\"bundle\":\"/run/bundles/$id\"}" |
    hooks helper sandbox-overhead "$@"
}

# threads PID PATTERN: the threads of these names.
threads() {
  local task
  for task in /proc/"$1"/task/*; do
    if grep -qE "$2" "$task/comm"; then echo "${task##*/}"; fi
  done
}
