# What must hold under unified cgroups with systemd as PID 1. Each function is one claim; the list is at the end.

path_of_runc_systemd() {
  local pid
  pid=$(start runc systemd c1 test-a.slice:pre:c1)
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" "$(hooks cgroup path --cgroups-path test-a.slice:pre:c1 --id c1)"
  equal kernel "$(group_of "$pid")" /sys/fs/cgroup/test.slice/test-a.slice/pre-c1.scope
  stop runc systemd c1
}

path_of_runc_cgroupfs() {
  local pid
  pid=$(start runc cgroupfs c2 /t/c2)
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" /t/c2
  holds "$(hooks cgroup path --pid "$pid" --json)" '"mode": "unified"'
  stop runc cgroupfs c2
}

path_of_crun_systemd() {
  local pid
  pid=$(start crun systemd c3 '')
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" \
    "$(hooks cgroup path --cgroups-path '' --id c3 --driver systemd --runtime crun)"
  stop crun systemd c3
}

path_of_crun_cgroupfs() {
  local pid
  pid=$(start crun cgroupfs c4 '')
  equal path "$(hooks cgroup path --pid "$pid" 2>/dev/null)" \
    "$(hooks cgroup path --cgroups-path '' --id c4 --driver cgroupfs --runtime crun)"
  stop crun cgroupfs c4
}

survives_reload_in_a_scope() {
  local pid group
  pid=$(start runc systemd c5 test.slice:pre:c5 '{"memory":{"limit":200000000}}')
  group=$(group_of "$pid")
  echo '{"unified":{"memory.high":"104857600"},"cpu":{"quota":50000,"period":100000},"pids":{"limit":77}}' >r.json
  holds "$(hooks cgroup apply --resources r.json --pid "$pid" --json)" '"unit": "pre-c5.scope"'
  systemctl daemon-reload
  equal high "$(cat "$group/memory.high")" 104857600
  equal max "$(cat "$group/cpu.max")" '50000 100000'
  equal pids "$(cat "$group/pids.max")" 77
  equal property "$(systemctl show -P MemoryHigh pre-c5.scope)" 104857600
  stop runc systemd c5
}

survives_reload_below_a_scope() {
  local pid group
  pid=$(start crun systemd c6 test.slice:pre:c6)
  group=$(group_of "$pid")
  equal subgroup "${group##*/}" container
  echo '{"memory":{"limit":104857600}}' >r.json
  holds "$(hooks cgroup apply --resources r.json --pid "$pid" --json)" '"unit": null'
  systemctl daemon-reload
  equal max "$(cat "$group/memory.max")" 104857600
  equal property "$(systemctl show -P MemoryMax pre-c6.scope)" infinity
  stop crun systemd c6
}

full_block() {
  local pid group
  pid=$(start runc cgroupfs c7 /t/c7)
  group=$(group_of "$pid")
  cat >r.json <<'JSON'
{"memory":{"limit":104857600,"swap":209715200,"reservation":52428800},"cpu":{"shares":1024,"quota":20000,"period":50000,
"burst":10000,"idle":0,"cpus":"0","mems":"0"},"pids":{"limit":0},"blockIO":{"weight":100,
"throttleReadBpsDevice":[{"major":254,"minor":0,"rate":1048576}]},"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],
"unified":{"memory.high":"90000000"}}
JSON
  hooks cgroup apply --resources r.json --pid "$pid"
  equal memory.max "$(cat "$group/memory.max")" 104857600
  equal memory.swap.max "$(cat "$group/memory.swap.max")" 104857600
  equal memory.low "$(cat "$group/memory.low")" 52428800
  equal memory.high "$(cat "$group/memory.high")" 89997312
  equal cpu.weight "$(cat "$group/cpu.weight")" 100
  equal cpu.max "$(cat "$group/cpu.max")" '20000 50000'
  equal cpu.max.burst "$(cat "$group/cpu.max.burst")" 10000
  equal cpuset.cpus "$(cat "$group/cpuset.cpus")" 0
  equal pids.max "$(cat "$group/pids.max")" 1
  equal io.weight "$(cat "$group/io.weight")" 'default 910'
  equal io.max "$(cat "$group/io.max")" '254:0 rbps=1048576 wbps=max riops=max wiops=max'
  equal hugetlb "$(cat "$group/hugetlb.2MB.max")" 4194304
  stop runc cgroupfs c7
}

takes_back() {
  local pid group
  pid=$(start runc cgroupfs c8 /t/c8 '{"pids":{"limit":50}}')
  group=$(group_of "$pid")
  echo '{"pids":{"limit":7},"blockIO":{"throttleReadBpsDevice":[{"major":254,"minor":0,"rate":1048576},{"major":99,"minor":9,"rate":1}]}}' >r.json
  holds "$(refused 3 hooks cgroup apply --resources r.json --pid "$pid")" CGROUP_WRITE
  equal pids.max "$(cat "$group/pids.max")" 50
  equal io.max "$(cat "$group/io.max")" ''
  stop runc cgroupfs c8
}

