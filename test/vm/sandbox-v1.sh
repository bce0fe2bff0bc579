# What must hold for the cgroups of a sandbox where the controllers are on v1 and systemd is PID 1.
. ./sandbox-monitor.sh

# The cgroup of a thread in the hierarchy of a controller.
of_thread() {
  sed -n "s/^[0-9]*:\(.*,\)\?$3\(,.*\)\?:\(.*\)/\3/p" "/proc/$1/task/$2/cgroup"
}

scope_on_v1() {
  local pid controller
  pid=$(monitor s1 1)
  sandbox s1 created "$pid" kubep-pod1.slice:cri:c1 --cgroup-only true
  for controller in cpu memory pids devices cpuset freezer; do
    equal "$controller" "$(of_thread "$pid" "$pid" $controller)" /kubep.slice/kubep-pod1.slice/cri-c1.scope
  done
  systemctl daemon-reload
  equal unit "$(systemctl show -P ActiveState cri-c1.scope)" active
  equal cpus "$(cat /sys/fs/cgroup/cpuset/kubep.slice/kubep-pod1.slice/cri-c1.scope/cpuset.cpus)" 0
  holds "$(cat /sys/fs/cgroup/devices/kubep.slice/kubep-pod1.slice/cri-c1.scope/devices.list)" 'c 1:3 rwm'
  equal all "$(grep -c 'a \*:\*' /sys/fs/cgroup/devices/kubep.slice/kubep-pod1.slice/cri-c1.scope/devices.list)" 0
  end_monitor s1 "$pid"
  sandbox s1 stopped 0 kubep-pod1.slice:cri:c1
  equal left "$(find /sys/fs/cgroup -name cri-c1.scope)" ''
  equal record "$(ls /run/oci-hooks)" ''
}

threads_on_v1() {
  local pid thread controller unit
  pid=$(monitor s2 1)
  unit=$(of_thread "$pid" "$pid" name=systemd)
  sandbox s2 created "$pid" kubep-pod1.slice:cri:c2 --cgroup-only false --overhead-cgroup kata-overhead.slice
  for controller in cpu memory pids devices cpuset; do
    for thread in $(threads "$pid" '^CPU '); do
      equal "$controller" "$(of_thread "$pid" "$thread" $controller)" /kubep.slice/kubep-pod1.slice/kata_cri-c2
    done
    equal "$controller" "$(of_thread "$pid" "$pid" $controller)" /kata.slice/kata-overhead.slice/kata-overhead-s2
  done
  equal unit "$(of_thread "$pid" "$pid" name=systemd)" "$unit"
  systemctl daemon-reload
  for thread in $(threads "$pid" '^CPU '); do
    equal reload "$(of_thread "$pid" "$thread" cpu)" /kubep.slice/kubep-pod1.slice/kata_cri-c2
  done
  end_monitor s2 "$pid"
  sandbox s2 stopped 0 kubep-pod1.slice:cri:c2
  equal left "$(find /sys/fs/cgroup -name kata_cri-c2 -o -name kata-overhead-s2)" ''
}

if [ "${0##*/}" = run.sh ]; then
  claim 'on v1 a scope holds the sandbox in every hierarchy' scope_on_v1
  claim "on v1 threads are kept apart below slices, and systemd's own hierarchy is left alone" threads_on_v1
fi
