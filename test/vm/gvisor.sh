# What cAdvisor sees of a real gVisor pod under systemd, with compat-dir and without. Needs runsc in the payload.
. ./cadvisor.sh

SLICE=/kubepods.slice/kubepods-podg.slice

# ptrace needs no KVM.
gvisor() {
  timeout 100 /run/t/runsc --systemd-cgroup --platform=ptrace --network=none --root=/run/g/state "$@"
}

# pod_of CONTAINERS: a pod with a pause container, each with the hooks that its config gets from /run/g/hooks.d.
pod_of() {
  local name type limits
  systemd-run --quiet --unit=keep-podg.service --slice=kubepods-podg.slice -p MemoryMax=1G -p CPUWeight=50 -p TasksMax=500 sleep 1000
  mkdir -p /run/g/rootfs/{bin,proc} /run/g/hooks.d
  cp "$(command -v busybox)" /run/g/rootfs/bin/
  for name in pause "$@"; do
    type=container limits=$LIMITS
    # The sandbox runs in the pause container's cgroup: it needs more than that.
    [ "$name" != pause ] || { type=sandbox limits='{}'; }
    mkdir -p "/run/g/$name"
    cat >config.json <<JSON
{"ociVersion":"1.0.2","process":{"user":{"uid":0,"gid":0},"args":["/bin/busybox","sleep","1000"],"cwd":"/"},
"root":{"path":"/run/g/rootfs","readonly":true},"mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
"annotations":{"io.kubernetes.cri.container-type":"$type","io.kubernetes.cri.sandbox-id":"g-pause"},
"linux":{"cgroupsPath":"kubepods-podg.slice:cri-containerd:g-$name","resources":$limits,
"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]}}
JSON
    hooks inject --quiet --hooks-dir /run/g/hooks.d config.json >"/run/g/$name/config.json"
    gvisor create --bundle "/run/g/$name" "g-$name" </dev/null >"/run/g/$name/log" 2>&1
    gvisor start "g-$name"
  done
}

end_pod() {
  local name
  for name in "$@" pause; do
    gvisor kill "g-$name" KILL
    gvisor wait "g-$name" >/dev/null 2>&1 || true
    gvisor delete "g-$name"
  done
  systemctl stop keep-podg.service kubepods-podg.slice
  rm -rf /run/g
}

without_the_hook() {
  pod_of app
  [ -d "/sys/fs/cgroup$SLICE/cri-containerd-g-pause.scope" ]
  equal series "$(spec "$SLICE/cri-containerd-g-app.scope")" ''
  end_pod app
}

with_the_hook() {
  local name path picture
  mkdir -p /run/g/hooks.d
  cat >/run/g/hooks.d/63-compat-dir.json <<'JSON'
{"version":"1.0.0","hook":{"path":"/run/t/hook","args":["hooks","helper","compat-dir","--fill-existing"],"timeout":60},
"when":{"annotations":{"^io\\.kubernetes\\.cri\\.container-type$":"^container$"}},"stages":["createRuntime","poststop"]}
JSON
  pod_of app sidecar
  for name in app sidecar; do
    path=$SLICE/cri-containerd-g-$name.scope
    holds "$(spec "$path")" 'container_spec_memory_limit_bytes 104857600'
    holds "$(spec "$path")" 'container_spec_cpu_quota 20000'
    holds "$(spec "$path")" 'container_spec_cpu_shares 2597'
    equal processes "$(cat "/sys/fs/cgroup$path/cgroup.procs")" ''
    equal unit "$(systemctl show -P LoadState "cri-containerd-g-$name.scope")" not-found
  done
  equal pause "$(systemctl show -P ActiveState cri-containerd-g-pause.scope)" active
  [ -n "$(cat "/sys/fs/cgroup$SLICE/cri-containerd-g-pause.scope/cgroup.procs")" ]
  systemctl daemon-reload
  holds "$(spec "$SLICE/cri-containerd-g-app.scope")" 'container_spec_memory_limit_bytes 104857600'
  picture=$(hooks cgroup tree "$SLICE")
  holds "$picture" '├─ cri-containerd-g-app.scope/  cpu.max="20000 50000"  memory.low=52428800  memory.max=104857600'
  gvisor kill g-app KILL
  gvisor wait g-app >/dev/null 2>&1 || true
  gvisor delete g-app
  [ ! -e "/sys/fs/cgroup$SLICE/cri-containerd-g-app.scope" ]
  [ -e "/sys/fs/cgroup$SLICE/cri-containerd-g-sidecar.scope" ]
  end_pod sidecar
  equal leftover "$(find /sys/fs/cgroup -name '*g-*.scope')" ''
  equal records "$(find /run/oci-hooks -name 'g-*')" ''
}

if [ "${0##*/}" = run.sh ]; then
  claim 'without the hook a container of a gVisor pod has no cgroup at all' without_the_hook
  claim 'with it each has the series of its limits, and none when it is deleted' with_the_hook
fi
