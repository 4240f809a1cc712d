.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format lock build bare clean
BIN := .venv/bin
SETUP := packaging/setup
# The tests start hundreds of programs: compiled once, whatever the environment says.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
unexport PYTHONDONTWRITEBYTECODE
include packaging/lab/openstack/lab.mk tests/long.mk

help: ## show this
	@awk -F ' ## ' '/^[a-z-]+:.* ## /{sub(/:.*/, "", $$1); printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
setup: ## install what is missing, and .venv
	@$(SETUP) test
demo: ## WordPress and its database, broken three times, healed three times
	@$(SETUP) demo
	@$(BIN)/pcloud demo
test: setup lint ## lint, then all tests
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder
lint: setup ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
format: setup ## what can be put right by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
lock: setup ## write the requirements files anew
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --upgrade --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --upgrade --python-version 3.11 --extra dev pyproject.toml -c requirements.txt -o requirements-dev.txt
build: setup ## the wheel, in dist/
	$(BIN)/python -m hatchling build -t wheel
bare: ## demo and tests in a bare Debian of their own (root)
	@tests/bare/run
clean: ## forget everything that can be made again
	rm -rf .venv .cache .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
