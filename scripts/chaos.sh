#!/usr/bin/env bash
# The long forms of the fault tests, with a report at the end. Usage: scripts/chaos.sh (make chaos)
#
# Each can be made shorter: HANDOVER_CRASHES (scenarios on the simulated disk), HANDOVER_KILLS (kill -9 of a real process),
# HANDOVER_PROXY_KILLS (of the whole proxy), HANDOVER_OUTAGE (seconds that the broker is away, killed and then hung, and that
# the network is bad), HANDOVER_ROWS (of the large hot table).
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

export HANDOVER_CRASHES=${HANDOVER_CRASHES:-20000} HANDOVER_KILLS=${HANDOVER_KILLS:-1000} HANDOVER_OUTAGE=${HANDOVER_OUTAGE:-600}
export HANDOVER_PROXY_KILLS=${HANDOVER_PROXY_KILLS:-200} HANDOVER_ROWS=${HANDOVER_ROWS:-5000000}
report=$(mktemp "${TMPDIR:-/tmp}/handover-chaos.XXXXXX.log")
failed=0

# part LABEL COMMAND…: runs a part, and notes what it said of its figures.
part() {
  local label=$1 began=$SECONDS status=passed
  shift
  say "$label"
  "$@" 2>&1 | tee -a "$report" || { status=FAILED failed=1; }
  printf '%-8s %5d s  %s\n' "$status" $((SECONDS - began)) "$label" >>"$report.summary"
}

part "the spool: $HANDOVER_CRASHES scenarios of power cuts, $HANDOVER_KILLS kills" \
  cargo test -p handover-spool --test durable -- --nocapture
part "the commit: a broker away for $HANDOVER_OUTAGE s, killed and hung, and as long a bad network" \
  cargo test -p handover --lib -- commit::against_kafka commit::against_network --nocapture --test-threads 4
part "the whole proxy, killed $HANDOVER_PROXY_KILLS times" cargo test -p handover --test killed -- --nocapture
part "a hot table of $HANDOVER_ROWS rows from S3, replaced under look-ups" \
  cargo test -p handover --lib tables::against_s3::look_ups -- --nocapture

say
say "What was seen:"
grep -E 'none lost|refused before the commit|^without |rows, .* look-ups' "$report" | sort
say
cat "$report.summary"
rm -f "$report.summary"
say "All of the output: $report"
exit $failed
