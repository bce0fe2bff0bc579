#!/bin/bash
# A virtual machine with systemd as PID 1, built from Debian packages alone and run under qemu without KVM.
#
#   testbed.sh build                      makes the image (once; about a minute)
#   testbed.sh snapshot                   boots it with unified cgroups and saves its memory (once; about 15 s)
#   testbed.sh run PAYLOAD.tar            restores the snapshot and runs run.sh of the payload (about 2 s and the test's own time)
#   testbed.sh boot MODE PAYLOAD.tar      boots from cold; MODE is unified, hybrid or legacy (about 10 s)
#
# The exit status is that of run.sh; 125 when the machine did not get that far. What is built lies in test/vm/.cache, or
# in $HOOKS_VM_CACHE. Needs root and: debootstrap qemu-system-x86 e2fsprogs cpio linux-image-cloud-amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${HOOKS_VM_CACHE:-$here/.cache}
limit=${HOOKS_VM_TIMEOUT:-400}
verb=${1:?build, snapshot, run or boot}
mkdir -p "$cache"
cd "$cache"

# One at a time: the machines share the files of the cache.
exec 9>lock
flock 9

kernel=$(basename "$(ls -d /lib/modules/*-cloud-amd64 | sort -V | tail -1)")
packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,crun,runc,busybox-static,procps,kmod,util-linux
# virtio_ring must be there before virtio.
boot_modules="virtio/virtio_ring virtio/virtio virtio/virtio_pci_modern_dev virtio/virtio_pci_legacy_dev virtio/virtio_pci block/virtio_blk"
test_modules="kernel/block/bfq.ko kernel/mm/zsmalloc.ko kernel/crypto/lzo.ko kernel/crypto/lzo-rle.ko kernel/drivers/block/zram/zram.ko kernel/drivers/block/loop.ko"

machine=(qemu-system-x86_64 -accel "tcg,tb-size=256" -cpu max -smp 1 -m 512 -display none -no-reboot -nodefaults
  -kernel "/boot/vmlinuz-$kernel" -initrd initrd.cpio -device virtio-blk-pci,drive=root -device virtio-blk-pci,drive=payload)
command_line="console=ttyS0 quiet loglevel=3 panic=-1 systemd.unit=vmtest.target systemd.show_status=0 mitigations=off"

# The exit status from the console, everything else to stdout.
status_of() {
  sed -u 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r$//' | tee console.log | grep -av '^VMTEST-' || true
  local status
  status=$(grep -ao 'VMTEST-EXIT [0-9]*' console.log | tail -1 | cut -d' ' -f2)
  return "${status:-125}"
}

payload_disk() {
  cp "$1" payload.img
  truncate -s 256M payload.img
}

build() {
  if [ ! -e root/.complete ]; then
    rm -rf root
    debootstrap --variant=minbase --include="$packages" bookworm root
    touch root/.complete
  fi
  rm -rf root/var/cache/apt/archives/*.deb root/var/lib/apt/lists/* root/usr/share/{doc,man,info,locale}/*
  for unit in systemd-timesyncd systemd-resolved systemd-networkd systemd-udevd systemd-udev-trigger systemd-journal-flush \
    systemd-update-utmp systemd-random-seed systemd-sysusers systemd-pcrphase systemd-pcrphase-sysinit systemd-hwdb-update systemd-firstboot; do
    ln -sf /dev/null "root/etc/systemd/system/$unit.service"
  done
  echo 0123456789abcdef0123456789abcdef >root/etc/machine-id
  : >root/etc/fstab
  chroot root sh -c 'id tester >/dev/null 2>&1 || useradd --create-home --uid 1000 tester'
  mkdir -p root/var/lib/systemd/linger
  for module in $test_modules; do
    install -D -m 644 "/lib/modules/$kernel/$module" "root/lib/modules/$kernel/$module"
  done
  cp "/lib/modules/$kernel"/modules.{builtin,order} "root/lib/modules/$kernel/"
  depmod -b root "$kernel"
  install_node
  cat >root/etc/systemd/system/vmtest.service <<'UNIT'
[Unit]
DefaultDependencies=no
After=dbus.socket basic.target
Requires=dbus.socket
[Service]
Type=oneshot
ExecStart=/sbin/vmtest
StandardInput=null
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
UNIT
  cat >root/etc/systemd/system/vmtest.target <<'UNIT'
[Unit]
Requires=basic.target vmtest.service
After=basic.target
AllowIsolate=yes
UNIT
  cat >root/sbin/vmtest <<'SCRIPT'
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /run/t
# The executable alone is larger than what /run holds in a machine this small.
mount -t tmpfs -o mode=755,size=300m tmpfs /run/t
if grep -q vmtest.snapshot /proc/cmdline; then
  stty -F /dev/ttyS0 -echo
  [ ! -x /usr/bin/node ] || node -e 1
  echo VMTEST-READY
  # The clock stands still between the snapshot and its use. The first bytes on the line may be lost.
  until [[ ${now:-} =~ ^now=([0-9]+)\;$ ]]; do read -r now </dev/ttyS0; done
  date -s "@${BASH_REMATCH[1]}" >/dev/null
fi
tar --warning=no-timestamp -xf /dev/vdb -C /run/t
cd /run/t
bash ./run.sh
echo "VMTEST-EXIT $?"
systemctl poweroff --force --force
SCRIPT
  chmod 755 root/sbin/vmtest
  rm -f root.img snapshot.state
  truncate -s 1G root.img
  mkfs.ext4 -q -F -O ^has_journal,^metadata_csum -m 0 -d root root.img
  make_initrd
}

# Node lets the tests run before there is an executable; the payload decides which of the two it uses.
install_node() {
  local node
  node=$(command -v node) || return 0
  cp -L "$node" root/usr/bin/node
  ldd "$node" | awk '/=>/{print $3}' | while read -r library; do
    [ -e "root$library" ] || install -D "$(readlink -f "$library")" "root$library"
  done
}

make_initrd() {
  rm -rf initrd
  mkdir -p initrd/{bin,dev,mnt,m}
  cp root/bin/busybox initrd/bin/
  for applet in sh insmod mount switch_root; do ln -s busybox "initrd/bin/$applet"; done
  {
    echo '#!/bin/sh'
    echo 'mount -t devtmpfs dev /dev'
    for module in $boot_modules; do
      cp "/lib/modules/$kernel/kernel/drivers/$module.ko" initrd/m/
      echo "insmod /m/${module##*/}.ko"
    done
    echo 'mount -t ext4 /dev/vda /mnt && mount --move /dev /mnt/dev && exec switch_root /mnt /sbin/init'
  } >initrd/init
  chmod +x initrd/init
  (cd initrd && find . | cpio -o -H newc -R 0:0 --quiet) >initrd.cpio
}

