# What compat-dir and the picture of a tree must do on cgroup v2. Each function is one claim; the list is at the end.
. ./cadvisor.sh

controller_is_missing() {
  local said
  mkdir /sys/fs/cgroup/bare
  bundle h1 /bare/h1 "$LIMITS"
  said=$(compat_dir creating h1)
  holds "$said" '/sys/fs/cgroup/bare/h1/memory.max was not given 104857600: there is no such file'
  holds "$said" '/sys/fs/cgroup/bare/h1/pids.max was not given 40'
  compat_dir stopped h1
  # A directory of somebody else's is left as it is, subtree_control too.
  equal passed "$(cat /sys/fs/cgroup/bare/cgroup.subtree_control)" ''
  rmdir /sys/fs/cgroup/bare
}

full_ancestor() {
  local said
  mkdir /sys/fs/cgroup/full
  echo 1 >/sys/fs/cgroup/full/cgroup.max.descendants
  bundle i1 /full/a/b/i1 "$LIMITS"
  said=$(compat_dir creating i1)
  holds "$said" 'cgroup.max.descendants'
  equal said "$(compat_dir stopped i1)" ''
  equal leftover "$(find /sys/fs/cgroup/full -mindepth 1 -type d)" ''
  equal records "$(find /run/oci-hooks -name 'i1-*')" ''
  rmdir /sys/fs/cgroup/full
}

tree_draws_threads() {
  mkdir -p /sys/fs/cgroup/tt/vcpu /sys/fs/cgroup/tt/overhead
  echo threaded >/sys/fs/cgroup/tt/vcpu/cgroup.type
  echo threaded >/sys/fs/cgroup/tt/overhead/cgroup.type
  sleep 1000 &
  echo $! >/sys/fs/cgroup/tt/cgroup.procs
  echo $! >/sys/fs/cgroup/tt/vcpu/cgroup.threads
  equal picture "$(hooks cgroup tree /tt)" "/tt  (domain threaded)
├─ overhead/  (threaded)
└─ vcpu/  (threaded)
   └─ $! sleep"
  kill $!
  wait $! || true
  rmdir /sys/fs/cgroup/tt/vcpu /sys/fs/cgroup/tt/overhead /sys/fs/cgroup/tt
}

if [ "${0##*/}" = run.sh ]; then
  claim 'a controller that is not passed on is named file by file' controller_is_missing
  claim 'an ancestor that is full stops no container' full_ancestor
  claim 'a threaded domain is drawn with its types' tree_draws_threads
fi
