# One command sets everything up: every target builds the virtual environment from the lock first, by itself.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ENV_FILE ?= .env.phase5

# make turns every failure into 2, so each run says what loadgen itself ended with; automation calls loadgen.
# A baseline, a capacity run and a warm-up say it by themselves.
define loadgen
@$(BIN)/loadgen $(1); code=$$?; if [ $$code -ne 0 ]; then $(BIN)/python -c \
"from loadgen.core.errors import ExitCode; print('loadgen exit $$code (' + ExitCode($$code).meaning + ')')" >&2; \
fi; exit $$code
endef

# Production where a target is set (in the environment or in .env.phase5), the demo service otherwise.
HAS_TARGET = $(or $(LOAD_BASE_URL),$(shell grep -s -m1 -E '^(export +)?LOAD_BASE_URL=' $(ENV_FILE)))
BASELINE_PROFILE = $(if $(HAS_TARGET),--profile production,--demo)

.DEFAULT_GOAL := help
.PHONY: help setup baseline staging capacity warmup extended fallback-scenario preflight nightly demo report test test-stack \
        lint types secrets check ci ci-debian summary workflows bench golden \
        coverage lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-20s %s\n", $$1, $$2}'

setup: $(STAMP) ## Create .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml $(wildcard loadgen/core/_kernel*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "loadgen needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

baseline: $(STAMP) ## Take a baseline: of LOAD_BASE_URL in production, of the demo service without it
	@$(BIN)/loadgen baseline $(BASELINE_PROFILE) $(ARGS)

staging: $(STAMP) ## Take a circuit-broken baseline of staging, settings from .env.phase5.staging
	@$(BIN)/loadgen baseline --profile staging $(ARGS)

warmup: $(STAMP) ## Warm the service up: 20/s, concurrency 5, 10 min
	@$(BIN)/loadgen warmup $(if $(HAS_TARGET),--profile production) $(ARGS)

extended: $(STAMP) ## Extended validation: 4 samples of 900 s
	@$(BIN)/loadgen baseline $(BASELINE_PROFILE) --kind extended $(ARGS)

fallback-scenario: $(STAMP) ## Count cache misses as fallback: 2 samples of 900 s
	@$(BIN)/loadgen baseline $(BASELINE_PROFILE) --kind fallback-scenario $(ARGS)

preflight: $(STAMP) ## Check everything a production run needs; sends no load
	$(call loadgen,preflight --profile production $(ARGS))

capacity: $(STAMP) ## Does a rate hold: make capacity RATE=200 CONCURRENCY=50, SEARCH=1 for the highest that does
	@$(BIN)/loadgen capacity $(if $(HAS_TARGET),--profile production,--demo) $(if $(RATE),--rate $(RATE)) \
	  $(if $(CONCURRENCY),--concurrency $(CONCURRENCY)) $(if $(SEARCH),--search) \
	  $(if $(CONFIRM_HOST),--confirm-host $(CONFIRM_HOST)) $(ARGS)

nightly: $(STAMP) ## The nightly round: validate, compare, keep the night, trend, suggest, rotate
	$(call loadgen,nightly $(if $(HAS_TARGET),--profile production,--demo) $(ARGS))

demo: $(STAMP) ## Run the demo service on 127.0.0.1
	$(call loadgen,demo $(ARGS))

report: $(STAMP) ## Rebuild the report of a run: make report DIR=results/...
	$(call loadgen,report production $(or $(DIR),$(shell ls -dt results/phase5-* 2>/dev/null | head -1)) $(ARGS))

# Most tests wait for a clock or a process, so four at once find room on two cores. Under coverage, which takes a part of
# the processors itself, three do, and what runs end to end runs apart.
# The real seconds of all are shared with whatever else the machine does: what fails in company is tried once more
# alone. A fault fails again; what only a busy machine disturbed stays in the output as failed before.
UNIT := -m "not stack" --ignore=tests/end_to_end
END_TO_END := -m "not stack" tests/end_to_end
STACK := -m stack
# $(call tests,which,how many at once,with what python)
tests = $(or $(3),$(BIN)/python) -m pytest -q -n $(2) --dist loadfile $(1) $(ARGS) || \
  $(or $(3),$(BIN)/python) -m pytest -q -n 0 --last-failed --last-failed-no-failures none $(1)

test: $(STAMP) ## Run the tests (under five minutes)
	$(call tests,-m "not stack",4)

test-stack: $(STAMP) ## Run the real-time tests: breaker, kill matrix, Prometheus (under twenty minutes)
	$(call tests,$(STACK),2)

coverage: $(STAMP) ## Run the tests with the coverage gate
	$(BIN)/coverage erase
	$(call tests,$(UNIT),3,$(BIN)/coverage run)
	$(call tests,$(END_TO_END),2,$(BIN)/coverage run)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=cover

lint: $(STAMP) ## Check style, formatting and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache | tail -n 12

types: $(STAMP) ## Check types strictly
	$(BIN)/mypy

secrets: $(STAMP) ## Look for secrets in what git tracks or would add
	$(call loadgen,creds scan $(ARGS))

check: lint types coverage ## Everything that must be green before a commit

ci: ## Install what the tests need (Debian), run every check, and try the wheel
	PYTHON=$(PYTHON) .ci/run

# The base of ops/container/Containerfile. The tree belongs to another user than the container's.
DEBIAN := docker.io/library/python:3.13.9-slim-bookworm@sha256:b685a4fa58bb19d1814d78a1ec0f0208f351452724f78b20212c984d6e124a34
ci-debian: ## The same in a container of Debian, where this host is none
	docker run --rm --init --network host --volume "$(CURDIR)":/src --workdir /src \
	  --env GIT_CONFIG_COUNT=1 --env GIT_CONFIG_KEY_0=safe.directory --env GIT_CONFIG_VALUE_0='*' $(DEBIAN) .ci/run

# GitHub shows at most 1 MiB for each step; what stands here is cut before, and whole in the artifacts.
SUMMARY := $${GITHUB_STEP_SUMMARY:-/dev/stdout}
summary: ## Append reports to the summary of a workflow, or print them: make summary FILES=...
	@for file in $(wildcard $(FILES)); do head -c 250000 "$$file" >>"$(SUMMARY)"; echo >>"$(SUMMARY)"; done

workflows: $(STAMP) ## Run the steps of workflows here: make workflows WORKFLOWS="nightly ci/guard"
	$(BIN)/python -m tests.support.local_workflows $(WORKFLOWS)

golden: $(STAMP) ## Rewrite the expected reports of the recorded run, after a change that is meant
	$(BIN)/python -m tests.support.golden
	$(BIN)/python -m tests.support.golden_history

bench: $(STAMP) ## Run the benchmarks and print their table
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## Rewrite requirements.lock (needs uv; users never do)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras --group dev \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
