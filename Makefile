# Two commands for a newcomer: `make demo` and `make test`. Every target makes .venv from the hashed lock when needed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.from-lock
SUITE ?=
CORPUS ?=
ONLY ?=
COMMA := ,
TENTH ?=
CASES ?= 1000000
SEED ?= 1

.PHONY: help demo demo-telegram test prove check accept bench fuzz lock clean-venv

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(STAMP) ## a sample archive sent into a library: progress, report, gallery
	$(BIN)/python scripts/make_sample.py demo/sample.zip
	$(BIN)/python scripts/show_demo.py

demo-telegram: $(STAMP) ## the same archive sent into a chat of the sandbox; tells the address of the chat's page
	$(BIN)/python scripts/make_sample.py demo/sample.zip
	$(BIN)/python scripts/show_telegram_demo.py

test: $(STAMP) ## the tests, in random order, on up to four cores
	$(BIN)/python -m pytest -q -n auto --maxprocesses=4 --dist=worksteal

prove: $(STAMP) ## the long proofs, part by part: make prove ONLY=kills,guards SUITE=… CORPUS=… TENTH=seed
	$(BIN)/python -m prove $(if $(ONLY),--only $(ONLY)) $(if $(SUITE),--suite $(SUITE)) $(if $(CORPUS),--corpus $(CORPUS)) $(if $(TENTH),--tenth $(TENTH))

check: $(STAMP) ## style, types, floors and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src tests fuzz prove
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

accept: $(STAMP) ## an outside acceptance suite: make accept SUITE=path CORPUS=path
	@test -n "$(SUITE)" -a -n "$(CORPUS)" || { echo 'usage: make accept SUITE=path/to/suite.py CORPUS=path' >&2; exit 2; }
	$(BIN)/python scripts/accept.py "$(SUITE)" "$(CORPUS)"

bench: $(STAMP) ## figures as ratios against plain tools: make bench, or make bench ONLY=small,plots
	$(BIN)/python -m bench $(subst $(COMMA), ,$(ONLY))

fuzz: $(STAMP) ## a million hostile cases: make fuzz CASES=1000000 SEED=1
	$(BIN)/python -m fuzz --cases $(CASES) --seed $(SEED)

lock: $(STAMP) ## requirements.lock again, from pyproject.toml
	$(BIN)/python scripts/lock.py

clean-venv: ## remove .venv; the next target makes it again
	rm -rf .venv
