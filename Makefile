# `make` says what there is. Everything runs from .venv, which the first command of the two creates.

PYTHON ?= python3
BIN := .venv/bin
SERVERS := $(BIN)/python manage.py servers
# mypy and the checks read the settings, and the settings want addresses; nobody connects to these
NOWHERE := DATABASE_URL=postgres://localhost/nowhere REDIS_URL=redis://localhost MQTT_URL=mqtt://localhost

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint checks bench chaos chaos-money totals audit lock up clean ready-demo ready-test

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready-demo ## from nothing to a settled month in the browser; ONCE=1 without the web server
	@DATA_DIR=$${DATA_DIR:-$(CURDIR)/var/demo/data} \
		$(SERVERS) --keep var/demo -- $(BIN)/python manage.py demo $(if $(ONCE),--once)

test: ready-test lint checks ## everything: style, types, imports, security, migrations, and the suite on real servers
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile \
		--cov=apps/engine --cov-branch --cov-fail-under=100 --durations=15 $(ARGS)

lint: ready-demo ## style, types, imports, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NOWHERE) $(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/bandit --quiet --severity-level medium --configfile pyproject.toml --recursive apps tasks reports project fixtures scripts manage.py celery_app.py

checks: ready-demo ## migrations are complete; the settings of a real installation are safe
	$(SERVERS) -- $(BIN)/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy, as on a real installation"
	@$(NOWHERE) DEBUG=false ALLOWED_HOSTS=example.org PUBLIC_URL=https://example.org SECRET_KEY="$$(head -c 48 /dev/urandom | base64)" \
		PII_KEYS="k1:$$(head -c 32 /dev/urandom | base64)" $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: ready-demo ## measure, one JSON object a line; ONLY=name for one of them
	@$(SERVERS) -- $(BIN)/python -m tests.benchmarks $(ONLY)

chaos: ready-test ## kill things and count; FAULTS=n SEED=n
	@$(BIN)/python -m tests.faults.chaos --faults $(or $(FAULTS),12) $(if $(SEED),--seed $(SEED))

chaos-money: ready-test ## kill whatever moves money and compare; TRIGGERS=n SEED=n
	@$(BIN)/python -m tests.faults.money --triggers $(or $(TRIGGERS),300) $(if $(SEED),--seed $(SEED))

totals: ready-test ## ledger, statements, workbook, bank file and PDF say the same; RUNS=n SEED=n
	@$(BIN)/python -m tests.totals --runs $(or $(RUNS),20) $(if $(SEED),--seed $(SEED))

audit: ready-demo ## known vulnerabilities in what we run on (asks the package index)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/base.txt

lock: ready-demo ## compile requirements/*.in again; UPGRADE=1 takes newer versions
	scripts/lock.sh

up: ## the same as containers, from .env
	docker compose up --build

clean: ## remove the environment, the caches and the demo's data; other documents in var/ stay
	@if [ -L var/demo/postgres ]; then rm -rf "$$(readlink var/demo/postgres)"; fi
	rm -rf .venv var/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find apps tasks reports project tests fixtures scripts -name __pycache__ -type d -prune -exec rm -rf {} +

ready-demo:
	@$(PYTHON) scripts/setup.py demo

ready-test:
	@$(PYTHON) scripts/setup.py test
