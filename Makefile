# make bench: set up and run the quickstart suite.  make test: set up, lint, types, tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: bench test test-slow check clean

bench: $(READY)
	$(BIN)/bench run --suite quickstart

test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

test-slow: $(READY)
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m slow

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info
