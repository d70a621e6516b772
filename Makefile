# Each target makes what it needs, inside the checkout: .venv and .cache, both ignored by git.
# Another Python: make PYTHON=python3.13 test

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip install -qq --disable-pip-version-check
QUICK   = not slow and not real
NODE    = tests/interop/node_modules/.package-lock.json tests/web/node_modules/.package-lock.json

.PHONY: demo help test interop pocketpaw check lint style quick docs bench faults soak torture clean
.DELETE_ON_ERROR:

demo: $(VENV)/.runtime  ## the whole life of three accounts, against the sandbox
	@$(BIN)/tokenkit demo

help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

test: $(VENV)/.test $(NODE)  ## the whole suite, real parts included where they are there
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)  # more than there are processors: half of it waits

check:  ## lint, mypy and the quick suite, side by side: what to run before every commit
	@$(MAKE) --no-print-directory --jobs=2 style quick

interop: $(VENV)/.test $(VENV)/.interop  ## the adapters and recipes, each with the library that it is for
	$(BIN)/python -m pytest tests/interop/test_adapters.py tests/interop/test_recipes.py $(ARGS)

lint: style  ## lint, mypy and pyright, which keeps no cache and takes half a minute
	$(BIN)/pyright --pythonpath $(BIN)/python

style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quick: $(VENV)/.dev  ## the tests that are not marked slow or real
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(QUICK)" $(ARGS)

docs: $(VENV)/.test  ## write the generated pages, run every example, follow every link
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/picture.py
	$(BIN)/python -m pytest tests/test_docs.py $(ARGS)

bench: .cache/bench/.peers  ## tokenkit beside its peers, in one run: the byte-compiled wheel, never the checkout
	@.cache/bench/bin/python -m pip install -qq --disable-pip-version-check --no-deps --force-reinstall .
	@.cache/bench/bin/python -m compileall -q .cache/bench/lib
	.cache/bench/bin/python tests/bench/run.py $(ARGS)

.cache/bench/.peers: tests/bench/requirements.txt pyproject.toml
	@$(PYTHON) -m venv .cache/bench
	@.cache/bench/bin/python -m pip install -qq --disable-pip-version-check --requirement tests/bench/requirements.txt .
	@touch $@

faults: $(VENV)/.test  ## let real machines and servers fail, and write what came of it into the documents
	$(BIN)/python tests/fault_table.py

soak: $(VENV)/.test  ## ten minutes of short-lived tokens under the real clock
	$(BIN)/python -m pytest --torture -m soak $(ARGS)

torture: $(VENV)/.test $(NODE)  ## the whole suite, with the number of rounds that evidence needs
	$(BIN)/python -m pytest --torture -m "not soak" $(ARGS)

pocketpaw: .cache/pocketpaw/.ready  ## PocketPaw's releases, for the tests that run it on tokenkit

.cache/pocketpaw/.ready: tests/interop/with_pocketpaw/fetch.py tests/interop/with_pocketpaw/requirements.txt
	$(PYTHON) $< .cache/pocketpaw
	@touch $@

clean:
	rm -rf $(VENV) .cache tests/*/node_modules

# A stamp beside the environment, not the environment itself: `python -m venv` leaves a half-made one when it fails.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "tokenkit needs Python 3.11 or later, and '$(PYTHON)' is not: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "setting up $(VENV) ..." >&2
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test $(VENV)/.dev $(VENV)/.interop: $(VENV)/.%: $(VENV)/.made pyproject.toml
	@$(PIP) --editable '.[$*]'
	@touch $@

# The authorization server of tests/interop and what tests/web looks for barriers with. Without npm, or without its
# registry, the tests that need them say so and skip.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@if command -v npm >/dev/null; then \
		(cd $* && npm ci --silent --no-audit --no-fund --cache $(CURDIR)/.cache/npm && touch $(CURDIR)/$@) || \
		echo "the packages of $* could not be installed: tests that need them will be skipped" >&2; fi
