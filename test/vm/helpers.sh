# What the helpers must do as hooks, under unified cgroups with systemd as PID 1. Each function is one claim.

# hook STAGE ARGUMENT...: the hooks member of a config.json that runs `hooks helper ARGUMENT...` at that stage.
hook() {
  local stage=$1 args='"hooks","helper"'
  shift
  for argument in "$@"; do args="$args,\"$argument\""; done
  echo "{\"$stage\":[{\"path\":\"/run/t/hook\",\"args\":[$args]}]}"
}

unified_as_hook() {
  local runtime=$1 driver=$2 id=h-$1-$2 path pid group
  if [ "$driver" = systemd ]; then path=test.slice:pre:$id; else path=/t/$id; fi
  pid=$(start "$runtime" "$driver" "$id" "$path" '{}' "$(hook createRuntime unified --set memory.high=104857600 --set pids.max=99)")
  group=$(group_of "$pid")
  equal high "$(cat "$group/memory.high")" 104857600
  equal pids "$(cat "$group/pids.max")" 99
  systemctl daemon-reload
  equal 'high after daemon-reload' "$(cat "$group/memory.high")" 104857600
  stop "$runtime" "$driver" "$id"
  equal leftover "$(find /sys/fs/cgroup -name "*$id*")" ''
}

unified_runc_systemd() { unified_as_hook runc systemd; }
unified_runc_cgroupfs() { unified_as_hook runc cgroupfs; }
unified_crun_systemd() { unified_as_hook crun systemd; }
unified_crun_cgroupfs() { unified_as_hook crun cgroupfs; }

annotation_under_a_policy() {
  local pid said hooks
  hooks=$(hook createRuntime unified)
  # crun says no more of a hook than its exit status.
  said=$(refused 1 start runc systemd h-ann test.slice:pre:h-ann '{}' "$hooks" '{"io.oci-hooks.unified.memory.high":"104857600"}')
  holds "$said" POLICY_REFUSED
  holds "$said" 'unified: { memory.high: 104857600 }'
  mkdir -p /etc/oci-hooks
  printf 'version: 1\nunified: { memory.high: 104857600 }\n' >/etc/oci-hooks/policy.yaml
  pid=$(start crun systemd h-ann test.slice:pre:h-ann '{}' "$hooks" '{"io.oci-hooks.unified.memory.high":"104857600"}')
  equal high "$(cat "$(group_of "$pid")/memory.high")" 104857600
  stop crun systemd h-ann
  rm -r /etc/oci-hooks
}

unit_of_a_user() {
  local pid
  systemctl start user@1000.service
  setpriv --reuid 1000 --regid 1000 --init-groups env XDG_RUNTIME_DIR=/run/user/1000 \
    systemd-run --user --scope --unit=mine sleep 1000 >/dev/null 2>&1 &
  until pid=$(pgrep -u 1000 -x sleep) && grep -q mine.scope "/proc/$pid/cgroup"; do sleep 0.2; done
  echo '{"memory":{"limit":104857600}}' >r.json
  holds "$(hooks cgroup path --pid "$pid" --json)" '"unit": "mine.scope"'
  holds "$(hooks cgroup apply --resources r.json --pid "$pid" --json)" '"unit": "mine.scope"'
  equal max "$(cat "$(group_of "$pid")/memory.max")" 104857600
  equal property "$(setpriv --reuid 1000 --regid 1000 --init-groups env XDG_RUNTIME_DIR=/run/user/1000 \
    systemctl --user show -P MemoryMax mine.scope)" 104857600
  # The user may do the same without root, and is told what needs it.
  echo '{"memory":{"limit":52428800}}' >r.json
  chmod 755 /run/t
  setpriv --reuid 1000 --regid 1000 --init-groups bash -ec '. ./container.sh; hooks cgroup apply --resources r.json --pid '"$pid"
  equal max "$(cat "$(group_of "$pid")/memory.max")" 52428800
  echo '{"memory":{"limit":52428800}}' >r.json
  mkdir -p /sys/fs/cgroup/notmine
  holds "$(refused 3 setpriv --reuid 1000 --regid 1000 --init-groups bash -c '. ./container.sh; hooks cgroup apply --resources r.json --path /notmine')" 'permission denied'
  rmdir /sys/fs/cgroup/notmine
  kill "$pid"
  systemctl stop user@1000.service
}

stops_the_container() {
  local said
  said=$(refused 1 start runc cgroupfs h-bad /t/h-bad '{}' "$(hook createRuntime unified --set memory.nonsense=1)")
  holds "$said" CGROUP_FILE
  equal leftover "$(find /sys/fs/cgroup -name 'h-bad*')" ''
}

