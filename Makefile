# The two commands: make demo, make test. Each installs first what the machine is missing (scripts/setup.sh).

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help chaos demo test check bench count deny fuzz setup-demo setup-test setup-bench soak fmt clippy doc unit e2e parity-requests mutants attacks caching upgrades evidence clean

help: ## Lists what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-demo ## Runs the demo: a PHP backend, the proxy in front of it, real records through both
	$(CARGO) run -p handover-demo -- demo

test: setup-test fmt clippy unit e2e doc ## Runs every test, the quick ones first, the end-to-end ones against real parts

bench: setup-bench ## Measures the proxy beside nginx, HAProxy and PHP, all in one run; CASES="proxy native" for some of it
	$(CARGO) build --release -p handover-bench
	target/release/handover-bench run $(CASES)

count: setup-bench ## Counts the instructions of a request on its main ways, and fails where they have grown
	$(CARGO) build --profile counted -p handover-bench
	target/counted/handover-bench count $(UPDATE)

soak: setup-bench ## Loads the proxy fully for half an hour (SOAK_SECONDS), with refreshes and reloads; its memory has to stay flat
	$(CARGO) build --release -p handover-bench
	target/release/handover-bench soak --seconds $(or $(SOAK_SECONDS),1800)

check: fmt clippy doc ## Looks at the code without running it: format, lints, documentation

setup-demo: ## Installs what the demo needs, and nothing when all is there
	@scripts/setup.sh demo

setup-test: ## The same for the tests: Kafka, an S3 server, nginx as well
	@scripts/setup.sh test

setup-bench: ## The same for the bench: wrk and HAProxy as well
	@scripts/setup.sh bench

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

unit:
	$(CARGO) test --workspace --lib --bins

e2e:
	$(CARGO) build --workspace --examples --bin healthz
	$(CARGO) test --workspace --no-fail-fast --test '*'
	$(CARGO) test --workspace --doc

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --document-private-items --quiet

parity-requests: setup-test ## Compares 100,000 generated requests with a real php-fpm (PARITY_SEED sends others)
	PARITY_REQUESTS=$${PARITY_REQUESTS:-34000} $(CARGO) test -p handover-parts --test requests

attacks: ## Attacks the proxy over HTTP/2, a minute of each kind: others' p99 may double, memory grow by 64 MiB
	$(CARGO) build --release --bin handover
	HANDOVER_ATTACK_SECONDS=60 HANDOVER_BINARY=$(CURDIR)/target/release/handover $(CARGO) test --test clients attacks -- --nocapture --test-threads=1

caching: setup-test ## Runs the HTTP caching tests (cache-tests.fyi) through the proxy with its cache on, and shows what came of them
	$(CARGO) test --test caching conformance -- --nocapture

chaos: setup-test ## The long fault tests: power cuts, 1,000 kills, ten-minute outages; prints a report (about an hour)
	@scripts/chaos.sh

upgrades: setup-test ## Reloads 1,000 times and upgrades the binary 20 times under load, with a php-fpm and a backlog in the spool
	HANDOVER_UPGRADES=20 HANDOVER_RELOADS=1000 $(CARGO) test --test operations reloads_and_upgrades -- --nocapture

evidence: setup-test ## The long forms of the evidence's tests: all records and old clients, all rules that only PHP has
	$(CARGO) build -p handover-demo --examples --bins
	EVERY=1 HIDDEN=10 $(CARGO) test -p handover-demo --test takeover -- --nocapture --test-threads 1 \
		clean:: hidden::

mutants: setup-test ## Finds each mutant of the demo's handler by what PHP does, or has it listed (needs cargo-mutants: cargo install --locked cargo-mutants)
	mkdir -p target/mutants
	TRIED=$(CURDIR)/target/mutants/tried.recording $(CARGO) test -p handover-demo --test takeover tried:: -- --nocapture
	$(CARGO) run -p handover-demo-mutants -- target/mutants/tried.recording

deny: ## Checks licences, advisories and sources of the dependencies (needs cargo-deny: cargo install --locked cargo-deny)
	$(CARGO) deny check

fuzz: ## Fuzzes what comes from outside, FUZZ_SECONDS (600) a target, FUZZ="php_json" for some (needs cargo-fuzz: cargo install --locked cargo-fuzz)
	for target in $(or $(FUZZ),config fastcgi request_head php_serialize php_json php_request php_session php_dates); do \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$${FUZZ_SECONDS:-600} || exit 1; \
	done

clean: ## Removes what was built (the tools' cache in ~/.cache/handover stays)
	$(CARGO) clean
	rm -rf state
