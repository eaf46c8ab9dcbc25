# Two commands: make demo, make test. Both set everything up themselves. See README.md.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
ROOMS := edge models analytics dashboard map onebox
ARGS ?=
EXTRAS ?=
DSN ?=
PROCESSES ?= 2
EXTRAS_VENV ?= .venv-extras
RUNS ?= 200
SEED ?= 0
JSON ?= chaos.json

.PHONY: help demo test test-slow test-extras chaos lint test-timescale extras clean
help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 24

demo:  ## run the whole product on this machine (make demo ARGS="--for 120 --json out.json")
	@./setup.sh $(VENV) onebox
	@exec $(BIN)/motcua demo $(ARGS)

test: lint  ## everything that CI runs: linters, types, import rules, tests (PROCESSES=1: one after the other)
	@./setup.sh $(VENV) system-for-tests
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(ARGS)

test-slow:  ## the tests that take too long for every day, hours of replayed video among them (about an hour)
	@./setup.sh $(VENV) test system-for-tests
	$(BIN)/python -m pytest -m slow --timeout 3600 $(ARGS)

chaos:  ## kill everything in random order, cut the power, fill the disks (RUNS=200 SEED=… JSON=chaos.json; about 15 minutes)
	@./setup.sh $(VENV) test system-for-tests
	MOTCUA_CHAOS_RUNS=$(RUNS) MOTCUA_CHAOS_SEED=$(SEED) MOTCUA_CHAOS_JSON=$(JSON) $(BIN)/python -m pytest -m chaos tests/chaos tests/analytics $(ARGS)

test-extras:  ## the tests of the optional extras, in a venv of their own (ultralytics is AGPL-3.0; with torch they take 7 GB)
	@./setup.sh $(EXTRAS_VENV) test ultralytics deepface
	$(EXTRAS_VENV)/bin/python -m pytest -m extras --timeout 900 tests/extras $(ARGS)

lint:  ## the linters alone
	@./setup.sh $(VENV) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=.typing $(BIN)/python -m mypy $(addprefix -p motcua.,$(ROOMS))
	PYTHONPATH=.typing $(BIN)/lint-imports

test-timescale:  ## the storage tests on a TimescaleDB of your own; the tables in its public schema are dropped (DSN=postgresql://…)
	@test -n "$(DSN)" || { echo "name the server: make test-timescale DSN=postgresql://user:password@host/database" >&2; exit 1; }
	@./setup.sh $(VENV) test
	MOTCUA_TEST_TIMESCALE_DSN="$(DSN)" $(BIN)/python -m pytest -m timescale tests/analytics $(ARGS)

extras:  ## install optional extras (EXTRAS="ultralytics deepface"); ultralytics is AGPL-3.0
	@test -n "$(EXTRAS)" || { echo 'name them: make extras EXTRAS="ultralytics deepface"' >&2; exit 1; }
	@./setup.sh $(VENV) $(EXTRAS)

clean:  ## remove what set-up made here; data and caches in your home stay
	rm -rf $(VENV) $(EXTRAS_VENV) .typing build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
