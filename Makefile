# Everything this project does, by name. `make` alone prints the list.
# What a target needs is set up first, in .venv, from the locked versions.

.DEFAULT_GOAL := help
SHELL := /bin/sh

BIN := .venv/bin
PY := $(BIN)/python
READY := .venv/.ready
JOBS ?= 2
BENCH ?= core_job imports backends batch memory prompt

# the first of these that is a Python the project runs on makes the environment
PYTHON ?= python3
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11 python
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# the language of the notebooks in JupyterLab: that of LANG (zh, zh-Hant, zh_TW.UTF-8 …), English where it is another
READ_IN = $(if $(filter zh%,$(LANG)),$(LANG),en)

# the notebooks are checked on their own copy of the data, freshly imported
TRIAL := build/trial/data

.PHONY: help setup data report test lab check docs format notebooks samples bench real fuzz lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## set up .venv with the locked versions (the other targets do it by themselves)

$(READY): requirements.lock pyproject.toml
	@if ! $(PY) -c '$(FITS)' 2>/dev/null; then \
	    found=; \
	    for python in $(PYTHONS); do \
	        if "$$python" -c '$(FITS)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "make: no Python 3.11, 3.12 or 3.13 with its venv module was found; install one" \
	             "(Debian: apt install python3-venv), or name it: make PYTHON=/path/to/python3.12" >&2; \
	        exit 1; \
	    fi; \
	    echo "Setting up .venv with $$("$$found" --version)"; \
	    "$$found" -m venv --clear .venv || exit 1; \
	fi
	@echo "Installing the locked versions (about a minute)"
	@$(PY) -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes \
	    -r requirements.lock
	@$(PY) -m pip install -qq --disable-pip-version-check --no-compile --no-deps --no-build-isolation \
	    --editable .
	@mkdir -p .venv/etc && cp -R etc/jupyter .venv/etc  # an editable install leaves it out
	@touch $@

data: $(READY) ## import the sample shops into data/lake
	@$(BIN)/memberlib samples

report: data ## make what has changed of every shop's report, and reports/index.html
	@$(BIN)/memberlib report --all

test: $(READY) ## run the tests, the examples, and the notebooks against their stored outputs
	@rm -rf $(TRIAL) && mkdir -p $(TRIAL)
	@cp -R data/stores.toml data/samples $(TRIAL)
	@$(BIN)/memberlib samples --data $(TRIAL)
	MEMBERLIB_DATA="$(CURDIR)/$(TRIAL)" MEMBERLIB_LANG=en $(PY) -m pytest -n $(JOBS) --dist loadscope -rs \
	    --doctest-modules --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg \
	    tests memberlib samples notebooks

lab: $(READY) ## open the notebooks in JupyterLab, on this machine alone (127.0.0.1); in Chinese: make lab LANG=zh
	@MEMBERLIB_LANG="$(READ_IN)" $(BIN)/jupyter lab --ip=127.0.0.1 \
	    --LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb \
	    --ServerApp.contents_manager_class=memberlib.lab.Notebooks

check: $(READY) ## lint, look at the layout, check the types, hold the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## lay out the code as `make check` wants it
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

notebooks: data ## run the notebooks again, in place, on the sample shops
	@$(PY) -m memberlib.reports notebooks

samples: $(READY) ## make the sample shops' exports again (seeded: the same files)
	@$(PY) -m samples data/samples

docs: $(READY) ## make the reference: docs/*.md, and pages of every public function in build/docs
	@$(PY) docs/make.py

bench: $(READY) ## measure everything, an hour and more; or some of it: make bench BENCH="batch memory"
	@missed=; for one in $(BENCH); do $(PY) bench/$$one.py || missed="$$missed $$one"; done; \
	    if [ -n "$$missed" ]; then echo "make: goals missed in:$$missed" >&2; exit 1; fi

real: $(READY) ## import Complete Journey as 457 shops and one chain into build/real, and report on them
	@$(PY) real/complete_journey.py

fuzz: $(READY) ## run the property tests on many more random shops, and 10,000 damaged files of each platform
	@HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -n $(JOBS) -m hypothesis tests
	@DAMAGED=10000 $(PY) -m pytest -n $(JOBS) tests/test_damage.py

lock: $(READY) ## lock the versions again after a change to pyproject.toml (UPGRADE=--upgrade for newer ones)
	@$(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --extra dev --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE) \
	    --output-file requirements.lock pyproject.toml

clean: ## remove build/ and the tools' caches (never data/ or reports/)
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
