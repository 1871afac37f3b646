# Everything a newcomer needs, without anything installed by hand. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
export PYTHON
# Tests wait for daemons, engines and remotes much of the time: three workers keep two cores busy.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell expr $$(nproc) \* 3 / 2)

.DEFAULT_GOAL := help
.PHONY: help demo test faults reboot-test check bench docs tools engine clean

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: engine $(INSTALLED) ## Watch a release of real containers survive kill -9 (under two minutes)
	@PYTHONPATH=tests $(BIN)/python tests/demo/demo.py

test: engine check ## Run the whole suite, checks first
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile

faults: engine $(INSTALLED) ## Run all tests of faults, those that take long too, and write docs/reliability.json
	@packaging/prepare-host.sh faults
	$(BIN)/python -m pytest -m 'not tier2' --reliability=docs/reliability.json --session-timeout=1800 --numprocesses=auto --dist=loadfile

reboot-test: engine $(INSTALLED) ## Reset virtual machines in the middle of releases, twenty times (about an hour, as root)
	@packaging/prepare-host.sh reboot
	$(BIN)/python -m pytest -m tier2 --reliability=docs/reliability-reboot.json --numprocesses=2 tests/faults/reboot

check: $(INSTALLED) ## Lint, formatting, types, import direction
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Measure against peers in the same run: ratios, no verdict
	@$(BIN)/python tests/benchmarks/noop_release.py
	@$(BIN)/python tests/benchmarks/client_startup.py
	@$(BIN)/python tests/benchmarks/questions.py

$(INSTALLED): pyproject.toml | tools
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

tools:
	@packaging/prepare-host.sh tools

engine: | tools
	@packaging/prepare-host.sh engine

docs: $(INSTALLED) ## Renew the generated parts of docs/, and the schema of playbooks
	PYTHONPATH=tests $(BIN)/python -m support.lifecycle_diagram
	PYTHONPATH=tests $(BIN)/python -m support.playbook_schema

clean: ## Remove everything that was made here
	rm -rf .venv .venv-generator .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
