# Two commands for newcomers: `make demo` and `make test`. Each sets up all that it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help demo test lint bench clean

help:           ## show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/: .*## /\t/' | expand -t 12

demo: $(READY)  ## build the example warehouse; render, check and publish every example report
	@$(BIN)/analytics demo .

# A busy machine misses a deadline now and then, so a failed test has two more tries, and is named if it needed them.
test: $(READY)  ## run linters, types, the import contract and all tests
	@bash tests/services.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/analytics demo . --data-only
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered -q --reruns=2 -rfEsR
	$(BIN)/pytest -q --nbval-lax --nbval-cell-timeout=120 -p no:cacheprovider --override-ini=addopts= notebooks

lint: $(READY)  ## run linters, types and the import contract alone
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY) ## measure against Papermill, nbconvert and stock Voila, in one run
	$(BIN)/python benchmarks

clean:          ## remove what the commands made; sources stay
	rm -rf $(VENV) site data .analytics dist

# The environment is made anew when the named packages change, and only then.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,postgresql,dask]'
	@touch $(READY)
