# A newcomer needs two of these: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

.PHONY: demo test test-slow check lint benchmarks clean

demo: $(VENV)/.installed  ## the main job on generated data, in ./.catalog-demo
	$(BIN)/catalog --home .catalog-demo demo

test: $(VENV)/.installed-test  ## the default suite
	$(BIN)/python -m pytest -q

test-slow: $(VENV)/.installed-test  ## what takes minutes
	$(BIN)/python -m pytest -q -m slow

check: lint test  ## everything that must hold before a change lands

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e '.[offline]'
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[offline,umap,test]'
	touch $@

clean:
	rm -rf $(VENV) .catalog-demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
