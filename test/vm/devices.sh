# What must hold for devices under unified cgroups with systemd as PID 1. /dev/kmsg (1:11) is there on every kernel, and
# no runtime allows it. Each function is one claim; the list is at the end.

CLOSED='{"devices":[{"allow":false,"access":"rwm"}]}'

# opens PID DEVICE: tries it from a process in the same cgroup, and prints yes or no.
opens() {
  bash -c 'echo $$ >"$1/cgroup.procs" && exec 3<>"$2"' bash "$(group_of "$1")" "$2" 2>/dev/null && echo yes || echo no
}

stays_open() {
  local runtime=$1 id=$2 pid
  pid=$(start "$runtime" systemd "$id" "test.slice:pre:$id" "$CLOSED")
  equal before "$(opens "$pid" /dev/kmsg)" no
  hooks devices allow --pid "$pid" /dev/kmsg
  equal allowed "$(opens "$pid" /dev/kmsg)" yes
  equal other "$(opens "$pid" /dev/mem)" no
  systemctl daemon-reload
  equal 'after daemon-reload' "$(opens "$pid" /dev/kmsg)" yes
  systemctl set-property --runtime "pre-$id.scope" TasksMax=500
  equal 'after set-property' "$(opens "$pid" /dev/kmsg)" yes
  equal 'other, after' "$(opens "$pid" /dev/mem)" no
  equal default "$(opens "$pid" /dev/null)" yes
  stop "$runtime" systemd "$id"
}

stays_open_runc() {
  stays_open runc d1
}

stays_open_crun() {
  stays_open crun d2
}

as_hook() {
  local runtime=$1 id=$2 pid
  local hooks='{"createRuntime":[{"path":"/run/t/hook","args":["hook","helper","devices","--allow","/dev/kmsg"]}]}'
  pid=$(start "$runtime" systemd "$id" "test.slice:pre:$id" "$CLOSED" "$hooks")
  equal hook "$(opens "$pid" /dev/kmsg)" yes
  systemctl daemon-reload
  equal 'after daemon-reload' "$(opens "$pid" /dev/kmsg)" yes
  stop "$runtime" systemd "$id"
}

as_hook_runc() {
  as_hook runc d3
}

as_hook_crun() {
  as_hook crun d4
}

stays_denied() {
  local pid
  pid=$(start runc systemd d5 test.slice:pre:d5 '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"rwm"}]}')
  equal before "$(opens "$pid" /dev/kmsg)" yes
  hooks devices deny --pid "$pid" /dev/kmsg
  equal denied "$(opens "$pid" /dev/kmsg)" no
  systemctl daemon-reload
  equal 'after daemon-reload' "$(opens "$pid" /dev/kmsg)" no
  stop runc systemd d5
}

decodes_systemd() {
  systemd-run --quiet --unit=d6.service -p DevicePolicy=closed -p 'DeviceAllow=/dev/kmsg rw' sleep 1000
  local pid
  pid=$(systemctl show -P MainPID d6.service)
  local shown
  shown=$(hooks devices show --pid "$pid")
  holds "$shown" 'by systemd: deny by default'
  holds "$shown" 'allow c 1:11 rw'
  holds "$shown" 'allow c 136:* rw'
  systemctl stop d6.service
}

no_filter_is_made() {
  systemd-run --quiet --unit=d7.service sleep 1000
  local pid
  pid=$(systemctl show -P MainPID d7.service)
  hooks devices allow --pid "$pid" /dev/kmsg
  systemctl daemon-reload
  equal mem "$(opens "$pid" /dev/mem)" yes
  equal list "$(systemctl show -P DeviceAllow d7.service)" ''
  systemctl stop d7.service
}

if [ "${0##*/}" = run.sh ]; then
  claim 'a device given to a scope of runc survives daemon-reload and set-property' stays_open_runc
  claim 'a device given to a scope of crun survives daemon-reload and set-property' stays_open_crun
  claim 'a device given by a hook of runc survives daemon-reload' as_hook_runc
  claim 'a device given by a hook of crun survives daemon-reload' as_hook_crun
  claim 'a device that was taken away stays away' stays_denied
  claim 'a program of systemd is decoded' decodes_systemd
  claim 'a unit without a device policy gets none' no_filter_is_made
fi
