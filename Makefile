.DEFAULT_GOAL := help
.PHONY: help run build test check bench evals practice reevaluate resume sweep reset-password upgrade rotate-keys import invoke deploy lock openapi clean

DEV := .venv/dev/bin
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := layers/coach:.

help: ## list what can be done
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

run: .stack ## serve the app on http://localhost:8002, until Ctrl-C
	@.venv/stack/bin/python -m local

build: ## build the functions for this machine
	@local/python -m local.build

test: check ## run all tests and the evals, then what needs a running stack (ARGS="..." are pytest's)
	$(DEV)/pytest -n auto --dist worksteal tests/unit tests/evals $(ARGS)
	$(DEV)/python -m tests.evals
	$(DEV)/pytest -n 2 --dist worksteal tests/integration tests/e2e $(ARGS)
	$(DEV)/pytest tests/browser $(ARGS)
# Two processes for the latter, since each starts stacks of its own. Not by files: of the tests that schemathesis makes of
# one function, which all have its name, only one would run then.

check: .dev .sam ## lint, types, imports, the authors' files, template
	$(DEV)/ruff check
	$(DEV)/ruff format --check
	$(DEV)/mypy -p coach -p local -p operations -p bank_import
	$(DEV)/mypy functions tests
	$(DEV)/lint-imports
	$(DEV)/python -m bank_import.check
	AWS_DEFAULT_REGION=us-east-1 .venv/sam/bin/sam validate --lint

bench: .dev ## measure cold starts and throughput
	$(DEV)/python -m tests.benchmarks $(ARGS)

evals: .dev ## measure the graders on the golden set (ARGS="--evaluator claude" asks Claude too; see also --help)
	$(DEV)/python -m tests.evals $(ARGS)

practice: .dev ## simulate candidates who practise by the schedule, and at random (ARGS="--candidates 10")
	$(DEV)/python -m tests.benchmarks.practice $(ARGS)

reevaluate: .dev ## evaluate answers again after a rubric or the model has changed (ARGS="--all", or --help)
	@$(DEV)/python -m operations $(ARGS)

resume: .dev ## evaluate at once what waits for the spend limit (ARGS="--stack NAME" on AWS)
	@$(DEV)/python -m operations.resume $(ARGS)

sweep: .dev ## delete what is left of deleted accounts and sessions (ARGS="--stack NAME" on AWS)
	@$(DEV)/python -m operations.sweep $(ARGS)

reset-password: .dev ## print a link for a new password (ARGS="you@example.com", and --stack NAME on AWS)
	@$(DEV)/python -m operations.reset_password $(ARGS)

upgrade: .dev ## copy what a stack's former table holds into its new one (ARGS="--from TABLE --stack NAME")
	@$(DEV)/python -m operations.upgrade $(ARGS)

rotate-keys: .dev ## sign access tokens with a new key; those of before stay good (ARGS="--stack NAME" on AWS)
	@$(DEV)/python -m operations.rotate_keys $(ARGS)

import: .import ## add the questions of a table to the bank (FILE=questions.xlsx or .csv, SHEET=name, DRY_RUN=1)
	@.venv/import/bin/python -m bank_import $${FILE:+"$$FILE"} $${SHEET:+--sheet "$$SHEET"} $${DRY_RUN:+--dry-run}

invoke: .dev ## run one function in Lambda's container, with Docker, on what `make run` serves (FUNCTION=get_session)
	@$(DEV)/python -m local.invoke "$$FUNCTION" $${EVENT:+"$$EVENT"}

deploy: .stack ## build for AWS and deploy there, with the settings of .env (ARGS="AlarmEmail=you@example.com --guided")
	@.venv/stack/bin/python -m local.deploy $(ARGS)

openapi: .dev ## write the API's OpenAPI document anew
	$(DEV)/python -m local.openapi

lock: .lock ## pin the newest versions of what the *.in files name (ARGS="--upgrade")
	@set -e; for name in lock sam stack runtime import; do $(PIN) requirements/$$name.in -o requirements/$$name.txt; done
	@$(PIN) layers/coach/requirements.in -o $(LAYER)
	@set -e; for own in functions/*/requirements.in; do $(PIN) -c $(LAYER) $$own -o $${own%.in}.txt; done
	@$(PIN) requirements/dev.in requirements/import.txt $(LAYER) functions/*/requirements.txt -o requirements/dev.txt
LAYER = layers/coach/requirements.txt
PIN = .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate $(ARGS)

clean: ## remove what was built and installed; .local stays, with your practice in it
	rm -rf .venv .aws-sam .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The environments: made when they are missing or outdated, see local/environments.py
.dev .sam .stack .runtime .import .lock: .%:
	@local/python -m local.environments $*
.PHONY: .dev .sam .stack .runtime .import .lock
