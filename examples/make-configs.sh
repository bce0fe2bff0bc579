#!/usr/bin/env bash
# Makes the config.json files of examples/configs, each with the program that really writes it.
#
#   sudo examples/make-configs.sh [DIR [NAME...]]      (default: examples/configs, every example)
#
# Needs root and, from Debian: podman runc crun containerd catatonit busybox-static uidmap. No network.
# Works in mount, host name and process namespaces of its own: engines write to empty tmpfs instead of the machine's
# container storage, their helpers end with the script, and nothing is left behind but DIR/NAME.json, byte for byte as
# the program wrote it.
#
# Each config is one function below, make-NAME. The last few are not examples but tests' data, in
# test/cases/real-config (see its README.md): examples/make-configs.sh test/cases/real-config podman-options ...
set -euo pipefail

EXAMPLES=(podman podman-kube podman-rootless containerd runc runc-rootless crun)

out=$(realpath -m -- "${1:-$(dirname -- "$0")/configs}")
shift || true
names=("$@")
[ ${#names[@]} -gt 0 ] || names=("${EXAMPLES[@]}")

if [ -z "${MAKE_CONFIGS_INSIDE:-}" ]; then
  mkdir -p -- "$out"
  # A bare environment: engines copy parts of theirs into config.json.
  exec env -i MAKE_CONFIGS_INSIDE=1 HOME=/root LANG=C.UTF-8 TERM=xterm \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    unshare --mount --uts --propagation private --pid --fork --kill-child --mount-proc -- bash -- "$(realpath -- "$0")" "$out" "${names[@]}"
fi

# --- the machine as the engines see it -------------------------------------------------------------------------

work=$(mktemp -d)
leave() {
  local cgroup pod=
  [ ! -e "$work/pod" ] || pod=$(cat "$work/pod")
  cd /
  rm -rf -- "$work"
  # Podman leaves these behind; rmdir takes empty directories only, so that cgroups in use stay.
  for cgroup in ${pod:+"libpod_parent/$pod"} libpod_parent/conmon libpod_parent k8s.io; do
    rmdir -- /sys/fs/cgroup/{,*/}"$cgroup" 2> /dev/null || true
  done
}
trap leave EXIT
hostname node1

empty_storage() {
  local directory
  for directory in /home /var/lib/containers /var/lib/containerd /run/containers /run/containerd /run/libpod /run/runc /run/user; do
    mkdir -p "$directory"
    mount -t tmpfs -o mode=755 tmpfs "$directory"
  done
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm # podman's locks
}

# Limits that root may set without CAP_SYS_RESOURCE too; runc, because crun refuses a hybrid cgroup hierarchy.
export CONTAINERS_CONF=$work/containers.conf
chmod 755 "$work"
cat > "$CONTAINERS_CONF" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
CONF

# An image with busybox and nothing else, in the storage of the caller's podman.
import_image() {
  mkdir -p rootfs/bin rootfs/etc rootfs/tmp
  cp /bin/busybox rootfs/bin/
  ln -sf busybox rootfs/bin/sh
  ln -sf busybox rootfs/bin/sleep
  echo 'root:x:0:0:root:/root:/bin/sh' > rootfs/etc/passwd
  tar --owner=0 --group=0 -C rootfs -c . | podman import --quiet --change 'CMD=["sleep","600"]' - localhost/busybox:1.35 > image-id
}

# podman init writes config.json and calls the runtime; what the runtime then thinks of it is not our concern here.
config_of() {
  podman init "$1" > init.log 2>&1 || echo "note: podman init $1: $(tail -n 1 init.log)" >&2
  cat -- "$(podman inspect --format '{{.StaticDir}}' "$1")/config.json"
}

# --- the examples ----------------------------------------------------------------------------------------------

make-podman() {
  import_image
  podman create --name train --network none --annotation com.example.gpu=all \
    --volume /srv:/data:ro --env MODE=fast --memory 256m localhost/busybox:1.35 sleep 600 > container-id
  config_of train
  podman rm -f train > removed
}

# A Kubernetes pod as `podman play kube` makes it.
make-podman-kube() {
  import_image
  cat > pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: training
  labels: { app: training }
  annotations:
    com.example.gpu: "0,1"
    example.com/note: "two lines:\n\"quoted\", <tag> & \u2028"
spec:
  hostNetwork: true
  containers:
    - name: worker
      image: localhost/busybox:1.35
      imagePullPolicy: Never
      command: [/bin/busybox, sleep, "600"]
      env: [{ name: MODE, value: fast }]
      resources: { limits: { memory: 64Mi, cpu: 500m }, requests: { memory: 32Mi } }
      securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true }
      volumeMounts: [{ name: data, mountPath: /data }, { name: scratch, mountPath: /scratch }]
  volumes: [{ name: data, hostPath: { path: /srv } }, { name: scratch, emptyDir: {} }]
YAML
  podman play kube --start=false pod.yaml > pod-id
  podman pod inspect --format '{{.ID}}' training > "$work/pod"
  config_of training-worker
  podman pod rm -f training > removed
}

# Podman of an ordinary user, alice, who lives in this script's mount namespace only.
make-podman-rootless() {
  cp /etc/passwd /etc/group /home/
  echo 'alice:x:1000:1000::/home/alice:/bin/sh' >> /home/passwd
  echo 'alice:x:1000:' >> /home/group
  echo 'alice:100000:65536' > /home/subid
  touch /etc/subuid /etc/subgid
  mount --bind /home/passwd /etc/passwd
  mount --bind /home/group /etc/group
  mount --bind /home/subid /etc/subuid
  mount --bind /home/subid /etc/subgid
  install -d -o 1000 -g 1000 /home/alice /run/user/1000
  {
    declare -f import_image config_of
    cat <<'ALICE'
set -euo pipefail
cd
import_image
podman create --name web --network none --volume /srv:/data:ro localhost/busybox:1.35 sleep 600 > container-id
config_of web
podman rm -f web > removed
ALICE
  } > /home/alice.sh
  setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/home/alice USER=alice PATH="$PATH" \
    XDG_RUNTIME_DIR=/run/user/1000 CONTAINERS_CONF="$CONTAINERS_CONF" bash /home/alice.sh
}

# The bundle that containerd's shim hands to runc.
make-containerd() {
  with_containerd ctr_bundle --annotation com.example.gpu=0 --mount type=bind,src=/srv,dst=/data,options=rbind:ro \
    --memory-limit 67108864
}

make-runc() {
  runc spec
  cat config.json
}

make-runc-rootless() {
  runc spec --rootless
  cat config.json
}

make-crun() {
  crun spec
  cat config.json
}

# --- tests' data -----------------------------------------------------------------------------------------------

# Options that few use: a personality, a umask, limits above 2^53, an own seccomp profile, devices, weights.
make-podman-options() {
  import_image
  cat > seccomp.json <<'JSON'
{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
  "syscalls": [{ "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [
    { "index": 0, "value": 18446744073709551615, "valueTwo": 9223372036854775809, "op": "SCMP_CMP_MASKED_EQ" }] }] }
JSON
  podman create --name options --network none --init --tty --personality LINUX32 --umask 0077 --user 1000:1000 \
    --group-add 44 --workdir /tmp --hostname 'höst' --security-opt seccomp=seccomp.json --security-opt no-new-privileges \
    --ulimit core=-1:-1 --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --memory 1g --memory-swap -1 \
    --memory-swappiness 10 --oom-score-adj 100 --cpu-shares 512 --cpuset-cpus 0 --blkio-weight 500 \
    --device /dev/null:/dev/nothing:rw --device-cgroup-rule 'b 8:* r' \
    --sysctl kernel.shm_rmid_forced=1 --tmpfs /scratch:size=1m --shm-size 1m --stop-signal SIGQUIT \
    --env 'ODD="quotes" \ and <tags> & é 😀' --annotation 'io.example.spaces= a  b ' --annotation 'io.example.empty=' \
    localhost/busybox:1.35 sleep 600 > container-id
  config_of options
  podman rm -f options > removed
}

