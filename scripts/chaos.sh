#!/usr/bin/env bash
# The long forms of the fault tests, with a report at the end. Usage: scripts/chaos.sh (make chaos)
#
# Each can be made shorter: HANDOVER_CRASHES (scenarios on the simulated disk), HANDOVER_KILLS (kill -9 of a real process),
# HANDOVER_OUTAGE (seconds that the broker is away, four times).
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

export HANDOVER_CRASHES=${HANDOVER_CRASHES:-20000} HANDOVER_KILLS=${HANDOVER_KILLS:-1000} HANDOVER_OUTAGE=${HANDOVER_OUTAGE:-600}
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
part "the commit: a broker away for $HANDOVER_OUTAGE s, killed and hung" \
  cargo test -p handover --lib commit::against_kafka -- --nocapture --test-threads 1

say
say "What was seen:"
grep -E 'none lost|acknowledged, .* refused|^without ' "$report"
say
cat "$report.summary"
rm -f "$report.summary"
say "All of the output: $report"
exit $failed
