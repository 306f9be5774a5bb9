# The targets that people, commit hooks and CI share. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Tests start a hundred programs: each would compile all modules again where none may be kept.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PLUGINS := equipment calibration maintenance integration
SOURCES := calibrify_core migrations $(foreach p,$(PLUGINS),plugins/$(p)/src)
TEMPLATES := $(wildcard calibrify_core/*/templates plugins/*/src/*/templates)
SCRIPTS := static/js calibrify_core $(wildcard plugins/*/src)
CONFIGS := setup.cfg pyproject.toml $(foreach p,$(PLUGINS),plugins/$(p)/setup.cfg plugins/$(p)/pyproject.toml)
PORT ?= 6543
WORKERS ?= 2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- set-up

.PHONY: setup
setup: .venv/.ready ## build .venv with everything that running, testing and checking needs

# The distribution's own Python goes first: it is built with optimisations, which one that was
# compiled by hand often is not; the same program then takes half as long again.
GOOD_PYTHON := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# The stamp is younger than what it was built from, so a second run does nothing.
.venv/.ready: config/requirements/dev.txt $(CONFIGS)
	@python=$${PYTHON:-}; \
	for version in 3.11 3.12 3.13 3; do \
	    for name in "/usr/bin/python$$version" "python$$version"; do \
	        [ -z "$$python" ] && "$$name" -c '$(GOOD_PYTHON)' 2>/dev/null && python=$$name; \
	    done; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Calibrify needs Python 3.11 or newer with its venv module; none was found." >&2; \
	    echo "On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || "$$python" -m venv .venv || { rm -rf .venv; exit 1; }
	@echo "Installing the locked requirements into .venv (a minute or two the first time)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r config/requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	    -e . $(foreach p,$(PLUGINS),-e plugins/$(p))
	@touch $@

.PHONY: run
run: setup ## start Calibrify on http://localhost:6543 with a demonstration laboratory
	@exec $(BIN)/calibrify serve --demo --port $(PORT)

# ---------------------------------------------------------------- tests and checks

.PHONY: test
test: setup ## run every test, on SQLite and on a PostgreSQL that the tests start themselves
	@tests/system-packages.sh
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

.PHONY: bench
bench: setup ## measure speed at 100,000 instruments beside the limit (SIZE=…, JSON=file)
	@$(BIN)/python -m tests.benchmarks --size $(or $(SIZE),100000) $(if $(JSON),--json $(JSON))

CHECKS := check-ruff check-format check-types check-imports check-docstrings check-requirements check-locks \
    check-templates check-scripts check-vendor check-migrations check-docs

.PHONY: check $(CHECKS)
check: setup ## run every check that is not a test
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target $(CHECKS)

check-ruff:
	@echo "ruff check"; $(BIN)/ruff check --quiet .

check-format:
	@echo "ruff format"; $(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check . ; exit 1; }

check-types:
	@echo "mypy"; $(BIN)/mypy --no-error-summary

check-imports:
	@echo "import-linter"; $(BIN)/lint-imports --no-logo --no-cache >$(CURDIR)/.venv/.imports 2>&1 \
	    || { cat $(CURDIR)/.venv/.imports; exit 1; }

check-docstrings:
	@echo "interrogate"; $(BIN)/interrogate --quiet -c pyproject.toml $(SOURCES) \
	    || { $(BIN)/interrogate -vv -c pyproject.toml $(SOURCES) | grep -E 'MISSED' ; exit 1; }

check-requirements:
	@echo "deptry"; $(BIN)/deptry $(SOURCES) >$(CURDIR)/.venv/.deptry 2>&1 || { cat $(CURDIR)/.venv/.deptry; exit 1; }

check-locks:
	@echo "locks"; config/requirements/lock.sh --check

check-templates:
	@echo "djlint"; $(BIN)/djlint --quiet --lint $(TEMPLATES)

check-scripts:
	@echo "oxlint"; $(BIN)/oxlint --quiet --deny-warnings -c config/oxlint.json $(SCRIPTS)

check-vendor:
	@echo "vendored files"; $(BIN)/python static/vendor/build.py --check

# Models and migrations must agree on a database that the migrations made.
check-migrations:
	@echo "migrations"; data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; export CALIBRIFY_DATA_DIR=$$data; \
	{ $(BIN)/calibrify db upgrade && $(BIN)/calibrify db check; } >"$$data/output" 2>&1 \
	    || { cat "$$data/output"; exit 1; }

check-docs:
	@echo "documentation"; $(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

.PHONY: fix
fix: setup ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check .

# ---------------------------------------------------------------- upkeep

.PHONY: lock
lock: setup ## rewrite the hash-locked requirements from the ranges (UPGRADE=1: to the newest)
	@config/requirements/lock.sh $(if $(UPGRADE),--upgrade)

.PHONY: docs
docs: setup check-docs ## build the documentation into docs/_build/html
	@echo "docs/_build/html/index.html"

# setuptools packs whatever an earlier build left in its build folder.
.PHONY: wheels
wheels: setup ## build the wheels of the core and the plugins into dist
	@rm -rf dist build $(foreach p,$(PLUGINS),plugins/$(p)/build)
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist \
	    . $(foreach p,$(PLUGINS),./plugins/$(p))
	@ls dist
