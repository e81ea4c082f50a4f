# The only entry point: `make run` and `make test` also work on a new machine; `make help` lists all targets.
# Every recipe is a script in scripts/; what is installed once leaves a stamp file.

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
SETUP_RUN := $(STAMPS)/rust
SETUP_PACKAGES := $(addprefix $(STAMPS)/,rust prerequisites npm wasm)
SETUP_TEST := $(SETUP_PACKAGES) $(addprefix $(STAMPS)/,python browser postgres redis valgrind)
SETUP_DIST := $(addprefix $(STAMPS)/,rust prerequisites dist-python)
SETUP_DIST_NODE := $(SETUP_PACKAGES) $(STAMPS)/musl
SETUP_BENCH := $(SETUP_PACKAGES) $(addprefix $(STAMPS)/,python bench-python bench-node)

.PHONY: help setup build dist-python dist-node run test fuzz fuzz-core mutants bench bench-python bench-server capacity lint format lock clean

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 15

setup: ## Installs the tools for build, test and lint, several at a time; quick if they are installed
	@$(MAKE) --jobs=4 $(SETUP_TEST)

build: setup ## Builds server, wheel, Node package and web package, optimised
	@scripts/build.sh

dist-python: $(SETUP_DIST) ## Builds the wheels and the sdist of the Python package, checks them, and tests them with every Python of this machine
	@scripts/dist-python.sh

dist-node: $(SETUP_DIST_NODE) ## Builds the packages for Node with the addons for glibc and musl, and loads both
	@scripts/dist-node.sh

run: $(SETUP_RUN) ## Builds the server without optimisation and starts it on 127.0.0.1:8080 with the demo flags
	@scripts/run.sh

test: setup ## Runs all tests of all languages
	@scripts/test.sh

fuzz: setup ## Compares all bindings with the oracle, and imported flags with the vendors' formulas, on random documents: make fuzz N=1000 SEED=1
	@scripts/build.sh --debug
	@.venv/bin/python conformance/fuzz/run.py --count $(N) --seed $(SEED) --bindings rust,python,node,node-wasm,server
	@VENDOR_INPUTS=$(N) VENDOR_SEED=$(SEED) .venv/bin/python -m pytest -q conformance/spec/test_vendors.py -k random

fuzz-core: $(STAMPS)/rust $(STAMPS)/prerequisites ## Fuzzes the core with libFuzzer: make fuzz-core SECONDS=60
	@scripts/fuzz-core.sh $(SECONDS)

mutants: $(STAMPS)/rust ## Runs mutation tests of the core; half an hour
	@scripts/mutants.sh

bench: $(SETUP_BENCH) ## Compares this tree with other systems: make bench BENCH=--quick for a rough pass
	@scripts/bench.sh $(BENCH)

capacity: $(SETUP_PACKAGES) $(STAMPS)/python ## Measures the server for docs/capacity.md: make capacity CAPACITY=--quick, or =--record to update the page
	@scripts/capacity.sh $(CAPACITY)

bench-python: $(STAMPS)/rust $(addprefix $(STAMPS)/,prerequisites python bench-python) ## Measures what the Python SDK adds to a request of Django, a read and the import
	@scripts/bench-python.sh

bench-server: $(STAMPS)/rust $(STAMPS)/prerequisites ## Opens 10,000 streams of one server and times a change: make bench-server BENCH_SERVER='--streams 2000'
	@scripts/bench-server.sh $(BENCH_SERVER)

lint: setup ## Runs every formatter, linter, type checker and audit
	@scripts/lint.sh

format: setup ## Formats all code in place
	@scripts/format.sh

lock: ## Updates the pinned Python tools and the peers of bench/python
	@scripts/lock.sh

clean: ## Deletes everything that was built and installed here
	@scripts/clean.sh

# A stamp is stale if one of its dependencies has changed.
$(STAMPS)/rust: Cargo.toml
$(STAMPS)/prerequisites:
$(STAMPS)/python: requirements-dev.txt
$(STAMPS)/npm: package-lock.json
$(STAMPS)/wasm: scripts/wasm-toolchain.sh
$(STAMPS)/browser $(STAMPS)/postgres $(STAMPS)/redis $(STAMPS)/valgrind:
$(STAMPS)/bench-python: bench/python/requirements.txt
$(STAMPS)/dist-python: requirements-dist.txt
$(STAMPS)/bench-node: bench/node/package-lock.json
$(STAMPS)/musl: requirements-musl-node.txt
$(STAMPS)/python $(STAMPS)/npm $(STAMPS)/wasm $(STAMPS)/browser $(STAMPS)/postgres $(STAMPS)/redis $(STAMPS)/valgrind $(STAMPS)/bench-python $(STAMPS)/bench-node $(STAMPS)/dist-python $(STAMPS)/musl: | $(STAMPS)/prerequisites

# MAKEFLAGS is empty for the scripts: it names a jobserver that only a nested make can use, and compilers warn about that.
$(STAMPS)/%: scripts/setup/%.sh scripts/lib.sh
	@MAKEFLAGS= $<
	@mkdir -p $(@D) && touch $@
