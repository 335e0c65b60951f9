#!/usr/bin/env bash
# Installs what the demo, the tests or the bench need and this machine does not have.
# Usage: scripts/setup.sh demo|test|bench
#
# System packages come from apt on Debian 12; on any other system the missing ones are printed and nothing is touched.
# What no package carries (Kafka, versitygw, conformance suites) goes to ${HANDOVER_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/handover},
# shared by all clones. With everything in place it says nothing and takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/tools.env

# A user's PATH on Debian has no sbin, where php-fpm and nginx live.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
tools=${HANDOVER_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/handover}
packages=() reasons=()

have() { command -v "$1" >/dev/null 2>&1; }

# want PACKAGE REASON CHECK…: notes PACKAGE as missing unless the command CHECK succeeds.
want() {
  local package=$1 reason=$2
  shift 2
  if ! "$@" >/dev/null 2>&1; then
    packages+=("$package")
    reasons+=("$reason")
  fi
}

php_fpm() { have php-fpm8.2 || have php-fpm; }
# Not by `| grep -q`: with pipefail, whom grep leaves early would count as failed.
library() { [[ $(ldconfig -p) == *"$1"* ]]; }
php_module() { [[ $(php -m 2>/dev/null) == *"$1"* ]]; }
# Loaded only by who asks for it: in every other PHP it would cost time.
php_pcov() { [[ $'\n'$(php -n -d extension=pcov -m 2>/dev/null)$'\n' == *$'\npcov\n'* ]]; }
jdk_17() { [[ $(javac -version 2>&1) =~ javac\ (1[7-9]|[2-9][0-9]) ]] && have java; }
go_new() { have go && at_least "$(go env GOVERSION | sed 's/^go//')" "$GO_NEEDED"; }
kafka_ready() { [ -f "$tools/kafka-$KAFKA_VERSION/classes.jsa" ]; }
apicurio_ready() { [ -d "$tools/apicurio-$APICURIO_VERSION" ]; }
confluent_ready() { [ -d "$tools/confluent-$CONFLUENT_VERSION" ]; }
h2spec_ready() { [ -x "$tools/h2spec-$H2SPEC_VERSION" ]; }
kosoku_ready() { [ -d "$tools/kosoku-$KOSOKU_VERSION" ]; }
cache_tests_ready() { [ -d "$tools/cache-tests-$CACHE_TESTS_VERSION" ]; }
ws_ready() { [ -d "$tools/ws-$WS_VERSION" ]; }
toxiproxy_ready() { [ -x "$tools/toxiproxy-$TOXIPROXY_VERSION" ]; }
axe_ready() { [ -d "$tools/axe-$AXE_VERSION" ]; }
versitygw_ready() { [ -x "$tools/versitygw-$VERSITYGW_VERSION" ]; }

look_for_demo() {
  want php8.2-fpm "PHP-FPM runs the legacy application" php_fpm
  want php8.2-cli "php, for the legacy application's own scripts" have php
  want librdkafka1 "the legacy application's way to Kafka (through PHP's FFI)" library librdkafka.so.1
  want g++ "librdkafka's configure insists on a C++ compiler" have c++
  want pkg-config "finds the two libraries below" have pkg-config
  want libssl-dev "OpenSSL's headers, for the Kafka client" pkg-config --exists openssl
  want zlib1g-dev "zlib's headers, for the Kafka client" pkg-config --exists zlib
}

look_for_test() {
  look_for_demo
  want nginx "the tests compare with nginx in front of PHP-FPM" have nginx
  want openssl "makes the tests' certificates" have openssl
  want procps "pgrep, which tells the tests who runs" have pgrep
  want python3 "runs the WebSocket suite and Confluent's client" have python3
  want curl "signs the S3 requests of the tests' set-up" have curl
  want redis-server "PHP's sessions in Redis, read and written by both sides" have redis-server
  want php8.2-redis "PHP's way to keep sessions in Redis" php_module redis
  want memcached "the same in memcached" have memcached
  want php8.2-memcached "PHP's way to keep sessions in memcached" php_module memcached
  want php8.2-pcov "tells which lines of PHP a request reached (handover fuzz, coverage)" php_pcov
  want openjdk-17-jdk-headless "runs Apache Kafka, and compiles what checks IAM's signatures in it" jdk_17
  { kafka_ready && apicurio_ready; } || want maven "fetches Apache Kafka and Apicurio from Maven Central" have mvn
  want strace "tells what PHP does besides answering (handover effects)" have strace
  want nodejs "runs the WebSocket server behind the proxy, and the HTTP caching tests" have node
  { ws_ready && axe_ready && cache_tests_ready; } || want npm "fetches the WebSocket server, axe-core and the HTTP caching tests" have npm
  want chromium "the review pages are looked at and clicked through in it" have chromium
  { kosoku_ready && confluent_ready && { go_new || { versitygw_ready && toxiproxy_ready && h2spec_ready; }; }; } ||
    want python3-venv "fetches the WebSocket suite, Confluent's client, and a current Go to build tools" python3 -c 'import ensurepip, venv'
}

