# The OCI runtime wrapper with systemd as PID 1: its log in the journal. Each function is one claim; the list is at the end.

# The wrapper with settings of its own, under the name hooks-runtime. The shell's arguments are lines of definitions.
wrapper() {
  local at=/run/wrapper number=10
  mkdir -p "$at/hooks.d"
  for definition in "$@"; do
    echo "$definition" >"$at/hooks.d/$number.json"
    number=$((number + 1))
  done
  echo "{\"runtime\":\"runc\",\"hooksDirs\":[\"$at/hooks.d\"],\"log\":\"journald\"}" >"$at/runtime.yaml"
  export OCI_HOOKS_CONFIG=$at/runtime.yaml
  if [ -x /run/t/hooks ]; then
    ln -sf /run/t/hooks "$at/hooks-runtime"
  else
    printf '#!/bin/bash\nexec node /run/t/dist/runtime-wrapper/main.js "$@"\n' >"$at/hooks-runtime"
    chmod 755 "$at/hooks-runtime"
  fi
}

# journal ID: what the journal holds of a container, as JSON, without spaces between members.
journal() {
  journalctl --sync
  journalctl -o json -t hooks-runtime "CONTAINER_ID_FULL=$1"
}

journal_gets_the_record() {
  local entry
  wrapper '{"version":"1.0.0","hook":{"path":"/bin/true"},"when":{"commands":["busybox"]},"stages":["createRuntime"]}'
  start /run/wrapper/hooks-runtime cgroupfs j1 /t/j1 >pid
  entry=$(journal j1)
  holds "$entry" '"MESSAGE":"j1: 1 hook injected"'
  holds "$entry" '"PRIORITY":"6"'
  holds "$entry" '"SYSLOG_IDENTIFIER":"hooks-runtime"'
  # The record is JSON in a text, so its quotes are escaped.
  holds "$entry" '\"id\":\"j1\",\"bundle\":\"/run/bundles/j1\",\"command\":\"run\"'
  holds "$entry" '\"runtime\":\"/usr/sbin/runc\",\"injected\":1,\"matched\":[{\"name\":\"10.json\"'
  stop /run/wrapper/hooks-runtime cgroupfs j1
}

journal_gets_the_error() {
  local entry
  wrapper '{"version":"1.0.0","hook":{"path":"/bin/true"},"when":{"always":true},"stages":["never"]}'
  ! start /run/wrapper/hooks-runtime cgroupfs j2 /t/j2
  entry=$(journal j2)
  holds "$entry" '"PRIORITY":"3"'
  holds "$entry" 'STAGE_UNKNOWN'
}

journal_gets_a_long_record() {
  local entry pattern hooks=()
  pattern=$(printf 'x%.0s' {1..3000})
  for _ in {1..60}; do
    hooks+=("{\"version\":\"1.0.0\",\"hook\":{\"path\":\"/bin/true\"},\"when\":{\"commands\":[\"busybox|$pattern\"]},\"stages\":[\"poststop\"]}")
  done
  wrapper "${hooks[@]}"
  start /run/wrapper/hooks-runtime cgroupfs j3 /t/j3 >pid
  entry=$(journal j3)
  holds "$entry" '"MESSAGE":"j3: 60 hooks injected"'
  stop /run/wrapper/hooks-runtime cgroupfs j3
}

if [ "${0##*/}" = run.sh ]; then
  claim 'the journal gets a line for each container, with its id and the whole record' journal_gets_the_record
  claim 'the journal gets why a container was not made, as an error' journal_gets_the_error
  claim 'the journal gets a record of many definitions' journal_gets_a_long_record
fi
