# What must hold in hybrid and in legacy mode, where the controllers are on cgroup v1.

path_of_a_container() {
  local pid document
  pid=$(start runc cgroupfs c1 /t/c1)
  document=$(hooks cgroup path --pid "$pid" --json)
  holds "$document" "\"mode\": \"$(expected_mode)\""
  holds "$document" '"memory": "/sys/fs/cgroup/memory/t/c1"'
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" /t/c1
  stop runc cgroupfs c1
}

expected_mode() {
  if [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then echo hybrid; else echo v1; fi
}

path_of_a_scope() {
  local pid
  pid=$(start runc systemd c2 test.slice:pre:c2)
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" /test.slice/pre-c2.scope
  stop runc systemd c2
}

apply_to_each_controller() {
  local pid
  pid=$(start runc cgroupfs c3 /t/c3)
  cat >r.json <<'JSON'
{"memory":{"limit":104857600,"reservation":52428800},"cpu":{"shares":512,"quota":20000,"period":50000,"cpus":"0"},
"pids":{"limit":9},"network":{"classID":1048577}}
JSON
  hooks cgroup apply --resources r.json --pid "$pid"
  equal memory "$(cat /sys/fs/cgroup/memory/t/c3/memory.limit_in_bytes)" 104857600
  equal soft "$(cat /sys/fs/cgroup/memory/t/c3/memory.soft_limit_in_bytes)" 52428800
  equal shares "$(cat /sys/fs/cgroup/cpu/t/c3/cpu.shares)" 512
  equal quota "$(cat /sys/fs/cgroup/cpu/t/c3/cpu.cfs_quota_us)" 20000
  equal cpuset "$(cat /sys/fs/cgroup/cpuset/t/c3/cpuset.cpus)" 0
  equal pids "$(cat /sys/fs/cgroup/pids/t/c3/pids.max)" 9
  equal net "$(cat /sys/fs/cgroup/net_cls/t/c3/net_cls.classid)" 1048577
  stop runc cgroupfs c3
}

raise_the_limit() {
  local pid
  pid=$(start runc cgroupfs c4 /t/c4 '{"memory":{"limit":52428800}}')
  echo '{"memory":{"limit":104857600}}' >r.json
  hooks cgroup apply --resources r.json --pid "$pid"
  equal memory "$(cat /sys/fs/cgroup/memory/t/c4/memory.limit_in_bytes)" 104857600
  stop runc cgroupfs c4
}

survives_reload_in_a_scope() {
  local pid
  pid=$(start runc systemd c5 test.slice:pre:c5)
  echo '{"memory":{"limit":104857600},"cpu":{"shares":512}}' >r.json
  hooks cgroup apply --resources r.json --pid "$pid"
  systemctl daemon-reload
  equal memory "$(cat /sys/fs/cgroup/memory/test.slice/pre-c5.scope/memory.limit_in_bytes)" 104857600
  equal shares "$(cat /sys/fs/cgroup/cpu/test.slice/pre-c5.scope/cpu.shares)" 512
  stop runc systemd c5
}

no_unified() {
  echo '{"memory.high":"1"}' >u.json
  mkdir -p /sys/fs/cgroup/pids/u
  holds "$(refused 1 hooks cgroup apply --unified u.json --path /u)" UNIFIED_ON_V1
  rmdir /sys/fs/cgroup/pids/u
}

if [ "${0##*/}" = run.sh ]; then
  claim 'the mode and the directory of each controller are found' path_of_a_container
  claim 'a systemd scope is found by its pid' path_of_a_scope
  claim "each value goes to its controller's directory" apply_to_each_controller
  claim 'a memory limit is raised' raise_the_limit
  claim 'values of a scope survive a daemon-reload' survives_reload_in_a_scope
  claim 'unified is refused' no_unified
fi
