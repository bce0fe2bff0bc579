# What compat-dir must do under systemd as PID 1, in every mode. Each function is one claim; the list is at the end.
. ./cadvisor.sh

# expected_series SHARES: what cAdvisor has for LIMITS.
expected_series() {
  local swap=104857600 reservation=0
  # On v1 the swap limit counts memory too, and there the reservation is read from where runc puts it.
  [ -e /sys/fs/cgroup/cgroup.controllers ] || { swap=209715200 reservation=52428800; }
  cat <<TEXT
container_spec_cpu_quota 20000
container_spec_cpu_period 50000
container_spec_cpu_shares $1
container_spec_memory_limit_bytes 104857600
container_spec_memory_swap_limit_bytes $swap
container_spec_memory_reservation_limit_bytes $reservation
processes_limit 40
TEXT
}

# log shares of v2 come back as 2597, as for runc's own containers; v1 keeps the number.
shares() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "$1"; else echo 1024; fi
}

# systemd passes on the controllers that a unit needs, and no other.
pod() {
  systemd-run --quiet --unit="keep-$1.service" --slice="kubepods-$1.slice" -p MemoryMax=1G -p CPUWeight=50 -p TasksMax=50 sleep 1000
}

scope_without_a_unit() {
  local path=/kubepods.slice/kubepods-poda.slice/cri-containerd-a1.scope
  pod poda
  bundle a1 kubepods-poda.slice:cri-containerd:a1 "$LIMITS"
  equal said "$(compat_dir creating a1)" ''
  equal series "$(spec "$path")" "$(expected_series "$(shares 2597)")"
  equal processes "$(cat "$(where "$path")/cgroup.procs")" ''
  equal unit "$(systemctl show -P LoadState cri-containerd-a1.scope)" not-found
  systemctl daemon-reload
  equal 'series after daemon-reload' "$(spec "$path")" "$(expected_series "$(shares 2597)")"
  equal said "$(compat_dir stopped a1)" ''
  [ ! -e "$(where "$path")" ]
  [ -e "$(where "${path%/*}")" ]
  systemctl stop keep-poda.service kubepods-poda.slice
}

flags_for_cadvisor() {
  local path=/kubepods.slice/kubepods-podf.slice/cri-containerd-f1.scope
  pod podf
  bundle f1 kubepods-podf.slice:cri-containerd:f1 "$LIMITS"
  compat_dir creating f1 --weight-formula linear --reservation min
  holds "$(spec "$path")" "container_spec_cpu_shares $(shares 998)"
  holds "$(spec "$path")" 'container_spec_memory_reservation_limit_bytes 52428800'
  compat_dir stopped f1
  systemctl stop keep-podf.service kubepods-podf.slice
}

goes_with_its_slice() {
  local path=/kubepods.slice/kubepods-podb.slice/cri-containerd-b1.scope
  pod podb
  bundle b1 kubepods-podb.slice:cri-containerd:b1
  compat_dir creating b1
  [ -d "$(where "$path")" ]
  systemctl stop keep-podb.service kubepods-podb.slice
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then [ ! -e "$(where "$path")" ]; fi
  equal said "$(compat_dir stopped b1)" ''
  equal leftover "$(find /sys/fs/cgroup -name '*b1.scope*')" ''
  equal records "$(find /run/oci-hooks -name 'b1-*')" ''
}

directories_above() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo '+cpu +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control; fi
  bundle d1 /compat/pod/d1 "$LIMITS"
  bundle d2 /compat/pod/d2 "$LIMITS"
  equal said "$(compat_dir creating d1)" ''
  equal said "$(compat_dir creating d2)" ''
  # What it makes above passes controllers on, so the files are there.
  equal series "$(spec /compat/pod/d2)" "$(expected_series "$(shares 2597)")"
  equal said "$(compat_dir stopped d1)" ''
  [ -d "$(where /compat/pod/d2)" ]
  equal said "$(compat_dir stopped d2)" ''
  equal leftover "$(find /sys/fs/cgroup -name compat)" ''
  equal records "$(find /run/oci-hooks -name 'd[12]-*')" ''
}

read_only_starts() {
  local said
  bundle e1 /compat-ro/e1 "$LIMITS"
  said=$(unshare -m bash -euc '. ./container.sh; . ./compat.sh
    for mount in $(awk "\$3 ~ /^cgroup/ { print \$2 }" /proc/mounts); do mount -o remount,ro,bind "$mount"; done
    compat_dir creating e1')
  holds "$said" read-only
  holds "$said" 'no directory below'
  equal leftover "$(find /sys/fs/cgroup -name compat-ro)" ''
  equal records "$(find /run/oci-hooks -name 'e1-*')" ''
}

real_container_is_left_alone() {
  local pid said at
  pid=$(start runc cgroupfs g1 /t/g1 '{"memory":{"limit":52428800}}' '{}' '{"io.kubernetes.cri.container-type":"container"}')
  at=$(where /t/g1)
  sed -i 's/52428800/104857600/' /run/bundles/g1/config.json
  said=$(compat_dir creating g1 --fill-existing)
  holds "$said" 'is not ours'
  if [ -e "$at/memory.max" ]; then equal limit "$(cat "$at/memory.max")" 52428800; else equal limit "$(cat "$at/memory.limit_in_bytes")" 52428800; fi
  equal said "$(compat_dir stopped g1)" ''
  [ -e "/proc/$pid" ]
  stop runc cgroupfs g1
}

if [ "${0##*/}" = run.sh ]; then
  claim 'a directory of a scope has the series of its limits, no unit and no process, and survives a daemon-reload' scope_without_a_unit
  claim 'formula and reservation can be those that cAdvisor counts with' flags_for_cadvisor
  claim 'a stopped slice takes the directory with it, and poststop finds nothing to mend' goes_with_its_slice
  claim 'what had to be made above two containers goes with the last of them' directories_above
  claim 'a read-only cgroupfs stops no container' read_only_starts
  claim 'the cgroup of a real container is left alone' real_container_is_left_alone
fi
