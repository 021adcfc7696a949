# visavox. `make demo` shows what it does; `make test` runs the suite; `make check` is everything else that CI asks for.

# The first Python of at least 3.11 that can make a virtual environment.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --no-compile --constraint constraints.txt
VIDEO ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers docs wheel bench scores clean

help:
	@echo "make demo [VIDEO=path]   analyse a recording (or a made one) and write a report"
	@echo "make test                the whole test suite"
	@echo "make check               lint, types, layers, docs, wheel (each is a target too)"
	@echo "make bench               how fast it is, on this machine"
	@echo "make scores              bring the tables of models up to date: README's with their cards, docs/models.md's with recipes"
	@echo "make clean               remove what the above made"

# Installing: one stamp file for the core, one for the dev extra; both are out of date when the two files change.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "visavox needs Python 3.11 or newer with venv; name it: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing visavox into $(VENV) (a minute or two, once)"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing visavox for development into $(VENV) (some minutes, once)"
	@$(INSTALL) --editable '.[dev]'
	@touch $(VENV)/.core $@

demo: $(VENV)/.core
	@$(BIN)/visavox models fetch
	@$(BIN)/visavox demo $(if $(VIDEO),"$(VIDEO)")

test: $(VENV)/.dev
	$(BIN)/visavox models fetch
	$(BIN)/python -m pytest

check: lint types layers docs wheel

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The wheel, installed alone into a fresh environment, as a user would have it.
wheel: $(VENV)/.dev
	rm -rf build/wheel build/wheel-venv
	$(PIP) wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv build/wheel-venv
	build/wheel-venv/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt build/wheel/*.whl
	cd build && wheel-venv/bin/visavox --help >/dev/null && wheel-venv/bin/visavox models list
	cd build && wheel-venv/bin/python -c 'import visavox; [getattr(visavox, name) for name in visavox.__all__]; print("wheel: visavox", visavox.__version__, "from", visavox.__file__)'
	cd build && wheel-venv/bin/python -c 'from visavox import recipes; print("wheel: recipes from", recipes.find("face").parent)'
	@echo "wheel: $$(du -h build/wheel/*.whl | cut -f1); installed with its dependencies: $$(du -sm build/wheel-venv | cut -f1) MB"
	rm -rf build/wheel-venv

bench: $(VENV)/.dev
	@$(BIN)/visavox models fetch --quiet
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

scores: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/visavox models list --markdown > build/scores.md
	sed -i -e '/^<!-- scores -->/,/^<!-- .scores -->/{//!d}' -e '/^<!-- scores -->/r build/scores.md' README.md
	$(BIN)/visavox models list --all --markdown > build/rows.md
	sed -i -e '/^<!-- rows -->/,/^<!-- .rows -->/{//!d}' -e '/^<!-- rows -->/r build/rows.md' docs/models.md

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
