# A newcomer needs two of these: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

.PHONY: demo test test-slow check lint docs pictures benchmarks studies clean

demo: $(VENV)/.installed  ## the main job on generated data, in ./.catalog-demo
	$(BIN)/catalog --home .catalog-demo demo

# Without compiled modules each process of the tests spends eight seconds more before its first test.
test: $(VENV)/.installed-test  ## the default suite, in two processes of one thread each
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -rs -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test-slow: $(VENV)/.installed-test  ## what takes minutes, and all examples of what hypothesis draws
	$(BIN)/python -m pytest -q -m "slow or hypothesis"

check: lint test docs  ## everything that must hold before a change lands

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-docs  ## the site, into build/site; a warning, a dead link or a foreign script is an error
	$(BIN)/python docs/generate build
	$(BIN)/zensical build --strict --clean --config-file build/zensical.toml
	$(BIN)/python docs/generate/check.py build/site

pictures: $(VENV)/.installed-test  ## the pictures of the docs, of the demo's catalog, by Chromium
	$(BIN)/python docs/generate/pictures.py

# Speed beside the peers'; what misses its bar is said on the page and stops nothing. It takes some hours, and goes on where it was: what
# this code has measured on this processor is in .benchmarks.
BENCHMARKS := register start embed losses losses_train kmeans log_det facility_location two_round map diverse k_center near_duplicates deduplicate overlap whole_s2l loader search page targeted methods engine engine_kernels
benchmarks: $(VENV)/.installed-benchmark .venv-text-dedup/.installed .venv-datatrove/.installed  ## every ratio of docs/results, on a machine that does nothing else
	mkdir -p docs/results/benchmarks
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py --json docs/results/benchmarks/$$name.json || true; done
	$(BIN)/python benchmarks/register.py --generated 1000000 --json docs/results/benchmarks/register_generated.json || true
	$(BIN)/python benchmarks/engine.py --slots 64 --json docs/results/benchmarks/engine_slots.json || true
	for name in log_det facility_location map; do $(BIN)/python benchmarks/$$name.py --large --json docs/results/benchmarks/$${name}_large.json || true; done
	for name in map near_duplicates; do $(BIN)/python benchmarks/$$name.py --million --json docs/results/benchmarks/$${name}_million.json || true; done
	$(BIN)/python studies/page.py

# Each goes on where it was; what has run is in .studies. Two at a time on one thread each are done sooner than one after the other on
# two; those that share the Alpaca pool's catalog take turns, and scale, which measures time, waits for all.
STUDIES := fisher_synthetic fisher_text s2l_theorem s2l_efficiency ila_regression ila_scaling agreement contamination scale
TRAINING := $(filter-out scale,$(STUDIES))
studies: $(VENV)/.installed-test  ## the papers' claims, at a size that fits
	$(MAKE) --no-print-directory --jobs 2 $(TRAINING:%=study-%)
	$(BIN)/python studies/scale.py
	$(BIN)/python studies/page.py

.PHONY: $(TRAINING:%=study-%)
study-ila_scaling: study-ila_regression
study-agreement: study-ila_scaling
$(TRAINING:%=study-%): study-%: $(VENV)/.installed-test
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python studies/$*.py

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e '.[offline]'
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[offline,umap,ray,test]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) -e '.[offline,docs]'
	touch $@

$(VENV)/.installed-benchmark: $(VENV)/.installed-test
	$(PIP) -e '.[offline,umap,ray,test,benchmark]'
	touch $@

# Peers whose requirements are not ours have an environment each.
peer-text-dedup := text-dedup==0.4.0
peer-datatrove := datatrove==0.10.1 regex spacy 'xxhash<4'

.venv-%/.installed:
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check $(peer-$*)
	touch $@

clean:
	rm -rf $(VENV) .venv-* .catalog-demo catalog-demo-files build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