mode_flags() {
  case $1 in
  unified) echo "systemd.unified_cgroup_hierarchy=1" ;;
  hybrid) echo "systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=0" ;;
  legacy) echo "systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1" ;;
  *) echo "testbed.sh: no such mode: $1" >&2 && exit 2 ;;
  esac
}

boot() {
  local flags
  flags=$(mode_flags "$1")
  payload_disk "$2"
  timeout "$limit" "${machine[@]}" -monitor none -append "$command_line $flags" -serial stdio \
    -drive file=root.img,format=raw,if=none,id=root,snapshot=on \
    -drive file=payload.img,format=raw,if=none,id=payload,readonly=on </dev/null | status_of
}

snapshot() {
  rm -f snapshot.serial snapshot.state monitor.in
  cp --sparse=always root.img snapshot.img
  truncate -s 256M empty.img
  mkfifo monitor.in
  exec 3<>monitor.in
  timeout "$limit" "${machine[@]}" -monitor stdio -append "$command_line $(mode_flags unified) vmtest.snapshot" \
    -serial file:snapshot.serial -drive file=snapshot.img,format=raw,if=none,id=root,cache=unsafe \
    -drive file=empty.img,format=raw,if=none,id=payload,readonly=on <&3 >monitor.out 2>&1 &
  local qemu=$!
  until grep -aq VMTEST-READY snapshot.serial 2>/dev/null; do
    kill -0 "$qemu" || { cat monitor.out >&2 && exit 125; }
    sleep 0.1
  done
  sleep 0.5
  echo 'migrate "exec:cat > snapshot.part"' >&3
  # The monitor takes no command while it saves; it answers this one when it has.
  echo 'info migrate' >&3
  until grep -aq 'Migration status: completed\|Status: *completed' monitor.out; do
    kill -0 "$qemu" || exit 125
    sleep 0.2
    echo 'info migrate' >&3
  done
  echo quit >&3
  wait "$qemu"
  mv snapshot.part snapshot.state
}

run() {
  payload_disk "$1"
  rm -f serial.in serial.out
  mkfifo serial.in serial.out
  timeout "$limit" "${machine[@]}" -monitor none -append "$command_line $(mode_flags unified) vmtest.snapshot" \
    -serial pipe:serial -incoming "exec:cat snapshot.state" \
    -drive file=snapshot.img,format=raw,if=none,id=root,snapshot=on \
    -drive file=payload.img,format=raw,if=none,id=payload,readonly=on &
  # The restored machine waits for a line; what comes before its serial port is up is lost, so it is sent again.
  (
    exec 3<>serial.in
    for _ in 1 2 3 4 5; do
      sleep 0.7
      date +'now=%s;' >&3
    done
  ) &
  status_of <serial.out
}

case $verb in
build) build ;;
snapshot) snapshot ;;
run) run "${2:?a payload}" ;;
boot) boot "${2:?a mode}" "${3:?a payload}" ;;
*) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