names_the_ancestor() {
  mkdir -p /sys/fs/cgroup/lacking/a/b
  echo +pids >/sys/fs/cgroup/lacking/cgroup.subtree_control
  echo +pids >/sys/fs/cgroup/lacking/a/cgroup.subtree_control
  echo '{"cpu":{"cpus":"0"}}' >r.json
  local said
  said=$(refused 3 hooks cgroup apply --resources r.json --path /lacking/a/b)
  holds "$said" CGROUP_CONTROLLER
  holds "$said" 'the controller cpuset is not enabled: /sys/fs/cgroup/lacking does not'
  rmdir /sys/fs/cgroup/lacking/a/b /sys/fs/cgroup/lacking/a /sys/fs/cgroup/lacking
}

read_only() {
  mkdir -p /sys/fs/cgroup/ro
  echo '{"pids":{"limit":7}}' >r.json
  local said
  said=$(refused 3 unshare -m bash -c '. ./container.sh; mount --bind /sys/fs/cgroup /sys/fs/cgroup && mount -o remount,bind,ro /sys/fs/cgroup && hooks cgroup apply --resources r.json --path /ro')
  holds "$said" 'read-only'
  rmdir /sys/fs/cgroup/ro
}

bfq() {
  modprobe bfq
  mkdir -p /sys/fs/cgroup/bfq
  echo '{"blockIO":{"weight":300}}' >r.json
  hooks cgroup apply --resources r.json --path /bfq
  equal io.bfq.weight "$(cat /sys/fs/cgroup/bfq/io.bfq.weight)" 'default 300'
  rmdir /sys/fs/cgroup/bfq
}

swap() {
  modprobe zram
  echo 64M >/sys/block/zram0/disksize
  mkswap /dev/zram0 >/dev/null
  swapon /dev/zram0
  mkdir -p /sys/fs/cgroup/swap
  echo '{"memory":{"limit":33554432,"swap":33554432}}' >r.json
  hooks cgroup apply --resources r.json --path /swap
  equal none "$(cat /sys/fs/cgroup/swap/memory.swap.max)" 0
  # 48 MiB do not fit into 32 MiB without swap: the kernel kills.
  bash -c 'echo $$ >/sys/fs/cgroup/swap/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=48M count=1' && return 1
  echo '{"memory":{"limit":33554432,"swap":67108864}}' >r.json
  hooks cgroup apply --resources r.json --path /swap
  equal some "$(cat /sys/fs/cgroup/swap/memory.swap.max)" 33554432
  bash -c 'echo $$ >/sys/fs/cgroup/swap/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=48M count=1'
  rmdir /sys/fs/cgroup/swap
  swapoff /dev/zram0
}

idle() {
  mkdir -p /sys/fs/cgroup/idle
  echo '{"cpu":{"idle":1,"shares":512}}' >r.json
  holds "$(hooks cgroup apply --resources r.json --path /idle 2>&1)" 'cpu.weight was not given'
  equal cpu.idle "$(cat /sys/fs/cgroup/idle/cpu.idle)" 1
  rmdir /sys/fs/cgroup/idle
}

unknown_property() {
  local pid said
  pid=$(start runc systemd c9 test.slice:pre:c9)
  echo '{"unified":{"memory.zswap.max":"1048576","memory.high":"104857600"}}' >r.json
  # This systemd is older than it is said to be here, so it is asked for what it does not know; nor does the kernel.
  said=$(refused 3 hooks cgroup apply --resources r.json --dialect crun --systemd 253 --pid "$pid")
  holds "$said" 'does not know MemoryZSwapMax'
  holds "$said" CGROUP_FILE
  equal property "$(systemctl show -P MemoryHigh pre-c9.scope)" infinity
  stop runc systemd c9
}

gone_meanwhile() {
  echo '{"pids":{"limit":7}}' >r.json
  holds "$(refused 3 hooks cgroup apply --resources r.json --path /never/was)" CGROUP_NOT_FOUND
  holds "$(refused 3 hooks cgroup apply --resources r.json --path /)" CGROUP_ROOT
}

if [ "${0##*/}" = run.sh ]; then
  claim 'a systemd scope of runc is found by its pid and by its cgroupsPath' path_of_runc_systemd
  claim 'a cgroupfs path of runc is found by its pid' path_of_runc_cgroupfs
  claim "crun's sub-cgroup of its scope is found both ways" path_of_crun_systemd
  claim "crun's default path is found both ways" path_of_crun_cgroupfs
  claim 'values of a scope survive a daemon-reload' survives_reload_in_a_scope
  claim 'values of a sub-cgroup survive a daemon-reload without properties' survives_reload_below_a_scope
  claim 'a full block of resources is in the files of the kernel' full_block
  claim 'what the kernel refuses takes back what came before, io.max too' takes_back
  claim 'a controller that is not passed on is named with the ancestor that keeps it' names_the_ancestor
  claim 'a read-only cgroupfs is called so' read_only
  claim 'the bfq weight is found and written' bfq
  claim 'memory.swap.max counts swap alone' swap
  claim 'a weight beside cpu.idle is left out with a word' idle
  claim 'a property that systemd lacks is named, and what was set is taken back with the files' unknown_property
  claim 'a cgroup that is gone and the root are refused' gone_meanwhile
fi
