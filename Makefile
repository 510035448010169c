# Everything sets itself up: a virtual environment in .venv from requirements.lock (exact pins with hashes), then the package itself.
# Needs Python 3.11 or later and, once, the PyPI and npm registries.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORPUS ?= $(SIGMA_XDR_CORPUS)
# random rules for make fuzz
N ?= 2000
SERVICE := backend/sigma_xdr/kql/checker/language_service

.PHONY: compile test fuzz score lint goldens catalogue obfuscation bench corpus-compile lock clean

compile: $(VENV)/.installed  ## rules to KQL, checked, in build/kql
	$(BIN)/sigma-xdr compile sigma_rules -o build/kql

test: $(VENV)/.installed  ## all tests
	$(BIN)/python -m pytest -n auto --dist loadfile

fuzz: $(VENV)/.installed  ## the compiler against the evaluator on N random rules; with CORPUS on SigmaHQ's and on records too: make fuzz N=20000
	$(BIN)/python -m tests.differential --rules $(N) $(if $(CORPUS),--sigmahq "$(CORPUS)/sigmahq")
	$(if $(CORPUS),$(BIN)/python -m tests.corpus.recordings "$(CORPUS)")
	$(if $(CORPUS),SIGMA_XDR_HUNT_EVERY=1 SIGMA_XDR_CORPUS="$(CORPUS)" $(BIN)/python -m pytest tests/corpus/test_hunt.py)

score: $(VENV)/.installed  ## what the pack finds of recorded attacks: make score CORPUS=folder
	$(BIN)/python -m score "$(CORPUS)"

lint: $(VENV)/.installed  ## style, types, floors, and the pack's own lints
	$(BIN)/ruff check .
	$(BIN)/ruff format --check backend tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sigma-xdr lint

goldens: $(VENV)/.installed  ## write tests/golden and the reports of tests/review anew, on purpose
	$(BIN)/sigma-xdr compile sigma_rules -o tests/golden
	$(BIN)/python -m tests.review.examples

catalogue: $(VENV)/.installed  ## write docs/catalogue.md anew
	$(BIN)/python -m sigma_xdr.export.catalogue

obfuscation: $(VENV)/.installed  ## write docs/obfuscation.md anew
	$(BIN)/python -m tests.obfuscation

bench: $(VENV)/.installed  ## speed, beside the stock backend: make bench CORPUS=folder
	$(BIN)/python -m bench "$(CORPUS)"

corpus-compile: $(VENV)/.installed  ## compile SigmaHQ's rules: make corpus-compile CORPUS=folder
	$(BIN)/python -m tests.corpus_compile "$(CORPUS)/sigmahq"

lock: $(VENV)/.installed  ## pin the newest versions that pyproject.toml allows
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --all-build-deps --all-extras --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --allow-unsafe --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build

$(VENV)/.installed: requirements.lock pyproject.toml hatch_build.py $(SERVICE)/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@command -v npm >/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-npm.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
