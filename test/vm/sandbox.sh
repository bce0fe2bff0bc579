# What must hold for the cgroups of a sandbox under unified cgroups: the stand-in monitor of test/vmm is the virtual machine.
. ./sandbox-monitor.sh

of_thread() {
  sed -n 's/^0:://p' "/proc/$1/task/$2/cgroup"
}

pod_cgroup() {
  mkdir -p "/sys/fs/cgroup/$1"
  echo '+cpu +memory +pids +cpuset' >/sys/fs/cgroup/cgroup.subtree_control
  local at=/sys/fs/cgroup part
  for part in ${1//\// }; do
    at=$at/$part
    echo '+cpu +memory +pids +cpuset' >"$at/cgroup.subtree_control"
  done
}

opens_in() {
  bash -c 'echo $$ >"$1/cgroup.procs" && exec 3<>"$2"' bash "$1" "$2" 2>/dev/null && echo yes || echo no
}

one_cgroup() {
  local pid group=/sys/fs/cgroup/kp/podA/kata_c1
  pod_cgroup kp/podA
  pid=$(monitor o1 1)
  sandbox o1 created "$pid" /kp/podA/c1 --cgroup-only true
  equal monitor "$(group_of "$pid")" $group
  equal helper "$(group_of "$(pgrep -P "$pid")")" $group
  equal cpus "$(cat $group/cpuset.cpus)" 0
  equal mem "$(opens_in $group /dev/mem)" no
  equal null "$(opens_in $group /dev/null)" yes
  holds "$(hooks devices show --cgroup /kp/podA/kata_c1)" 'deny by default'
  end_monitor o1 "$pid"
  sandbox o1 stopped 0 /kp/podA/c1
  equal left "$(ls -d $group 2>/dev/null)" ''
  equal record "$(ls /run/oci-hooks)" ''
}

two_cgroups() {
  local pid
  pod_cgroup kp/podA
  mkdir -p /sys/fs/cgroup/kata_overhead
  echo '+cpu +memory +pids' >/sys/fs/cgroup/kata_overhead/cgroup.subtree_control
  echo 50000 >/sys/fs/cgroup/kata_overhead/pids.max
  pid=$(monitor o2 1)
  sandbox o2 created "$pid" /kp/podA/c2 --cgroup-only false
  equal monitor "$(group_of "$pid")" /sys/fs/cgroup/kp/podA/kata_c2
  equal helper "$(group_of "$(pgrep -P "$pid")")" /sys/fs/cgroup/kata_overhead/o2
  equal cpus "$(cat /sys/fs/cgroup/kp/podA/kata_c2/cpuset.cpus)" 0
  equal unbounded "$(cat /sys/fs/cgroup/kata_overhead/o2/cpu.max)" 'max 100000'
  sandbox o2 running "$pid" /kp/podA/c2 --cgroup-only false
  equal still "$(group_of "$pid")" /sys/fs/cgroup/kp/podA/kata_c2
  end_monitor o2 "$pid"
  sandbox o2 stopped 0 /kp/podA/c2
  equal left "$(ls -d /sys/fs/cgroup/kp/podA/kata_c2 /sys/fs/cgroup/kata_overhead/o2 2>/dev/null)" ''
  equal limit "$(cat /sys/fs/cgroup/kata_overhead/pids.max)" 50000
}

threaded_cgroups() {
  local pid thread group=/kp/podA/kata_c3
  pod_cgroup kp/podA
  pid=$(monitor o3 1)
  sandbox o3 created "$pid" /kp/podA/c3 --cgroup-only false --threads threaded
  for thread in $(threads "$pid" '^CPU '); do equal vcpu "$(of_thread "$pid" "$thread")" $group/vcpu; done
  for thread in $(threads "$pid" '^(IO|qemu)'); do equal rest "$(of_thread "$pid" "$thread")" $group/overhead; done
  equal helper "$(group_of "$(pgrep -P "$pid")")" /sys/fs/cgroup$group/overhead
  equal type "$(cat /sys/fs/cgroup$group/cgroup.type)" 'domain threaded'
  equal cpus "$(cat /sys/fs/cgroup$group/vcpu/cpuset.cpus)" 0
  equal free "$(cat /sys/fs/cgroup$group/overhead/cpuset.cpus)" ''
  echo '20000 100000' >/sys/fs/cgroup$group/vcpu/cpu.max
  kill -USR1 "$pid"
  until grep -q done /run/vmm/o3/out; do sleep 0.05; done
  hooks cgroup place o3
  equal late "$(of_thread "$pid" "$(threads "$pid" '^CPU 2/')")" $group/vcpu
  equal limit "$(cat /sys/fs/cgroup$group/vcpu/cpu.max)" '20000 100000'
  end_monitor o3 "$pid"
  sandbox o3 stopped 0 /kp/podA/c3
  equal left "$(ls -d /sys/fs/cgroup$group 2>/dev/null)" ''
}

threaded_refused() {
  local pid said
  pod_cgroup kp/podB
  mkdir -p /sys/fs/cgroup/kp/podB/kata_c4
  echo +memory >/sys/fs/cgroup/kp/podB/kata_c4/cgroup.subtree_control
  pid=$(monitor o4)
  said=$(refused 1 sandbox o4 created "$pid" /kp/podB/c4 --cgroup-only false --threads threaded)
  holds "$said" CGROUP_THREADED
  holds "$said" 'passes memory on'
  equal left "$(find /sys/fs/cgroup/kp/podB/kata_c4 -mindepth 1 -type d)" ''
  end_monitor o4 "$pid"
  rmdir /sys/fs/cgroup/kp/podB/kata_c4 /sys/fs/cgroup/kp/podB
}

in_a_scope() {
  local pid group=/sys/fs/cgroup/kubep.slice/kubep-pod1.slice/cri-c5.scope
  pid=$(monitor o5 1)
  sandbox o5 created "$pid" kubep-pod1.slice:cri:c5 --cgroup-only true
  equal monitor "$(group_of "$pid")" $group
  equal helper "$(group_of "$(pgrep -P "$pid")")" $group
  systemctl daemon-reload
  equal cpus "$(cat $group/cpuset.cpus)" 0
  equal mem "$(opens_in $group /dev/mem)" no
  equal null "$(opens_in $group /dev/null)" yes
  equal property "$(systemctl show -P DevicePolicy cri-c5.scope)" strict
  end_monitor o5 "$pid"
  sandbox o5 stopped 0 kubep-pod1.slice:cri:c5
  equal unit "$(systemctl show -P ActiveState cri-c5.scope)" inactive
  equal left "$(ls -d $group 2>/dev/null)" ''
}

two_scopes() {
  local pid over=/sys/fs/cgroup/kata.slice/kata-overhead.slice/kata-overhead-o6.scope
  # What the administrator sets on the slice stays.
  systemctl set-property --runtime kata-overhead.slice TasksMax=40000
  pid=$(monitor o6 1)
  sandbox o6 created "$pid" kubep-pod1.slice:cri:c6 --cgroup-only false --overhead-cgroup kata-overhead.slice
  equal monitor "$(group_of "$pid")" /sys/fs/cgroup/kubep.slice/kubep-pod1.slice/cri-c6.scope
  equal helper "$(group_of "$(pgrep -P "$pid")")" $over
  systemctl daemon-reload
  equal tasks "$(cat /sys/fs/cgroup/kata.slice/kata-overhead.slice/pids.max)" 40000
  equal free "$(cat $over/cpu.max)" 'max 100000'
  end_monitor o6 "$pid"
  sandbox o6 stopped 0 kubep-pod1.slice:cri:c6
  equal units "$(systemctl list-units --no-legend 'cri-c6.scope' 'kata-overhead-o6.scope')" ''
}

threaded_scope() {
  local pid thread group=/kubep.slice/kubep-pod1.slice/cri-c7.scope
  pid=$(monitor o7 1)
  sandbox o7 created "$pid" kubep-pod1.slice:cri:c7 --cgroup-only false --threads threaded
  for thread in $(threads "$pid" '^CPU '); do equal vcpu "$(of_thread "$pid" "$thread")" $group/vcpu; done
  equal rest "$(group_of "$pid")" /sys/fs/cgroup$group/overhead
  systemctl daemon-reload
  equal cpus "$(cat /sys/fs/cgroup$group/vcpu/cpuset.cpus)" 0
  for thread in $(threads "$pid" '^CPU '); do equal vcpu "$(of_thread "$pid" "$thread")" $group/vcpu; done
  end_monitor o7 "$pid"
  sandbox o7 stopped 0 kubep-pod1.slice:cri:c7
  equal left "$(ls -d /sys/fs/cgroup$group 2>/dev/null)" ''
}

drains() {
  local pid
  mkdir -p /sys/fs/cgroup/before
  pod_cgroup kp/podA
  pid=$(monitor o8 1)
  echo "$pid" >/sys/fs/cgroup/before/cgroup.procs
  sandbox o8 created "$pid" /kp/podA/c8 --cgroup-only true
  # The pod's cgroup passes controllers on, so it takes no process: they go back where they came from.
  sandbox o8 stopped 0 /kp/podA/c8
  equal back "$(group_of "$pid")" /sys/fs/cgroup/before
  equal left "$(ls -d /sys/fs/cgroup/kp/podA/kata_c8 2>/dev/null)" ''
  end_monitor o8 "$pid"
  sleep 0.1
  rmdir /sys/fs/cgroup/before
}

full_cgroup() {
  local pid said
  pod_cgroup kp/podC
  echo 0 >/sys/fs/cgroup/kp/podC/cgroup.max.descendants
  pid=$(monitor o9)
  said=$(refused 1 sandbox o9 created "$pid" /kp/podC/c9 --cgroup-only true)
  holds "$said" CGROUP_MAKE
  holds "$said" 'cgroup.max.descendants of /sys/fs/cgroup/kp/podC is 0'
  equal record "$(ls /run/oci-hooks)" ''
  end_monitor o9 "$pid"
  rmdir /sys/fs/cgroup/kp/podC
}

removed_slice() {
  local pid
  pid=$(monitor o10)
  sandbox o10 created "$pid" kubep-pod2.slice:cri:c10 --cgroup-only true
  end_monitor o10 "$pid"
  systemctl stop kubep-pod2.slice
  sandbox o10 stopped 0 kubep-pod2.slice:cri:c10
  equal record "$(ls /run/oci-hooks)" ''
}

no_controllers() {
  local pid said
  mkdir -p /sys/fs/cgroup/bare
  pid=$(monitor o11)
  # Nobody passes cpuset on to a directory that no unit needs.
  said=$(refused 1 sandbox o11 created "$pid" /bare/c11 --cgroup-only true)
  holds "$said" CGROUP_CONTROLLER
  holds "$said" 'the controller cpuset is not enabled'
  equal left "$(find /sys/fs/cgroup/bare -mindepth 1 -type d)" ''
  end_monitor o11 "$pid"
  rmdir /sys/fs/cgroup/bare
}

if [ "${0##*/}" = run.sh ]; then
  claim 'one cgroup holds the monitor and its helpers, with processors and devices bounded' one_cgroup
  claim 'two cgroups: the monitor in one, its helpers in the other, whose limits stay' two_cgroups
  claim 'threaded cgroups keep vCPU threads apart, also those that come later' threaded_cgroups
  claim 'threaded cgroups are refused with the controller that stands in the way' threaded_refused
  claim 'a scope of systemd holds the sandbox, and its bounds survive a daemon-reload' in_a_scope
  claim "two scopes: the administrator's limits on the overhead slice stay" two_scopes
  claim 'threaded cgroups below a scope survive a daemon-reload' threaded_scope
  claim 'what is left goes back where it came from when the parent takes none' drains
  claim 'a full cgroup.max.descendants is named' full_cgroup
  claim 'a slice that was removed with all in it is no failure at poststop' removed_slice
  claim 'a controller that is not passed on is named, and nothing is left' no_controllers
fi
