# shellcheck shell=bash
# What the set-up scripts share: talking, long steps, versions. Sourced, not run.

say() { printf '%s\n' "$*"; }

die() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# at_least HAVE NEEDED: is version HAVE the same as NEEDED or later?
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# last_line LOG: what a running step said last, cut to fit a terminal.
last_line() {
  tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-100
}

# every_few_seconds LOG: prints the step's age and last line until the script that started it has gone.
every_few_seconds() {
  local began=$SECONDS
  # A read that times out sleeps without a child process, which would outlive a kill and hold our output open.
  exec {never}<> <(:)
  while kill -0 $$ 2>/dev/null; do
    read -rt 5 -u "$never" || true
    printf '  %4d s  %s\n' $((SECONDS - began)) "$(last_line "$1")"
  done
}

# long LABEL COMMAND…: runs COMMAND with its output in a log, and shows that something happens meanwhile.
# In the foreground, so that Ctrl-C reaches it. On failure the log's end is shown and the script stops.
long() {
  local label=$1 log began=$SECONDS status=0 ticker
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/handover-setup.XXXXXX.log")
  say "$label"
  every_few_seconds "$log" &
  ticker=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2
    die "'$label' failed with status $status after $((SECONDS - began)) s. All of its output: $log"
  fi
  rm -f "$log"
  say "  done in $((SECONDS - began)) s"
}
