#!/usr/bin/env bash
# Starts the release program in the background, and ends it.
#
#   scripts/background.sh start|stop DATA-DIR
#
# Its process id is in DATA-DIR/plenum.pid, its log in DATA-DIR/plenum.log.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${2:?usage: scripts/background.sh start|stop DATA-DIR}
target=$(cargo metadata --no-deps --locked --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
mkdir -p "$data"
pid_file="$data/plenum.pid"

# The process, if it is still ours: a number may be somebody else's by now.
running() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$target/release/plenum")" ] && echo "$pid"
}

case "$1" in
  start)
    if pid=$(running); then echo "plenum: it runs already (process $pid)"; exit 0; fi
    setsid "$target/release/plenum" serve --listen 127.0.0.1:8099 --data-dir "$data" >>"$data/plenum.log" 2>&1 </dev/null &
    echo $! >"$pid_file"
    for _ in $(seq 100); do
      if [ -S "$data/plenum.sock" ] && curl -ksf https://127.0.0.1:8099/health >/dev/null; then
        echo "plenum: https://127.0.0.1:8099, and the mesh API on http://localhost:9999/api; the log is $data/plenum.log"
        # The first start prints where to sign in.
        grep -o 'https\?://[^ ]*setup-admin[^ ]*' "$data/plenum.log" | tail -1 || true
        exit 0
      fi
      running >/dev/null || { tail -5 "$data/plenum.log" >&2; echo "plenum: it did not start" >&2; exit 1; }
      sleep 0.1
    done
    echo "plenum: it does not answer yet; see $data/plenum.log" >&2
    exit 1
    ;;
  stop)
    pid=$(running) || { echo "plenum: it does not run"; exit 0; }
    kill "$pid"
    for _ in $(seq 300); do running >/dev/null || { rm -f "$pid_file"; echo "plenum: stopped; HAProxy and Caddy go on"; exit 0; }; sleep 0.1; done
    echo "plenum: process $pid does not end" >&2
    exit 1
    ;;
  *) echo "usage: scripts/background.sh start|stop DATA-DIR" >&2; exit 2 ;;
esac
