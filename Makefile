# Every task sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# demo: DATA=folder of real history, MODEL=FreqAI model, PORT=of the local venue
DATA  ?=
MODEL ?= HydraSignalScorer
PORT  ?= 8300
# test: how many at once, and anything else for pytest (ARGS="-k venue")
JOBS  ?= 2
ARGS  ?=

.PHONY: help setup demo test check format bench clean

help: ## list the tasks
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv (pinned; nothing else is needed first)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "HYDRA needs Python 3.11 or newer and found no python3: install it, or name it with make PYTHON=/path/to/python"; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "HYDRA needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1): name another with make PYTHON=/path/to/python"; exit 2; }
	@echo "Installing HYDRA, freqtrade and their pinned dependencies into $(VENV) (a few minutes the first time) ..."
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## see HYDRA trade in freqtrade, offline; DATA=folder for real history
	@$(BIN)/hydra-quant demo --port $(PORT) --model $(MODEL) $(if $(DATA),--data "$(DATA)")

test: $(STAMP) ## run all tests, through the real freqtrade commands too
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## format, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

format: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure side by side; writes bench/results/*.json
	@$(BIN)/python -m bench $(ARGS)

clean: ## remove what a demo or a test run left (keeps .venv and your user_data/data)
	rm -rf user_data/demo user_data/hydra .pytest_cache .mypy_cache .ruff_cache .hypothesis
