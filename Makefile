# Everything a developer or an operator on a fresh machine starts. `make help` lists it.
# Needed beforehand: git, make and Python 3.11 or later; the rest is fetched into .venv.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
# The newest Python that is there; PYTHON=... chooses another.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 && \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	{ echo $$name; break; }; done)
ONCE ?=
SITE ?=
INTRANET ?=
FOLDER ?= demo
PYTEST_ARGS ?=

.PHONY: help setup demo test check generate bench clean
.DEFAULT_GOAL := help

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 20

setup: $(STAMP) ## make .venv with everything that is needed (quick when nothing changed)

$(STAMP): pyproject.toml uv.lock
	@if [ -z "$(PYTHON)" ]; then \
		echo "Casethread needs Python 3.11 or later, and there is none on the PATH." >&2; \
		echo "Install it (python.org, or your system's packages), or say: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; fi
	@[ -x $(BIN)/python ] || { echo "Making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV) || { \
		echo "This Python has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; }
	@[ -x $(BIN)/uv ] || { echo "Fetching uv into $(VENV)"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'; }
	@# --inexact: uv itself is not in the lock and must stay. Kerberos needs headers of the system.
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv sync --active --locked --all-extras --no-extra kerberos --inexact --compile-bytecode --quiet
	@# Some machines forbid Python to write bytecode; without it each start costs half a second more.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q connector schedulers
	@touch $(STAMP)

demo: setup ## sync a made-up municipality in ./demo; ONCE=1: one sync; SITE=onprem: Lync and Exchange; INTRANET=plone
	@# 130: ended with Ctrl-C, as it says it should be; the trap keeps the shell from an error line.
	@$(if $(INTRANET),scripts/$(INTRANET),true)
	@trap : INT; $(BIN)/casethread demo --folder $(FOLDER) $(if $(SITE),--site $(SITE),) $(if $(ONCE),--once,) \
		$(if $(INTRANET),--intranet ".venv-plone/bin/python intranet/plone/serve.py",) || [ $$? -eq 130 ]

test: setup ## run all tests, real PostgreSQL included
	@scripts/test $(PYTEST_ARGS)

check: setup ## format, lint, types, import layers, generated files
	@scripts/check

generate: setup ## write the files that are made from code
	@$(BIN)/python scripts/generate
	@$(BIN)/python scripts/generate-commands
	@$(BIN)/python scripts/contract-table
	@$(BIN)/python scripts/route-table

bench: setup ## measure speed and memory, write docs/performance.md (more than an hour)
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.web
	@$(BIN)/python -m bench.exchange
	@$(BIN)/python -m bench.lync
	@scripts/plone
	@$(BIN)/python -m bench.articles

clean: ## remove .venv, the demo and all caches
	rm -rf $(VENV) .venv-plone demo .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
