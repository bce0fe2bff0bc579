# What cAdvisor reports of a container's limits: the same files and rules as getSpecInternal in its container/common/helpers.go and
# the container_spec_* series in metrics/prometheus.go. Sourced; `spec PATH` prints the series of a cgroup as Prometheus has them. Below,
# what the suites about it share.

# Values above 2^62 stand for "no limit" in the memory series, which are 0 then.
NO_LIMIT=4611686018427387904

# text DIRECTORY FILE: without the spaces around it; nothing where there is no such file.
text() {
  local value
  value=$(cat "$1/$2" 2>/dev/null) || return 0
  value=${value#"${value%%[![:space:]]*}"}
  printf %s "${value%"${value##*[![:space:]]}"}"
}

# number DIRECTORY FILE: an unsigned integer of 64 bits, 0 for what is none; "max" is the largest.
number() {
  local value
  value=$(text "$1" "$2")
  case $value in
  max) echo 18446744073709551615 ;;
  '' | *[!0-9]*) echo 0 ;;
  *) echo "$value" ;;
  esac
}

# memory DIRECTORY FILE
memory() {
  local value
  value=$(number "$1" "$2")
  # As text: the largest numbers do not fit into the shell's.
  if [ ${#value} -gt 19 ] || { [ ${#value} = 19 ] && [[ $value > $NO_LIMIT ]]; }; then value=0; fi
  echo "$value"
}

spec_v2() {
  local at=$1 weight quota= period=
  [ -d "$at" ] || return 0
  weight=$(number "$at" cpu.weight)
  if [ "$weight" -ge 1 ] && [ "$weight" -le 10000 ]; then weight=$((2 + (weight - 1) * 262142 / 9999)); else weight=0; fi
  # shellcheck disable=SC2046
  set -- $(text "$at" cpu.max)
  if [ $# = 2 ]; then
    [ "$1" = max ] || quota=$1
    period=$2
  fi
  [ -z "$quota" ] || echo "container_spec_cpu_quota $quota"
  echo "container_spec_cpu_period ${period:-0}"
  echo "container_spec_cpu_shares $weight"
  if [ -e "$at/memory.max" ]; then
    echo "container_spec_memory_limit_bytes $(memory "$at" memory.max)"
    echo "container_spec_memory_swap_limit_bytes $(memory "$at" memory.swap.max)"
    echo "container_spec_memory_reservation_limit_bytes $(memory "$at" memory.min)"
  fi
  echo "processes_limit $(number "$at" pids.max)"
}

# A directory of v1 counts where it is, hierarchy by hierarchy.
spec_v1() {
  local path=$1 cpu memory pids quota
  cpu=/sys/fs/cgroup/cpu$path memory=/sys/fs/cgroup/memory$path pids=/sys/fs/cgroup/pids$path
  if [ -d "$cpu" ]; then
    quota=$(text "$cpu" cpu.cfs_quota_us)
    case $quota in '' | -1) ;; *) echo "container_spec_cpu_quota $quota" ;; esac
    echo "container_spec_cpu_period $(number "$cpu" cpu.cfs_period_us)"
    echo "container_spec_cpu_shares $(number "$cpu" cpu.shares)"
  fi
  if [ -d "$memory" ]; then
    echo "container_spec_memory_limit_bytes $(memory "$memory" memory.limit_in_bytes)"
    echo "container_spec_memory_swap_limit_bytes $(memory "$memory" memory.memsw.limit_in_bytes)"
    echo "container_spec_memory_reservation_limit_bytes $(memory "$memory" memory.soft_limit_in_bytes)"
  fi
  [ ! -d "$pids" ] || echo "processes_limit $(number "$pids" pids.max)"
}

# spec PATH: counts from the root of the hierarchy.
spec() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then spec_v2 "/sys/fs/cgroup$1"; else spec_v1 "$1"; fi
}

# bundle ID CGROUPS_PATH [RESOURCES]
bundle() {
  mkdir -p "/run/bundles/$1"
  printf '{"annotations":{"io.kubernetes.cri.container-type":"container"},"linux":{"cgroupsPath":"%s","resources":%s}}' \
    "$2" "${3:-{\}}" >"/run/bundles/$1/config.json"
}

# compat_dir STATUS ID [FLAG...]
compat_dir() {
  local status=$1 id=$2
  shift 2
  # gVisor gives the sandbox's pid, and -1 when the container has stopped.
  printf '{"ociVersion":"1.0.2","id":"%s","status":"%s","pid":-1,"bundle":"/run/bundles/%s"}' "$id" "$status" "$id" >state.json
  # What the shell traces is not what the helper says.
  (
    { set +x; } 2>/dev/null
    hooks helper compat-dir "$@" <state.json 2>&1
  )
}

# The directory that people look at: the only one on v2, that of memory on v1.
where() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "/sys/fs/cgroup$1"; else echo "/sys/fs/cgroup/memory$1"; fi
}

LIMITS='{"memory":{"limit":104857600,"swap":209715200,"reservation":52428800},"cpu":{"shares":1024,"quota":20000,"period":50000},"pids":{"limit":40}}'