look_for_bench() {
  look_for_test
  want wrk "the client of the bench" have wrk
  want valgrind "counts instructions" have valgrind
  want nghttp2-client "h2load, the bench's client for HTTP/2" have h2load
  want haproxy "one of those whom the bench compares with" have haproxy
}

# Rust is the user's own affair (rustup): we only say what is wrong with it.
check_rust() {
  have cc || die "no C compiler found. Install one (Debian: apt-get install gcc)."
  have cargo || die "no cargo found. Install Rust with rustup: https://rustup.rs"
  local have
  have=$(rustc --version | cut -d ' ' -f 2)
  at_least "$have" "$RUST_NEEDED" || die "Rust $have is too old, $RUST_NEEDED or later is needed: rustup update"
}

# rustup's minimal profile comes without them.
add_rust_components() {
  local bin missing=()
  bin=$(rustc --print sysroot)/bin
  [ -x "$bin/cargo-clippy" ] || missing+=(clippy)
  [ -x "$bin/rustfmt" ] || missing+=(rustfmt)
  [ ${#missing[@]} -eq 0 ] || long "Adding to Rust: rustup component add ${missing[*]}" rustup component add "${missing[@]}"
}

install_packages() {
  [ ${#packages[@]} -gt 0 ] || return 0
  local i sudo=()
  say "Missing for 'make $mode':"
  for i in "${!packages[@]}"; do printf '  %-24s %s\n' "${packages[i]}" "${reasons[i]}"; done

  # shellcheck disable=SC1091
  if [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}-${VERSION_ID:-}")" != debian-12 ]; then
    die "this is not Debian 12, so nothing was installed. Install the above (the names are Debian's) and run 'make $mode' again."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || die "neither root nor sudo. As root: apt-get install --no-install-recommends ${packages[*]}"
    sudo=(sudo)
  fi
  say "To be installed now with: ${sudo[*]:+sudo }apt-get install --no-install-recommends ${packages[*]}"
  say "(Debian runs some of these as services of its own, php8.2-fpm for one. Nothing here uses those: stop them as you like.)"
  [ ${#sudo[@]} -eq 0 ] || sudo -v || die "sudo did not let you in. As root: apt-get install --no-install-recommends ${packages[*]}"

  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  # An unreachable third-party source fails the update, and need not stop what we want from Debian.
  long "Reading Debian's package lists" sh -c '"$@" || echo "apt-get update failed, going on"' sh "${apt[@]}" update
  # What an interrupted installation left half done would stop the next one.
  long "Finishing what dpkg has left unfinished, if anything" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive dpkg --configure -a
  long "Installing ${#packages[@]} packages" "${apt[@]}" install --no-install-recommends "${packages[@]}"
  # Debian turns it on for every PHP.
  [[ " ${packages[*]} " != *" php8.2-pcov "* ]] || "${sudo[@]}" phpdismod pcov
}

case "${1:-}" in
  demo | test | bench) mode=$1 ;;
  *) die "usage: scripts/setup.sh demo|test|bench" ;;
esac
check_rust
"look_for_$mode"
install_packages
if [ "$mode" != demo ]; then
  add_rust_components
  { kafka_ready && apicurio_ready && confluent_ready && versitygw_ready && toxiproxy_ready && h2spec_ready && kosoku_ready && ws_ready && axe_ready && cache_tests_ready; } || scripts/fetch-tools.sh "$tools"
fi
