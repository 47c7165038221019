# `make` shows what there is. The work is done by infra/setup.sh and the `mammo` command.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-full test-faults test-minio lint bench bench-deid bench-downloads bench-exports bench-pixels bench-releases bench-search check-compose check-shared down reset clean
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
# Processes that share the tests; `make test PROCESSES=1` to have one after the other.
PROCESSES ?= 2

# Run a check and say one line of it; all it said only when it fails.
define check
@printf '%-15s' '$(1)'; if said=$$($(2) 2>&1); then echo clean; else echo failed; printf '%s\n' "$$said"; exit 1; fi
endef

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv hold exactly what uv.lock says; at once when it does already
	@sh infra/setup.sh

demo: setup ## start everything on this machine and show one walk; ONCE=1 stops it all afterwards
	@$(BIN)/mammo demo $(if $(ONCE),--once)

test: lint ## all checks and all tests
	@$(BIN)/pytest -q -n $(PROCESSES) --dist loadfile --ignore=tests/shared --ignore=tests/full \
	  --ignore=tests/faults --ignore=tests/minio --ignore=tests/compose

test-full: setup ## tests with Debian packages: apt-get install orthanc orthanc-dicomweb dcmtk gcc iproute2 postgresql nodejs npm curl aria2
	@$(BIN)/pytest -q tests/full

test-faults: setup ## everything is killed, cut off, filled and set back while exports run; needs cc, and root for a small disk
	@$(if $(filter 0,$(shell id -u)),unshare --mount) $(BIN)/pytest -q tests/faults

test-minio: setup ## the object store's tests on the real MinIO server, built here; needs Go
	@minio=$$(sh infra/minio.sh) && MAMMO_MINIO=$$minio $(BIN)/pytest -q tests/catalog/test_objects.py \
	  tests/minio tests/flows/test_ingest.py tests/flows/test_release.py tests/flows/test_study_faults.py

lint: setup ## style, types and who may import whom
	$(call check,ruff check,$(BIN)/ruff check --quiet .)
	$(call check,ruff format,$(BIN)/ruff format --check --quiet .)
	$(call check,mypy,$(BIN)/mypy)
	$(call check,lint-imports,$(BIN)/lint-imports)

bench: setup ## measure how fast images walk on this machine
	@$(BIN)/python -m tests.bench

bench-deid: setup ## de-identify headers side by side with other tools, each installed beside our data
	@$(BIN)/python -m tests.bench.headers

bench-downloads: setup ## measure downloads beside the object store itself, with eight clients
	@$(BIN)/python -m tests.bench.downloads

bench-exports: setup ## measure receiving, the whole way in, and the burden on a PACS, beside Orthanc and DCMTK
	@$(BIN)/python -m tests.bench.exports $(PARTS)

bench-pixels: setup ## how much burned-in text is found, and what it costs, with pictures of the worst cases
	@$(BIN)/python -m tests.bench.pixels

bench-releases: setup ## build a release of 10 000 instances beside bare requests to the same store
	@$(BIN)/python -m tests.bench.releases $(INSTANCES)

bench-search: setup ## search a million studies through the access API, on SQLite and PostgreSQL, beside the bare SQL
	@$(BIN)/python -m tests.bench.search $(STUDIES)

check-compose: setup ## let docker compose read infra/compose.yaml; built here where it is missing; needs Go
	@compose=$$(sh infra/compose.sh) && MAMMO_COMPOSE=$$compose $(BIN)/pytest -q tests/compose

check-shared: setup ## tests that read the material beside this clone, where there is any
	@if [ -d ../shared ]; then $(BIN)/pytest -q tests/shared; else echo "nothing to check: there is no ../shared"; fi

down: ## stop all that was started here
	@if [ -x $(BIN)/mammo ]; then $(BIN)/mammo down; fi

reset: ## stop all, and forget its data and keys
	@if [ -x $(BIN)/mammo ]; then $(BIN)/mammo reset; fi

clean: down ## remove what tools leave behind, and .venv; data stays
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
