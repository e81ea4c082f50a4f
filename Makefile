# The only entry point: `make run` and `make test` do everything, on a fresh machine too; `make help` lists the rest.
# Every recipe is a script in scripts/; what is installed once leaves a stamp.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := bash

N := 1000
SEED := 1
SECONDS := 60
BENCH :=
BENCH_SERVER :=
CAPACITY :=
STAMPS := .tools/stamps
SETUP_RUN := $(addprefix $(STAMPS)/,prerequisites npm wasm)
SETUP_TEST := $(SETUP_RUN) $(addprefix $(STAMPS)/,python browser postgres redis valgrind)
SETUP_BENCH := $(SETUP_RUN) $(addprefix $(STAMPS)/,python bench-python bench-node)

.PHONY: help setup build run test fuzz fuzz-core mutants bench bench-server capacity lint format lock clean

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(SETUP_TEST) ## Installs what build, test and lint need; quick when nothing is to do

build: setup ## Builds server, wheel, Node package and web package, optimised
	@scripts/build.sh

run: $(SETUP_RUN) ## Builds what is needed and starts the server on 127.0.0.1:8080 with the demo flags
	@scripts/run.sh

test: setup ## Runs every test of every language
	@scripts/test.sh

fuzz: setup ## Compares all bindings and the oracle on random documents: make fuzz N=1000 SEED=1
	@scripts/build.sh --debug
	@.venv/bin/python conformance/fuzz/run.py --count $(N) --seed $(SEED) --bindings rust,python,node,node-wasm,server

fuzz-core: $(STAMPS)/prerequisites ## Fuzzes the core alone with libFuzzer: make fuzz-core SECONDS=60
	@scripts/fuzz-core.sh $(SECONDS)

mutants: $(STAMPS)/prerequisites ## Counts the small changes of the core that no test notices; half an hour
	@scripts/mutants.sh

bench: $(SETUP_BENCH) ## Measures this tree and its peers, in turns: make bench BENCH=--quick for a rough pass
	@scripts/bench.sh $(BENCH)

capacity: $(SETUP_RUN) $(STAMPS)/python ## Measures the server for docs/capacity.md: make capacity CAPACITY=--quick, or =--record to write the page
	@scripts/capacity.sh $(CAPACITY)

bench-server: $(STAMPS)/prerequisites ## Holds 10,000 streams at one server and times a change: make bench-server BENCH_SERVER='--streams 2000'
	@scripts/bench-server.sh $(BENCH_SERVER)

lint: setup ## Runs every formatter, linter, type checker and audit
	@scripts/lint.sh

format: setup ## Formats all code in place
	@scripts/format.sh

lock: ## Pins the Python tools and the peers of bench/python anew
	@scripts/lock.sh

clean: ## Removes what was built and installed here
	@scripts/clean.sh

# What a stamp depends on is what makes it stale.
$(STAMPS)/prerequisites: Cargo.toml
$(STAMPS)/python: requirements-dev.txt
$(STAMPS)/npm: package-lock.json
$(STAMPS)/wasm: Cargo.lock scripts/wasm-toolchain.sh
$(STAMPS)/browser $(STAMPS)/postgres $(STAMPS)/redis $(STAMPS)/valgrind:
$(STAMPS)/bench-python: bench/python/requirements.txt
$(STAMPS)/bench-node: bench/node/package-lock.json
$(STAMPS)/python $(STAMPS)/npm $(STAMPS)/wasm $(STAMPS)/browser $(STAMPS)/postgres $(STAMPS)/redis $(STAMPS)/valgrind $(STAMPS)/bench-python $(STAMPS)/bench-node: | $(STAMPS)/prerequisites

$(STAMPS)/%: scripts/setup/%.sh scripts/lib.sh
	@$<
	@mkdir -p $(@D) && touch $@
