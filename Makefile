# Everything a developer runs. `make` alone lists the targets. What a target needs is fetched into .tools/ the first
# time, in the versions of .ci/versions.env, and is not looked at again; no target needs root.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

TOOLS := $(CURDIR)/.tools
# The first part holds what the set-up fetched; the last is where rustup puts cargo, which a bare shell may not know.
export PATH := $(TOOLS)/bin:$(PATH):$(HOME)/.cargo/bin

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
WASM := $(abspath $(TARGET_DIR))/wasm32-unknown-unknown/release/modgate.wasm
# A profile of its own, so that the filter with the hook never lies where the shipped one is looked for.
WASM_CRASH := $(abspath $(TARGET_DIR))/wasm32-unknown-unknown/crash/modgate.wasm

# The same lines are in .tools/env, for a test that is started without make.
export MODGATE_ENVOY := $(TOOLS)/bin/envoy
export MODGATE_NGINX := $(TOOLS)/bin/nginx
export MODGATE_GO := $(TOOLS)/go/bin/go
export MODGATE_MKPROXY := $(TOOLS)/bin/mkproxy
export MODGATE_SUMDB := $(TOOLS)/bin/sumdb
export MODGATE_MODULES := $(TOOLS)/modules
export MODGATE_GARAGE := $(TOOLS)/bin/garage
export MODGATE_REGISTRY := $(TOOLS)/bin/docker-registry
export MODGATE_SKOPEO := $(TOOLS)/bin/skopeo
export MODGATE_WRK := $(TOOLS)/bin/wrk
export MODGATE_H2LOAD := $(TOOLS)/bin/h2load
export MODGATE_WASM := $(WASM)
export MODGATE_WASM_CRASH := $(WASM_CRASH)
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER := $(TOOLS)/bin/wasm-bindgen-test-runner

# Test files of wasm-tests/tests by the place they run in, told by their names: e2e with the built filter, mostly on a
# real Envoy; *_wasm compiled to wasm32 under Node; all others natively without any of the tools.
test_names = $(sort $(basename $(notdir $(wildcard wasm-tests/tests/$(1).rs))) \
	$(notdir $(patsubst %/main.rs,%,$(wildcard wasm-tests/tests/$(1)/main.rs))))
