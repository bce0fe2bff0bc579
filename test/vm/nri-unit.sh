# What systemd makes of oci-hooks-nri.service on a machine without a runtime. Each function is one claim; the list is at the end.

# The unit names the program where the Debian package puts it.
install_unit() {
  printf '#!/bin/bash\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n. /run/t/container.sh\nhooks "$@"\n' >/run/t/start
  chmod 755 /run/t/start
  if [ -x /run/t/hooks ]; then ln -sf /run/t/hooks /usr/bin/hooks; else ln -sf /run/t/start /usr/bin/hooks; fi
  cp /run/t/oci-hooks-nri.service /etc/systemd/system/
  systemctl daemon-reload
}

# until_said PART: what the plugin says of itself where `hooks nri status` looks, once it holds PART.
until_said() {
  local said=
  for _ in {1..100}; do
    said=$(hooks nri status 2>&1 || true)
    case $said in *"$1"*) break ;; esac
    sleep 0.2
  done
  holds "$said" "$1"
}

status_is_found() {
  install_unit
  mkdir -p -m 700 /run/oci-hooks
  echo kept >/run/oci-hooks/record-of-another-part
  systemctl start oci-hooks-nri
  until_said 'not registered with the runtime'
  refused 1 hooks nri status
  holds "$(hooks doctor || true)" 'plugin: not ready'
  systemctl stop oci-hooks-nri
  equal record "$(cat /run/oci-hooks/record-of-another-part)" kept
  equal mode "$(stat -c %a /run/oci-hooks)" 700
}

settings_are_heard() {
  install_unit
  mkdir -p /etc/oci-hooks
  printf 'onError: skip\nmetrics: 127.0.0.1:9464\n' >/etc/oci-hooks/nri.yaml
  systemctl start oci-hooks-nri
  until_said 'on error skip'
  exec 3<>/dev/tcp/127.0.0.1/9464
  printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  holds "$(cat <&3)" 'oci_hooks_nri_connected 0'
  systemctl stop oci-hooks-nri
  rm /etc/oci-hooks/nri.yaml
}

if [ "${0##*/}" = run.sh ]; then
  claim 'a plugin that systemd starts is found by its status, and leaves the records of the other parts' status_is_found
  claim 'a plugin that systemd starts takes its settings and metrics from nri.yaml' settings_are_heard
fi
