# Every target is one line; what it needs is fetched the first time (uv from PyPI, packages from uv.lock).
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help env demo test again lint type format bench guard faults security release audit clean

# The first interpreter on this machine that is new enough; uv is told to use it, so it never fetches one.
PYTHON := $(shell for p in python3.12 python3.13 python3.14 python3 python; do $$p -c 'import sys; v = sys.version_info >= (3, 12); v and print(sys.executable); sys.exit(not v)' 2>/dev/null && break; done)
UV := $(shell command -v uv || echo .tools/bin/uv)
export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
RUN := $(UV) run --frozen --no-sync
# The tests mostly wait for processes that they started.
WORKERS ?= 3

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

env: .venv/ready ## set up .venv from uv.lock

demo: .venv/ready ## the main job on this machine, end to end; ARGS=--once for a fixed amount
	@$(RUN) aoai-collector demo $(ARGS)

test: .venv/ready ## all tests, WORKERS (3) at a time; ARGS is passed to pytest
	@$(RUN) pytest -n $(WORKERS) --dist worksteal $(ARGS)

again: .venv/ready ## the tests that failed last, one at a time
	@$(RUN) pytest --last-failed --last-failed-no-failures none $(ARGS)

lint: .venv/ready ## ruff: rules and formatting
	@$(RUN) ruff check . && $(RUN) ruff format --check .

type: .venv/ready ## pyright, strict on collector/
	@$(RUN) pyright

format: .venv/ready ## let ruff mend what it can
	@$(RUN) ruff check --fix . && $(RUN) ruff format .

bench: .venv/ready ## benchmarks, 25 min, with targets; writes benchmarks/results/SUMMARY.md; ARGS="--only 25 --quick"
	@$(RUN) python -m benchmarks $(ARGS)

guard: .venv/ready ## fails when the daemon has become slower beside the script that most people write first
	@$(RUN) python -m benchmarks.guard

faults: .venv/ready ## the fault tests at their full size; ARGS="--workers 2" for daemons of two processes
	@$(RUN) pytest tests/faults --full $(ARGS)

security: .venv/ready ## what needs a real Elasticsearch with security (826 MB, once) and Java 17
	@$(RUN) pytest tests/security --security-engine $(ARGS)

release: .venv/ready ## wheel, source distribution, locked requirements, bill of materials and their sums, into dist/release
	@$(RUN) python -m release

audit: .venv/ready ## known vulnerabilities of what users get, by osv.dev; exit code 2 when that could not be looked at
	@$(RUN) python -m release.audit

clean: ## remove what these targets made in this folder
	@rm -rf .venv .tools .pytest_cache .ruff_cache .hypothesis dist build

.venv/ready: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --quiet --compile-bytecode --extra dev --extra demo --extra preview && touch $@

.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.12 or newer is needed and none was found on PATH." >&2; exit 1; }
	@echo "fetching uv from PyPI into .tools" && $(PYTHON) -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv
