# How long the resources helper takes from exec to exit, against `crun update` of the same values. It claims nothing: the
# numbers are those of one machine at one time, so the two take turns and the ratio is what counts.

# microseconds COMMAND...
microseconds() {
  local from=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1
  echo $((${EPOCHREALTIME/./} - from))
}

as_hook() {
  if [ -x /run/t/hooks ]; then /run/t/hooks helper resources --resources r.json <state.json; else
    node /run/t/dist/cli/main.js helper resources --resources r.json <state.json
  fi
}

median() {
  sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

compare() {
  local driver=$1 path=$2 flag= pid turn
  [ "$driver" = cgroupfs ] || flag=--systemd-cgroup
  pid=$(start crun "$driver" speed "$path")
  crun $flag state speed >state.json
  : >helper.times
  : >update.times
  for turn in 1 2 3 4 5 6 7 8 9 10 11; do
    # Each turn sets other values, so that neither finds them there already.
    echo "{\"memory\":{\"limit\":$((100 + turn))000000,\"reservation\":52428800},\"cpu\":{\"shares\":512,\"quota\":20000,\"period\":50000},\"pids\":{\"limit\":$((90 + turn))}}" >r.json
    microseconds crun $flag update --resources r.json speed >>update.times
    equal 'by crun' "$(cat "$(group_of "$pid")/pids.max")" $((90 + turn))
    sed -i 's/"limit":9/"limit":8/' r.json
    microseconds as_hook >>helper.times
  done
  equal 'by the helper' "$(cat "$(group_of "$pid")/memory.max")" "$((111000000 / 4096 * 4096))"
  echo "speed - $driver: helper $(median helper.times) us, crun update $(median update.times) us (medians of 11), ratio $(
    awk -v a="$(median helper.times)" -v b="$(median update.times)" 'BEGIN { printf "%.2f", a / b }'
  )"
  stop crun "$driver" speed
}

if [ "${0##*/}" = run.sh ]; then
  compare cgroupfs /t/speed
  compare systemd test.slice:pre:speed
fi