resources_in_another_dialect() {
  local pid
  # crun 1.8 writes the weight of the old formula; the helper mends it.
  pid=$(start crun cgroupfs h-res /t/h-res '{"cpu":{"shares":1024}}' "$(hook createRuntime resources --weight-formula log)")
  equal weight "$(cat "$(group_of "$pid")/cpu.weight")" 100
  stop crun cgroupfs h-res
}

memory_qos_throttles() {
  local pid group
  pid=$(start runc cgroupfs h-qos /kubepods/burstable/podx/h-qos '{"memory":{"limit":41943040}}' \
    "$(hook createRuntime memory-qos --request 8Mi --factor 0.5)")
  group=$(group_of "$pid")
  equal min "$(cat "$group/memory.min")" 8388608
  equal high "$(cat "$group/memory.high")" 25165824
  equal before "$(sed -n 's/^high //p' "$group/memory.events")" 0
  bash -c "echo \$\$ >$group/cgroup.procs; exec timeout 20 dd if=/dev/zero of=/dev/null bs=26M count=1" || true
  [ "$(sed -n 's/^high //p' "$group/memory.events")" -gt 0 ]
  equal 'killed by the limit' "$(sed -n 's/^oom_kill //p' "$group/memory.events")" 0
  stop runc cgroupfs h-qos
}

oom_group_kills_as_one() {
  local pid group other
  pid=$(start runc cgroupfs h-oom /t/h-oom '{"memory":{"limit":20971520,"swap":20971520}}' \
    "$(hook createRuntime oom --group 1 --score 500)")
  group=$(group_of "$pid")
  equal group "$(cat "$group/memory.oom.group")" 1
  equal score "$(cat "/proc/$pid/oom_score_adj")" 500
  sleep 1000 &
  other=$!
  echo "$other" >"$group/cgroup.procs"
  bash -c "echo \$\$ >$group/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=48M count=1" && return 1
  # The one that did not ask for memory is gone too.
  wait "$other" && return 1
  equal survivors "$(cat "$group/cgroup.procs")" ''
  stop runc cgroupfs h-oom
}

properties_of_a_scope() {
  local runtime=$1 pid
  pid=$(start "$runtime" systemd "h-p-$runtime" "test.slice:pre:h-p-$runtime" '{}' \
    "$(hook createRuntime systemd-props --property "ManagedOOMMemoryPressure='kill'" --property 'TasksMax=uint64 55')")
  equal pressure "$(systemctl show -P ManagedOOMMemoryPressure "pre-h-p-$runtime.scope")" kill
  equal tasks "$(systemctl show -P TasksMax "pre-h-p-$runtime.scope")" 55
  stop "$runtime" systemd "h-p-$runtime"
}

properties_of_runc() { properties_of_a_scope runc; }
properties_of_crun() { properties_of_a_scope crun; }

properties_need_a_unit() {
  local said
  said=$(refused 1 start runc cgroupfs h-nou /t/h-nou '{}' "$(hook createRuntime systemd-props --property 'TasksMax=uint64 5')")
  holds "$said" SYSTEMD_UNIT_NONE
}

delegation_works() {
  local pid group hooks
  hooks='{"createRuntime":[{"path":"/run/t/hook","args":["hooks","helper","delegate","--uid","1000","--controllers","memory,pids","--leaf","init"]}],
"poststop":[{"path":"/run/t/hook","args":["hooks","helper","delegate","--uid","1000"]}]}'
  pid=$(start runc systemd h-del test.slice:pre:h-del '{}' "$hooks")
  equal place "$(group_of "$pid")" /sys/fs/cgroup/test.slice/pre-h-del.scope/init
  group=/sys/fs/cgroup/test.slice/pre-h-del.scope
  equal controllers "$(cat "$group/cgroup.subtree_control")" 'memory pids'
  # A process of the user's, started in the leaf, moves itself into a cgroup that the user made and bounded.
  bash -c "echo \$\$ >$group/init/cgroup.procs; exec setpriv --reuid 1000 --regid 1000 --clear-groups bash -ec '
    mkdir $group/nested; echo 10485760 >$group/nested/memory.max; echo \$\$ >$group/nested/cgroup.procs; grep -q nested /proc/self/cgroup'"
  equal limit "$(cat "$group/nested/memory.max")" 10485760
  # Its own limits stay out of the user's reach.
  equal owner "$(stat -c %u "$group/memory.max")" 0
  rmdir "$group/nested"
  [ -n "$(ls /run/oci-hooks)" ]
  stop runc systemd h-del
  equal records "$(ls /run/oci-hooks)" ''
  equal leftover "$(find /sys/fs/cgroup -name '*h-del*')" ''
}

delegation_explains_busy() {
  local said
  said=$(refused 1 start runc cgroupfs h-busy /t/h-busy '{}' "$(hook createRuntime delegate --uid 1000 --controllers memory)")
  holds "$said" CGROUP_INTERNAL_PROCESSES
  holds "$said" --leaf
}

