"""The script that ends commands in a container, but not those that go on; of nothing but a shell's own words."""

from __future__ import annotations

_LOOK = r"""look() {
  found= kept=" $* "
  for stat in /proc/[0-9]*/stat; do
    told=
    while read -r line || [ -n "$line" ]; do told="$told $line"; done 2>/dev/null <"$stat"
    pid=${stat#/proc/} rest=${told##*) }
    state=${rest%% *} rest=${rest#* }
    parent=${rest%% *} rest=${rest#* } rest=${rest#* }
    found="$found ${pid%/stat}:$parent:${rest%% *}"
  done
  before=
  while [ "$before" != "$kept" ]; do
    before=$kept
    for one in $found; do
      pid=${one%%:*} parent=${one#*:}
      session=${parent#*:} parent=${parent%%:*}
      case $kept in *" $pid "*) continue ;; esac
      case "$kept:$leaders" in *" $parent "*:* | *:*" $session "*) kept="$kept$pid " ;; esac
    done
  done
}
"""
END = rf"""{_LOOK}end() {{
  leaders=" $* " killed=" $$ " left=50
  while [ $# -gt 0 ] && [ $left -gt 0 ]; do
    left=$((left - 1)) again=
    look "$@"
    for one in $found; do
      pid=${{one%%:*}}
      case "$killed$kept" in *" $pid "*) continue ;; esac
      kill -s KILL "$pid" 2>/dev/null && again=1
      killed="$killed$pid "
    done
    [ -n "$again" ] || return 0
  done
  kill -s KILL -- -1 2>/dev/null
}}
"""
"""`end LEADER...` kills all that this user runs, but for the script itself and what belongs to a leader: its
session, and what descends from it. No other process can become part of these. Without leaders, and where new
processes come faster than they can be looked at, all is killed at once."""

DROP = rf"""{_LOOK}leaders=" $1 " killed=" $1 " left=50 again=1
while [ -n "$again" ] && [ $left -gt 0 ]; do
  left=$((left - 1)) again=
  look "$1"
  for pid in $kept; do
    case $killed in *" $pid "*) continue ;; esac
    kill -s KILL "$pid" 2>/dev/null && again=1
    killed="$killed$pid "
  done
done
kill -s KILL "$1"
"""
"""Kills what belongs to the leader that is its argument, and then that one; nothing else."""
