# make bench: set up and run the quickstart suite.  make test: set up, lint, types, tests.
# make test-slow: tests of minutes each.  make test-portable: all tests as on older processors.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# PyTorch without CUDA's gigabytes, where there is no GPU for them and the index has such wheels.
CPU_WHEELS := $(shell sed -n 's/^\(torch\|torchvision\)==\(.*\)/\1==\2+cpu/p' constraints.txt)

# Tests run in a process per core, of at most eight; each imports torch.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
SPREAD := --numprocesses auto --maxprocesses 8 --dist worksteal

.PHONY: bench test test-slow test-portable check clean

bench: $(READY)
	$(BIN)/bench run --suite quickstart

test: check
	$(PYTEST) $(SPREAD)

test-slow: $(READY)
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m slow --timeout 3600

# As on older processors: oneDNN and torch's own kernels held to fewer instructions.
test-portable: $(READY)
	ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 $(PYTEST) $(SPREAD)
	ATEN_CPU_CAPABILITY=default $(PYTEST) $(SPREAD)
	ONEDNN_MAX_CPU_ISA=SSE41 $(PYTEST) $(SPREAD)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	command -v nvidia-smi > /dev/null || $(PIP) $(CPU_WHEELS) 2> /dev/null || true
	$(PIP) -c constraints.txt -e '.[test]'
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info
