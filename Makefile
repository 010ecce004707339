# Each target does everything it needs, and nothing twice: a second run installs and fetches nothing.
SHELL := /bin/bash
PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV := .venv
BIN := $(VENV)/bin

# On Linux without an NVIDIA GPU, the CPU build: the default one would bring gigabytes of CUDA along.
ifeq ($(shell uname -s)$(shell command -v nvidia-smi >/dev/null 2>&1 && echo gpu),Linux)
TORCH ?= torch==2.13.0+cpu
else
TORCH ?= torch==2.13.0
endif

STORE ?= store
ifeq ($(STORE),s3)
# An S3 server of its own, with its data in var/s3, for as long as a command runs.
ON_S3 := $(BIN)/python -m orchestration.local_s3
else
export RUSHES_STORE ?= $(STORE)
endif
export DAGSTER_HOME := $(CURDIR)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
INSTALLED := $(VENV)/installed

.PHONY: help setup demo ui test test-daemon test-interop test-faults test-cluster lint docs site screenshots bench clean
.DEFAULT_GOAL := help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(INSTALLED) ## a virtual environment with everything pinned

$(INSTALLED): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "make: $(PYTHON) is not Python 3.11; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV), a few minutes the first time"
	@$(BIN)/pip install -qq --no-deps '$(TORCH)' || { echo "make: no $(TORCH) was found: let pip see PyTorch's CPU wheels\
	 (PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS; PyTorch's installation page gives the address), or take the default build\
	 with: make TORCH=torch==2.13.0"; exit 1; }
	@$(BIN)/pip install -qq --no-deps -r requirements.lock \
	  || { echo "make: pip could not install requirements.lock; its message above says what was missing"; exit 1; }
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e . \
	  || { echo "make: pip could not install this project; its message above says why"; exit 1; }
	@touch $@

demo: setup ## real clips through all seven assets; STORE=s3: in an S3 server of its own
	@$(ON_S3) $(BIN)/python -m orchestration.demo

ui: setup ## Dagster's UI on http://127.0.0.1:3000; STORE=s3: on what make demo STORE=s3 made
	@$(ON_S3) $(BIN)/python -m orchestration.ui

test: setup ## the tests
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not daemon" \
	  && echo "make test: all tests passed; next: make demo, or make lint" \
	  || { echo "make test: some tests failed; the first FAILED line above says which"; exit 1; }

test-daemon: setup ## backfills by Dagster's own daemon, on SQLite and on Postgres: minutes of waiting
	@$(BIN)/python -m pytest -q tests/orchestration -m daemon && echo "make test-daemon: all tests passed" \
	  || { echo "make test-daemon: some tests failed; the first FAILED line above says which"; exit 1; }

test-interop: setup ## readers of other people's that need TensorFlow, in var/interop
	@python="$$($(BIN)/python tests/interop/environment.py var/interop | tail -1)" && test -n "$$python" \
	  && RUSHES_INTEROP_PYTHON="$$python" $(BIN)/python -m pytest -q tests/interop -m interop \
	  && echo "make test-interop: all tests passed" \
	  || { echo "make test-interop: the message above says what failed"; exit 1; }

test-cluster: setup ## a cluster in network namespaces: Ray, Postgres, S3, a host that is lost (root)
	@python="$$($(BIN)/python tests/cluster/environment.py var/ray | tail -1)" && test -n "$$python" \
	  && "$$python" -m pytest -q tests/cluster -m cluster \
	  && echo "make test-cluster: all tests passed" \
	  || { echo "make test-cluster: the message above says what failed"; exit 1; }

test-faults: setup ## builds killed at fifty moments an asset, ill stores, full disks, jumping clocks: 45 minutes
	@RUSHES_FAULTS=long $(BIN)/python -m pytest -q tests/faults \
	  && echo "make test-faults: all tests passed" \
	  || { echo "make test-faults: some tests failed; the first FAILED line above says which"; exit 1; }

lint: setup ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && echo "make lint: clean"

docs: setup ## what is made from the code: docs/tables.md, docs/commands.md and sql/views
	@$(BIN)/python -m rushes.store.document && $(BIN)/python -m rushes.cli.page && echo "make docs: written"

site: setup ## docs/ as a site of its own, in var/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q && echo "make site: open var/site/index.html"

screenshots: setup ## the pictures of docs/ui.md, by a headless Chromium (Debian: chromium, fonts-dejavu-core)
	@RUSHES_SCREENSHOTS=docs/images/ui $(BIN)/python -m pytest -q tests/ui \
	  && echo "make screenshots: docs/images/ui is written"

bench: setup ## the pipeline's cost beside the usual way's
	@$(BIN)/python benchmarks/pipeline.py

clean: ## remove the environment, the history and the demonstration's store
	rm -rf $(VENV) var store
