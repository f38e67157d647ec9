# `make` alone prints what there is.

# One target directory for every clone, outside of it and kept between runs: a fresh clone then builds what changed.
# What another clone built of our own crates is forgotten: cargo would take it for this one's (scripts/own-target).
ifeq ($(origin CARGO_TARGET_DIR), undefined)
  CARGO_TARGET_DIR := $(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}/tasker/target"; \
    if [ -n "$$HOME" ] && mkdir -p "$$d" 2>/dev/null && [ -w "$$d" ]; then echo "$$d"; else echo "$(CURDIR)/target"; fi)
endif
export CARGO_TARGET_DIR
OWN_TARGET := $(shell CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)' scripts/own-target)

.DEFAULT_GOAL := help
.PHONY: help setup demo install test scale soak soak-runtimes fuzz schemathesis mutants lint fmt generate check-generated clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing (PostgreSQL programs, a C compiler), or say how
	@scripts/setup

# --workspace with one program builds that program alone, of the same parts as everything else.
demo: setup ## Build Tasker and run the order workflow on a private PostgreSQL
	@cargo build --release --workspace --bin tasker
	@"$$CARGO_TARGET_DIR/release/tasker" demo

install: ## Install the C library: PREFIX (/usr/local), DESTDIR, LIBDIR, INCLUDEDIR
	@cargo build --release --workspace
	@$(MAKE) --silent --directory ffi install

test: ## Everything: setup, format, lints, generated files, tests, scenarios
	@scripts/test

scale: ## Measure claims beside 12,000,000 rows, graphs of up to 100,000 steps, and a pooler (takes a while, and 12 GB of disk)
	@scripts/setup --tests
	@cargo build --release --workspace --bin tasker
	@cargo build --release --workspace --bin through-pooler
	@"$$CARGO_TARGET_DIR/release/tasker" bench backlog
	@"$$CARGO_TARGET_DIR/release/tasker" bench graph-size
	@"$$CARGO_TARGET_DIR/release/through-pooler" "$$CARGO_TARGET_DIR/release/tasker" bench linear

soak: setup ## Run half of the maximum load for an hour beside a snapshot held for thirty minutes, judge it, and plot it
	@cargo build --release --workspace --bin tasker
	@"$$CARGO_TARGET_DIR/release/tasker" bench soak --output "$$CARGO_TARGET_DIR/soak.jsonl"; status=$$?; \
	  bench/plot-soak "$$CARGO_TARGET_DIR/soak.jsonl" docs/operations/soak.svg docs/operations/soak.md && exit $$status

soak-runtimes: ## Run 500,000 steps in one worker process of each language, and judge whether its memory stays flat
	@scripts/setup --tests
	@scripts/python --install && scripts/node --install && scripts/c --install && scripts/ruby --install
	@cargo build --release --workspace --bin tasker
	@failed=; for runtime in rust python "python --handler-kind async" node c ruby; do \
	  echo "== $$runtime"; \
	  "$$CARGO_TARGET_DIR/release/tasker" bench memory --no-reference --concurrency 16 --runtime $$runtime || failed="$$failed, $$runtime"; \
	done; if [ -n "$$failed" ]; then echo "not flat:$${failed#,}" >&2; exit 1; fi

fuzz: ## Fuzz every target for FUZZ_SECONDS (600), two side by side; installs cargo-fuzz
	@scripts/fuzz

schemathesis: ## Try the description of the HTTP interface on a server, with thousands of requests (schemathesis, from PyPI)
	@scripts/setup --tests
	@scripts/schemathesis

mutants: setup ## Take out each check of who may do what: a test has to turn red (takes hours; installs cargo-mutants)
	@scripts/mutants

lint: ## Check the format and the lints
	@cargo fmt --all --check
	@cargo clippy --release --workspace --all-targets -- -D warnings

fmt: ## Format the sources
	@cargo fmt --all

generate: ## Write all generated files anew
	@scripts/generate

check-generated: ## Fail if a generated file is not what its generator writes
	@scripts/generate --check

clean: ## Remove what was built, and the PostgreSQL cluster of the tests
	@if [ -x "$$CARGO_TARGET_DIR/release/test-server" ]; then "$$CARGO_TARGET_DIR/release/test-server" remove; fi
	@cargo clean