pressure_runs_the_command() {
  local runtime=$1 driver=$2 id=h-psi-$1 path=$3 stages=$4 pid group watcher hooks stage arguments
  printf '#!/bin/sh\necho "$1 $OCI_HOOKS_ID $OCI_HOOKS_CGROUP" >>/run/pressed\n' >/run/pressed.sh
  chmod 755 /run/pressed.sh
  rm -f /run/pressed
  arguments='"hooks","helper","psi","--strict","--resource","memory","--trigger","some 50000 500000","--","/run/pressed.sh","memory"'
  hooks=
  for stage in $stages poststop; do hooks="$hooks,\"$stage\":[{\"path\":\"/run/t/hook\",\"args\":[$arguments]}]"; done
  pid=$(start "$runtime" "$driver" "$id" "$path" '{"memory":{"limit":33554432},"unified":{"memory.high":"8388608"}}' "{${hooks#,}}")
  group=$(group_of "$pid")
  watcher=$(pgrep -f 'helper psi-watch')
  # A scope of its own: stopping the engine's unit would not end it, nor does the container's limit bind it.
  equal scope "$(group_of "$watcher")" "/sys/fs/cgroup/system.slice/oci-hooks-psi-$watcher.scope"
  equal descriptors "$(readlink /proc/"$watcher"/fd/{0,2,3} | tr '\n' ' ')" "/dev/null /dev/null $group/memory.pressure "
  # memory.high makes it wait for memory, until it is killed.
  bash -c "echo \$\$ >$group/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=16M count=9" &
  for _ in {1..50}; do [ -s /run/pressed ] || sleep 0.2; done
  kill -9 $!
  equal said "$(head -1 /run/pressed)" "memory $id $group"
  [ -n "$(ls /run/oci-hooks)" ]
  stop "$runtime" "$driver" "$id"
  equal records "$(ls /run/oci-hooks)" ''
  for _ in 1 2 3 4 5 6 7 8 9 10; do ! pgrep -f 'helper psi-watch' || sleep 0.2; done
  equal watchers "$(pgrep -f 'helper psi-watch')" ''
  equal leftover "$(find /sys/fs/cgroup -name "*$id*" -o -name 'oci-hooks-psi*')" ''
}

pressure_under_runc() { pressure_runs_the_command runc systemd test.slice:pre:h-psi-runc 'createRuntime poststart'; }
pressure_under_crun() { pressure_runs_the_command crun cgroupfs /t/h-psi-crun poststart; }

pressure_ends_with_the_cgroup() {
  local pid
  pid=$(start runc cgroupfs h-psi-gone /t/h-psi-gone '{}' \
    "$(hook poststart psi --strict --trigger 'full 50000 500000' -- /bin/true)")
  pgrep -f 'helper psi-watch'
  # No hook runs at poststop: the watcher sees for itself that there is nothing left to watch.
  stop runc cgroupfs h-psi-gone
  for _ in 1 2 3 4 5 6 7 8 9 10; do ! pgrep -f 'helper psi-watch' || sleep 0.2; done
  equal watchers "$(pgrep -f 'helper psi-watch')" ''
  rm -r /run/oci-hooks/h-psi-gone-*
}

if [ "${0##*/}" = run.sh ]; then
  claim 'the unified helper works with runc under systemd, and its values survive a daemon-reload' unified_runc_systemd
  claim 'the unified helper works with runc under cgroupfs' unified_runc_cgroupfs
  claim 'the unified helper works with crun under systemd, and its values survive a daemon-reload' unified_crun_systemd
  claim 'the unified helper works with crun under cgroupfs' unified_crun_cgroupfs
  claim 'an annotation is done within the policy, and refused without one' annotation_under_a_policy
  claim "a unit of a user's own systemd is told over that user's bus, by root and by the user" unit_of_a_user
  claim 'a helper that fails stops the container and leaves no directory' stops_the_container
  claim "the resources helper mends an older runtime's weight" resources_in_another_dialect
  claim 'the memory-qos helper throttles by memory.high' memory_qos_throttles
  claim 'the oom helper has the container killed as one' oom_group_kills_as_one
  claim "the systemd-props helper sets properties of runc's scope" properties_of_runc
  claim "the systemd-props helper sets properties of crun's scope" properties_of_crun
  claim 'the systemd-props helper says that there is no unit' properties_need_a_unit
  claim 'the delegate helper lets a user bound nested cgroups, and its record is gone at poststop' delegation_works
  claim 'the delegate helper explains the no-internal-process rule' delegation_explains_busy
  claim "the psi helper runs its command under memory pressure with runc, once for two stages" pressure_under_runc
  claim "the psi helper runs its command under memory pressure with crun" pressure_under_crun
  claim "the psi helper's watcher ends with the cgroup, without poststop" pressure_ends_with_the_cgroup
fi
