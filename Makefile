.DEFAULT_GOAL := help
.PHONY: help setup demo test matrix chaos fuzz lint format lock build bare clean
BIN := .venv/bin
SETUP := packaging/setup

help: ## show this
	@awk -F ' ## ' '/^[a-z]+:.* ## /{sub(/:.*/, "", $$1); printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
setup: ## install what is missing, and .venv
	@$(SETUP) test
demo: ## WordPress and its database, broken three times, healed three times
	@$(SETUP) demo
	@$(BIN)/pcloud demo
test: setup lint ## lint, then all tests
	$(BIN)/pytest -n 3 --dist loadfile
matrix: setup ## every recovery, cut at each of its points (a quarter of an hour)
	$(BIN)/python -m tests.matrix
chaos: setup ## faults at random on a real daemon, judged from outside (SEED=, MINUTES=3; root)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))
fuzz: setup ## odd input to everything that reads, for SECONDS=120
	@$(BIN)/uv pip install --quiet --only-binary atheris -r pyproject.toml --extra fuzz || echo "atheris does not install here"
	@$(BIN)/python -m tests.fuzz $(or $(SECONDS),120)
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
