# The developer's interface. Every target makes what it needs: no step has to be run by hand before another.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
EXAMPLE := examples/image-classifier

INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_DOCS := $(VENV)/.installed-docs
INSTALLED_BENCH := $(VENV)/.installed-bench

.PHONY: help demo test lint format bench docs clean system-packages bench-packages

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml $(EXAMPLE)/requirements.txt
	@PYTHON="$(PYTHON)" tools/make-venv "$(VENV)" -e . -r $(EXAMPLE)/requirements.txt
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@PYTHON="$(PYTHON)" tools/make-venv "$(VENV)" -e '.[dev]'
	@touch $@

$(INSTALLED_DOCS): $(INSTALLED)
	@PYTHON="$(PYTHON)" tools/make-venv "$(VENV)" -e '.[docs]'
	@touch $@

$(INSTALLED_BENCH): $(INSTALLED)
	@PYTHON="$(PYTHON)" tools/make-venv "$(VENV)" -e '.[bench]'
	@touch $@

demo: $(INSTALLED) ## Run the main job on the example service and write its report.
	@PATH="$(abspath $(BIN)):$$PATH" aiops run --config $(EXAMPLE)/aiops.yml $(ARGS)

# Tests that neither measure nor load anything; the others have the machine for themselves.
SIDE_BY_SIDE := $(wildcard tests/integration/test_plan*.py tests/integration/test_catalog_*.py)

test: $(INSTALLED_DEV) system-packages ## Run every test: unit (two at a time), integration, end-to-end. Or those of ARGS.
ifdef ARGS
	@PATH="$(abspath $(BIN)):$$PATH" pytest $(ARGS)
else
	@export PATH="$(abspath $(BIN)):$$PATH" status=0; pytest --numprocesses=2 --dist=loadfile tests/unit $(SIDE_BY_SIDE) || status=1; \
	pytest tests/integration tests/e2e $(SIDE_BY_SIDE:%=--ignore=%) || status=1; exit $$status
endif

system-packages: # Debian packages the end-to-end tests use; elsewhere those tests skip and say so.
	@tools/install-debian-packages groovy chromium

lint: $(INSTALLED_DEV) ## Check style, types, import directions, CI files.
	@PATH="$(abspath $(BIN)):$$PATH" tools/lint

format: $(INSTALLED_DEV) ## Rewrite the code in the project's format.
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

docs: $(INSTALLED_DOCS) ## Write the reference pages again and build the documentation into site/.
	@PATH="$(abspath $(BIN)):$$PATH" tools/build-reference
	@PATH="$(abspath $(BIN)):$$PATH" NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

bench: $(INSTALLED_BENCH) bench-packages ## Measure this project's own speed beside its peers, as ratios.
	@status=0; for script in benchmarks/*.py; do echo; $(BIN)/python "$$script" $(ARGS) || status=1; done; exit $$status

bench-packages: # Debian packages of the peers; elsewhere a script names those it does not find.
	@tools/install-debian-packages wrk hey

clean: ## Remove what make made.
	rm -rf $(VENV) .aiops $(EXAMPLE)/.aiops .mypy_cache .pytest_cache .ruff_cache .hypothesis dist site
