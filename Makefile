# Every target works on a fresh clone: it sets up what it needs first.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
STAMPS := build/stamps
RUST_SOURCES := $(shell find crates novation/native circuits/cairo_air circuits/vm prover/stark prover/cairo prover/native -name '*.rs' -o -name 'Cargo.toml' -o -name 'layout.json' 2>/dev/null) Cargo.toml Cargo.lock
SOLIDITY_SOURCES := $(shell find l1_contracts/src l1_contracts/script -name '*.sol' 2>/dev/null) l1_contracts/foundry.toml
# Extension modules need an interpreter around them: they are tested from Python.
NO_EXTENSIONS := --exclude novation-native --exclude novation-prover-native --exclude novation-pyint
CAIRO_SOURCES := $(shell find circuits/cairo -name '*.cairo' 2>/dev/null)
PYTHON_DIRS := novation sequencer oracle circuits prover devnet formal simulation tests scripts l1_contracts/script

.PHONY: help setup native demo devnet test test-all bench sim formal fmt lint gen check-generated vectors clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

setup: $(STAMPS)/native $(STAMPS)/contracts $(STAMPS)/program ## Install and build everything; leaves .venv/bin/novation
	@echo "ready: $(BIN)/novation --help"

$(STAMPS)/prerequisites: scripts/check_prerequisites.sh
	@sh scripts/check_prerequisites.sh
	@mkdir -p $(STAMPS) && touch $@

# pip stays silent when all is well: with --quiet it names neither what is there nor what it takes.
$(STAMPS)/python: pyproject.toml requirements.lock | $(STAMPS)/prerequisites
	@echo "set-up: Python packages into $(VENV) (a minute or two the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.lock
	@touch $@

$(STAMPS)/native: $(STAMPS)/python $(RUST_SOURCES)
	@echo "set-up: Rust extensions (some minutes the first time, seconds after a small change)"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/node: package.json package-lock.json | $(STAMPS)/prerequisites
	@echo "set-up: Node packages: forge, solc, anvil (half a minute)"
	@npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(STAMPS)/contracts: $(STAMPS)/node $(SOLIDITY_SOURCES)
	@echo "set-up: contracts (half a minute)"
	@npx forge build --root l1_contracts --quiet
	@touch $@

$(STAMPS)/program: $(STAMPS)/native $(CAIRO_SOURCES) circuits/compiler.py circuits/loader.py circuits/parts.py circuits/program_hash.json
	@echo "set-up: Cairo program (half a minute)"
	@$(BIN)/python -m circuits.program --check
	@touch $@

native: ## Build the extension modules into the checkout again
	@rm -f $(STAMPS)/native
	@$(MAKE) --no-print-directory $(STAMPS)/native

# The contract checkers need other versions of shared packages than the project: an own environment.
$(STAMPS)/formal: formal/requirements.txt | $(STAMPS)/prerequisites
	@echo "set-up: contract checkers into build/formal/tools (a minute when they have to be downloaded)"
	@test -x build/formal/tools/bin/python || $(PYTHON) -m venv build/formal/tools
	@build/formal/tools/bin/pip install --quiet --disable-pip-version-check -r formal/requirements.txt
	@mkdir -p $(STAMPS) && touch $@

demo: setup ## The whole exchange once, on a local chain: orders, proofs, settlement, withdrawal
	@$(BIN)/novation demo

devnet: setup ## The same system, kept running until Ctrl-C
	@$(BIN)/novation devnet

test: setup lint $(STAMPS)/formal ## Lint, unit, property, soundness and end-to-end tests; one batch proven on a local chain
	@echo 'test: Rust'
	@cargo test --profile testing --workspace $(NO_EXTENSIONS) --quiet
	@sh scripts/check_arm.sh
	@echo 'test: contracts'
	@npx forge test --root l1_contracts
	@echo 'test: Python; one batch is proven and settled on a local chain'
	@cargo build --release --quiet -p novation-cairo-prover --example small_proof
	@$(BIN)/pytest -n 2 --dist worksteal -q

test-all: setup lint $(STAMPS)/formal ## Also the slow proofs, mutations and soaks
	@echo 'test: Rust, slow tests included'
	@cargo test --profile testing --workspace $(NO_EXTENSIONS) -- --include-ignored
	@echo 'test: contracts'
	@npx forge test --root l1_contracts
	@echo 'test: Python, slow tests included'
	@$(BIN)/pytest -m ""

bench: setup ## Measure and write build/bench/report.json
	@$(BIN)/novation bench

sim: setup ## A day of seeded traders with two crashes, Python beside Cairo; write build/sim/report.json
	@$(BIN)/python -m simulation

formal: setup $(STAMPS)/formal ## Prove properties of circuit, contract and field for all values; write build/formal/report.json
	@$(BIN)/python -m formal

fmt: $(STAMPS)/python $(STAMPS)/node ## Format every language
	@$(BIN)/ruff check --fix --quiet $(PYTHON_DIRS) || true
	@$(BIN)/ruff format --quiet $(PYTHON_DIRS)
	@cargo fmt --all
	@npx forge fmt --root l1_contracts
	@$(BIN)/cairo-format -i $(CAIRO_SOURCES)

lint: setup ## All linters, warnings are errors
	@echo 'lint: Python'
	@$(BIN)/ruff check --quiet $(PYTHON_DIRS)
	@$(BIN)/ruff format --check --quiet $(PYTHON_DIRS)
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@echo 'lint: Rust'
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --profile testing --quiet -- -D warnings
	@echo 'lint: Solidity, Cairo, layout of the tree'
	@npx forge fmt --root l1_contracts --check
	@$(BIN)/cairo-format -c $(CAIRO_SOURCES)
	@$(BIN)/pytest -q tests/tidy

gen: setup ## Regenerate committed generated files (protobuf code, Solidity constraints)
	@$(BIN)/python scripts/generate.py

check-generated: setup ## Fail if a committed generated file is stale
	@$(BIN)/python scripts/generate.py --check

vectors: setup ## Rewrite tests/vectors from the Python protocol
	@$(BIN)/python -m tests.vectors.write

clean: ## Remove everything that was built
	@rm -rf build target $(VENV) node_modules l1_contracts/out l1_contracts/cache
