/**
 * The fencer: kills the pods of this node when the moment comes that stands in `deadline`, whatever state the agent is in. A shell loop of
 * builtins alone: it forks nothing, loads nothing and needs no memory that it has not got already.
 *
 * `fencer.sh FOLDER VERSION PODS [FREEZER]`, VERSION of control groups 1 or 2, PODS the folder with the groups `pod<uid>`, FREEZER the same in the freezer's
 * hierarchy of version 1. In FOLDER:
 * - `deadline`: first line `KILL_AT KILL_AT …`, ms of the boot-time clock. Written in place: two numbers that differ are a line in the middle of being
 *   written. While none can be read the last one read counts; before the first one nothing is killed, because the agent writes one
 *   (0: nothing was granted yet) before it starts this program.
 * - `exempt`: uids of pods that are spared, one a line, replaced as a whole.
 * - `wake`: a FIFO: a line in it has everything looked at anew. When it is gone, so is the agent with its folder, and the fencer ends.
 * - `kills/START`: written after pods were killed: `DEADLINE START DONE PODS PROCESSES`, ms; PROCESSES 0 where they were not counted.
 */
export const FENCER_SCRIPT = `#!/bin/sh
folder=$1 version=$2 pods=$3 freezer=$4
cd "$folder" || exit 1
exec 3<>wake || exit 1
deadline= exempt=' ' began= rounds=0 killed=' ' count=0 processes=0

read_deadline() {
  one= two=
  read -r one two rest < deadline
  [ "$one" = "$two" ] || return
  case $one in '' | *[!0-9]*) return ;; esac
  deadline=$one
}

read_exempt() {
  [ -f exempt ] || return
  next=' '
  while read -r uid; do next="$next$uid "; done < exempt
  exempt=$next
}

# The kernel rounds down to 10 ms: never behind.
look_at_clock() {
  read -r up rest < /proc/uptime
  hundredths=\${up#*.}
  now=$((\${up%.*} * 1000 + (1$hundredths - 100) * 10 + 10))
}

rest_for() {
  ms=$(($1 % 1000 + 1000))
  read -r -t "$(($1 / 1000)).\${ms#1}" -u 3 line
}

collect() {
  while read -r pid; do [ "$pid" -gt 1 ] && pids="$pids $pid"; done < "$1/cgroup.procs"
  for inside in "$1"/*/; do
    [ -d "$inside" ] && collect "\${inside%/}"
  done
}

kill_version_1() {
  pids=
  collect "$1"
  [ -n "$pids" ] || return 1
  kill -9 $pids
  for pid in $pids; do processes=$((processes + 1)); done
  # Whoever forks faster than it dies is stopped first. Thawed in any case: the frozen do not die.
  if [ $rounds -ge 4 ] && [ -n "$freezer" ] && [ -d "$freezer/$2" ]; then
    echo FROZEN > "$freezer/$2/freezer.state"
    pids=
    collect "$1"
    [ -n "$pids" ] && kill -9 $pids
    echo THAWED > "$freezer/$2/freezer.state"
  fi
  return 0
}

kill_version_2() {
  populated=0
  while read -r name value; do [ "$name" = populated ] && populated=$value; done < "$1/cgroup.events"
  [ "$populated" = 1 ] || return 1
  # Linux before 5.14 has none.
  if [ -f "$1/cgroup.kill" ]; then echo 1 > "$1/cgroup.kill"; else kill_version_1 "$1" "$2"; fi
}

strike() {
  found=0
  for pod in "$pods"/pod*; do
    [ -d "$pod" ] || continue
    name=\${pod##*/}
    case $exempt in *" \${name#pod} "*) continue ;; esac
    kill_version_$version "$pod" "$name" || continue
    found=1
    case $killed in *" $name "*) ;; *) killed="$killed$name " count=$((count + 1)) ;; esac
  done
  [ $found = 1 ]
}

tell() {
  [ -n "$began" ] || return
  echo "$struck $((began - 10)) $((now - 10)) $count $processes" > "kills/$began"
  began= rounds=0 killed=' ' count=0 processes=0
}

while [ -p wake ]; do
  read_deadline
  look_at_clock
  if [ -z "$deadline" ]; then
    rest_for 200
  elif [ $now -lt $deadline ]; then
    tell
    left=$((deadline - now))
    [ $left -gt 500 ] && left=500
    rest_for $left
  else
    read_exempt
    if strike; then
      [ -n "$began" ] || began=$now struck=$deadline
      rounds=$((rounds + 1))
      rest_for 4
    else
      tell
      rest_for 50
    fi
  fi
done 2>/dev/null
`