WASM_TESTS := $(call test_names,*_wasm)
NATIVE_TESTS := $(filter-out e2e $(WASM_TESTS),$(call test_names,*)) $(basename $(notdir $(wildcard tests/*.rs)))

# The whole workspace each time: cargo then builds what the packages share once, with the features of both.
CARGO_TEST := cargo test --locked --no-fail-fast --workspace
NATIVE := --lib --bins $(NATIVE_TESTS:%=--test %)
E2E := $(CARGO_TEST) --test e2e --
# Tests of the core that enumerate orders of events, or draw what happens by the thousand.
LONG_TESTS := every_order never_panics ::chance:: ::model:: ::random::

# Notes how long each test takes, and puts the table of the slowest above the last program's closing line.
export TEST_TIMES := $(abspath $(TARGET_DIR))/test-times
TIMED = --config 'target."cfg(not(target_arch = \"wasm32\"))".runner = "$(CURDIR)/.ci/timed"'
# Most tests of the end-to-end suites wait for something most of the time.
E2E_THREADS ?= $(shell echo $$((3 * $$(nproc))))

heading = @printf '\n== %s\n' '$(1)'

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z0-9-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: wasm
wasm: ## Build the filter: target/wasm32-unknown-unknown/release/modgate.wasm
	@.ci/setup rust
	cargo build --locked --release -p modgate --target wasm32-unknown-unknown

IMAGE := $(abspath $(TARGET_DIR))/image

.PHONY: image
image: wasm ## Put the filter into an image for a registry: target/image (an OCI layout), its digest in target/image.digest
	cargo run --locked -p modgate-wasm-tests --no-default-features --features image --bin image -- $(WASM) $(IMAGE)

# make run PORT=8080 UPSTREAM=...: make hands what is set on its command line to the program as environment.
.PHONY: run
run: wasm ## Start a gateway here. Settings: PORT, UPSTREAM, SUMDB, ADMIN_PORT, STORAGE_DIR, WORKERS, CONFIG, LISTEN
	@.ci/setup envoy nginx go mkproxy sample
	cargo run --locked -p modgate-wasm-tests --no-default-features --bin gateway

.PHONY: existing-gateway
existing-gateway: wasm ## Start the gateway of examples/existing-gateway here, before and after Modgate came to it
	@.ci/setup envoy nginx go mkproxy sample
	cargo run --locked -p modgate-wasm-tests --no-default-features --bin existing-gateway

##@ Develop

.PHONY: setup
setup: ## Fetch all tools now (the other targets fetch what they need)
	@.ci/setup rust node bindgen deny shellcheck go envoy nginx wrk h2load mkproxy sumdb sample real skopeo registry

.PHONY: test
test: test-native wasm test-wasm test-e2e ## All tests: natively, in wasm32 under Node, end to end on a real Envoy

.PHONY: test-native
test-native: ## The tests that need nothing but Rust
	$(call heading,Native tests)
	@.ci/setup rust
	$(CARGO_TEST) $(TIMED) $(NATIVE)

.PHONY: test-quick
test-quick: ## What of that takes less than a minute: all but the tests that enumerate and draw
	@.ci/setup rust
	$(CARGO_TEST) $(NATIVE) -- $(LONG_TESTS:%=--skip %)

.PHONY: test-wasm
test-wasm: ## The core compiled to wasm32, under Node
	$(call heading,The core in wasm32 under Node)
	@.ci/setup rust node bindgen
	cargo test --locked --no-fail-fast -p modgate-wasm-tests --target wasm32-unknown-unknown $(WASM_TESTS:%=--test %)

.PHONY: wasm-crash
wasm-crash: ## Build the filter that tests can crash
	@.ci/setup rust
	cargo build --locked --profile crash -p modgate --target wasm32-unknown-unknown --features crash-hook

.PHONY: test-e2e
test-e2e: wasm wasm-crash ## The filter in a real Envoy, with the real go command, nginx and modules
	$(call heading,End to end on a real Envoy)
	@.ci/setup go envoy nginx mkproxy sumdb sample real skopeo registry
	@status=0; \
		$(CARGO_TEST) $(TIMED) --test e2e -- --skip serial:: --test-threads=$(E2E_THREADS) || status=$$?; \
		TEST_GROUP=serial TEST_TABLE=1 $(CARGO_TEST) $(TIMED) --test e2e -- serial:: --test-threads=1 || status=$$?; \
		exit $$status

# Not a part of `make test`: eight times a minute and more, and 1.2 GB of Envoys and Go trees.
.PHONY: matrix
matrix: wasm wasm-crash ## A choice of the end-to-end tests on older Envoys, and with older go commands. Setting: ROWS, such as "envoy-1.36.4 go-1.23.9"
	@.ci/setup go envoy nginx mkproxy sumdb sample real matrix
	@.ci/matrix $(ROWS)

.PHONY: check
check: ## Format, lints on both targets, documentation, licences, shell scripts
	@.ci/setup rust deny shellcheck
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked -p modgate --target wasm32-unknown-unknown -- -D warnings
	cargo clippy --locked -p modgate --target wasm32-unknown-unknown --features crash-hook -- -D warnings
	cargo clippy --locked -p modgate-wasm-tests --target wasm32-unknown-unknown $(WASM_TESTS:%=--test %) -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
	cargo deny --log-level error check bans licenses sources
	shellcheck -x .ci/run .ci/setup .ci/matrix .ci/timed .ci/check-modules .ci/check-manifests .ci/setup.d/*.sh envoy/drain.sh

.PHONY: check-modules
check-modules: ## Build from the test modules with the real go command, without a gateway between
	@.ci/setup go mkproxy sample real
	.ci/check-modules

.PHONY: check-manifests
check-manifests: ## Hold the manifests for Istio and Envoy Gateway to the published schemas. It needs npm, and fetches them the first time
	@.ci/setup node
	.ci/check-manifests

.PHONY: docs
docs: ## Write the configuration reference anew from the code, and the example that envoy/filter.yaml is pasted into
	@.ci/setup rust
	UPDATE_REFERENCE=1 cargo test --locked -p modgate --lib config::reference
	UPDATE_REFERENCE=1 cargo test --locked -p modgate-wasm-tests --lib existing::

.PHONY: bench
bench: wasm ## Measure the gateway and its peers under load, and a cold build. Settings: BENCH_SECONDS, BENCH_ROUNDS, BENCH_CASES, BENCH_SERVERS, BENCH_WRITE, GOPROXY_BIN, ATHENS_BIN
	@.ci/setup go envoy nginx wrk h2load sumdb
	cargo run --locked --release -p modgate-wasm-tests --bin bench

.PHONY: bench-policy
bench-policy: ## Measure a decision over 10,000 rules, against asking each of them
	@.ci/setup rust
	cargo bench --locked -p modgate --bench policy

# Instructions are the same on a busy machine, and times are not.
.PHONY: bench-core
bench-core: ## Count the instructions of the core's hot functions, and compare them with those kept. KEEP=1 keeps the new ones
	@.ci/setup rust valgrind
	MODGATE_VALGRIND=$(TOOLS)/bin/valgrind cargo bench --locked -p modgate --bench core --features sim

# Settings of one's own have it print one column, and write nothing.
.PHONY: capacity
capacity: ## Write docs/capacity.md anew. Settings: CAPACITY_RATE, CAPACITY_REGIONS, CAPACITY_INDEX_MIB, CAPACITY_EXPONENT
	@.ci/setup rust
	cargo run --locked --release -p modgate-wasm-tests --bin capacity

.PHONY: capacity-day
capacity-day: ## Predict what the day of ten million requests counts. Setting: CAPACITY_DAY_SECONDS, how long it took
	@.ci/setup rust
	cargo run --locked --release -p modgate-wasm-tests --bin capacity -- day

.PHONY: scan
scan: ## Ask an index of full size for a million names once, and count what of 50,000 documents in use is left
	@.ci/setup rust
	cargo run --locked --release -p modgate-wasm-tests --bin capacity -- scan

# Unknown names to ask for.
FLOOD ?= 1000000

.PHONY: flood
flood: wasm ## Ask for FLOOD (1000000) names that nobody has, and watch memory, hits and the upstream
	@.ci/setup envoy
	MODGATE_FLOOD=$(FLOOD) $(E2E) serial::flood:: --test-threads=1 --nocapture

# Configurations to push.
PUSHES ?= 1000

.PHONY: pushes
pushes: wasm ## Push PUSHES (1000) configurations under load, past downloads that stand still, and watch memory and VMs
	@.ci/setup envoy
	MODGATE_PUSHES=$(PUSHES) $(E2E) serial::pushes:: --test-threads=1 --nocapture

.PHONY: ten-million
ten-million: wasm ## A day of ten million requests. Settings: TEN_MILLION_REQUESTS, TEN_MILLION_SEED, TEN_MILLION_WRITE (its page)
	@.ci/setup go envoy nginx sumdb
	cargo run --locked --release -p modgate-wasm-tests --bin ten-million

# A row of each attack is added by the attack itself, failed or not.
ATTACKS := $(abspath $(TARGET_DIR))/attacks.md

.PHONY: attack
attack: wasm ## Attack the gateway as it is shipped, as heavily as an attacker would, and show what came of it
	@.ci/setup envoy nginx
	@printf '| attack | size | MB before / peak | others: p50 / p99 / worst | others failed | verdict |\n|---|---|---|---|---|---|\n' \
		> $(ATTACKS)
	@status=0; MODGATE_ATTACK=heavy MODGATE_ATTACK_TABLE=$(ATTACKS) \
		$(E2E) serial::attack:: --test-threads=1 || status=$$?; \
		printf '\n'; cat $(ATTACKS); exit $$status

# Suites that add rows to the table of faults, and the rows.
FAULT_TESTS := $(shell grep -rl 'field::' wasm-tests/tests/e2e | sed -E 's|^wasm-tests/tests/e2e/([^/.]+).*|\1::|' | sort -u)
FAULT_ROWS := $(abspath $(TARGET_DIR))/faults.rows

.PHONY: faults
faults: wasm ## Write the table of faults anew from what the suites see
	@.ci/setup go envoy nginx mkproxy sumdb sample
	@rm -f $(FAULT_ROWS)
	MODGATE_FAULT_TABLE=$(FAULT_ROWS) $(E2E) $(FAULT_TESTS) --test-threads=$(E2E_THREADS)
	cargo run --locked -p modgate-wasm-tests --bin faults -- $(FAULT_ROWS)

.PHONY: garage
garage: wasm ## Keep modules in three nodes of Garage and kill one (compiles Garage the first time)
	@.ci/setup go envoy nginx mkproxy sample garage
	$(E2E) garage:: --ignored

# Seconds for each fuzz target.
FUZZ_SECONDS ?= 30

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZ_SECONDS (30) each
	@.ci/setup rust fuzz
	@for target in $$(cargo +nightly fuzz list); do \
		printf '\n== %s\n' "$$target"; \
		mkdir -p "fuzz/corpus/$$target"; \
		cargo +nightly fuzz run "$$target" "fuzz/corpus/$$target" "fuzz/seeds/$$target" -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=8192 -print_final_stats=1 || exit 1; \
	done

.PHONY: clean
clean: ## Remove what was built and what runs left behind; .tools/ stays
	cargo clean
	rm -rf .run

.PHONY: distclean
distclean: clean ## Remove .tools/ too
	rm -rf .tools