# A user namespace with two ranges. (vfs: an overlay on tmpfs cannot be mapped.)
make-podman-userns() {
  podman() { command podman --storage-driver vfs "$@"; }
  import_image
  podman create --name userns --network none --uidmap 0:100000:1000 --uidmap 1000:200000:64536 --gidmap 0:100000:65536 \
    localhost/busybox:1.35 sleep 600 > container-id
  config_of userns
  podman rm -f userns > removed
}

# `ctr --gpus` puts a prestart hook of its own into the config, if it finds nvidia-container-cli.
make-containerd-gpus() {
  install -d /home/bin
  install -m 755 /bin/true /home/bin/nvidia-container-cli
  with_containerd ctr_spec --gpus 0
}

# A config whose process has no args.
make-containerd-no-args() {
  ctr oci spec
}

# --- containerd, run for one command on sockets and storage of its own ------------------------------------------

with_containerd() {
  import_image
  podman save --quiet --format oci-archive --output image.tar localhost/busybox:1.35 > /dev/null
  printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' > containerd.toml
  containerd --config containerd.toml > containerd.log 2>&1 &
  local daemon=$!
  for _ in $(seq 100); do
    ctr version > version.log 2>&1 && break
    sleep 0.1
  done
  ctr --namespace k8s.io image import image.tar > import.log
  "$@"
  kill "$daemon"
  wait "$daemon" || true
}

ctr_bundle() {
  ctr --namespace k8s.io container create "$@" localhost/busybox:1.35 worker
  ctr --namespace k8s.io task start --detach worker
  cat /run/containerd/io.containerd.runtime.v2.task/k8s.io/worker/config.json
  ctr --namespace k8s.io task delete --force worker > delete.log 2>&1 || true
}

ctr_spec() {
  # ctr writes its whole environment into the hook.
  env -i PATH="/home/bin:$PATH" ctr --namespace k8s.io container create "$@" localhost/busybox:1.35 worker
  ctr --namespace k8s.io container info --spec worker
}

# --- one after the other ---------------------------------------------------------------------------------------

for name in "${names[@]}"; do
  declare -F "make-$name" > /dev/null || { echo "$0: no config is called $name" >&2; exit 2; }
  mkdir -- "$work/$name"
  cd -- "$work/$name"
  empty_storage
  ("make-$name") > config
  cat config > "$out/$name.json"
  echo "$out/$name.json" >&2
done
