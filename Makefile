# runai-registrar. `make` alone lists what there is; Python 3.11 or newer, make and git are all it needs beforehand.

PYTHON ?= python3
VENV := .venv
IMAGE := runai-registrar:dev
IMAGE_ARGS :=
DEMO_ARGS :=
APISERVER_ARGS :=
SIMULATE_ARGS :=
LOCK_ARGS :=
PYTEST_ARGS :=
JOBS := 4

py := $(VENV)/bin/python
ready := $(VENV)/.ready
say := @printf '\n== %s\n'
# Most tests wait for servers, so more of them run at once than there are cores; a file stays in one process.
pytest = $(py) -m pytest -n $(JOBS) --dist loadfile
# A test that only waited in vain on a busy machine gets one more try, and is listed; nothing else is excused.
again := --reruns 1 --only-rerun '^(InVain|ReadTimeout|ConnectTimeout|TimeoutExpired): ' \
	--only-rerun '^(HelmError|AssertionError): [Ee]rror: .*(timed out|deadline exceeded)' --rerun-except '\bI[0-9]+: '
# The API server's programs and Helm are made beforehand, where their progress is seen; a given cluster needs no server.
define programs
$(if $(RUNAI_REGISTRAR_TEST_KUBECONFIG),,@$(py) -m runai_registrar.apiserver build --controller-manager >/dev/null)
@$(py) tests/programs/helm.py >/dev/null
endef

# Every test file runs once: what needs no API server, then the contracts with the API file, then the rest.
TESTS := $(filter-out tests/e2e/%,$(sort $(wildcard tests/test_*.py tests/*/test_*.py tests/*/*/test_*.py)))
PLAIN_TESTS := tests/faults/test_catalogue.py tests/faults/test_checkers.py
API_TESTS := $(filter-out $(PLAIN_TESTS),$(filter tests/apiserver/% tests/chart/% tests/crds/% tests/operator/% tests/demo/% tests/faults/% tests/gitops/%,$(TESTS)))
CONTRACT_TESTS := $(filter %/test_contract.py,$(filter-out $(API_TESTS),$(TESTS)))
UNIT_TESTS := $(filter-out $(CONTRACT_TESTS) $(API_TESTS),$(TESTS))
# What takes longest begins first, the sweeps apart from each other, so that no process works on alone at the end.
LONGEST := $(addprefix tests/,faults/test_crash_create.py chart/test_lifecycle.py protocol/test_machine.py \
	faults/test_two_operators.py faults/test_crash_change.py demo/test_command.py faults/test_random.py \
	faults/test_crash_delete.py protocol/test_machine_broken.py faults/test_soak.py operator/test_many.py faults/test_crash_parts.py)
in_order := --no-loadscope-reorder

# What a shell may carry and must not decide anything here: the user's cluster, settings, Python and pip switches.
settings := $(filter-out RUNAI_REGISTRAR_TEST_KUBECONFIG RUNAI_REGISTRAR_TEST_LONG RUNAI_REGISTRAR_TEST_RUNS RUNAI_REGISTRAR_TEST_SEED,$(filter RUNAI_REGISTRAR_%,$(.VARIABLES)))
unexport KUBECONFIG MYPYPATH PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER
unexport PYTEST_ADDOPTS PYTEST_PLUGINS PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS VIRTUAL_ENV $(settings)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup test lint types layers docs-coverage unit contract test-api test-faults test-faults-long e2e e2e-kind demo apiserver simulate format lock image clean

help: ## list the targets
	@printf 'usage: make TARGET\n\n'
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s%s\n", $$1, $$2 }'

setup: $(ready) ## install everything into .venv, from the lock (PYTHON=python3.12 chooses the interpreter)

test: lint types layers docs-coverage ## lint, types, layers, docs coverage, then every test, the longest first
	$(programs)
	$(say) 'tests: units, contracts, and against a real API server'
	$(pytest) $(in_order) --maxfail=5 $(again) --cases $(PYTEST_ARGS) $(LONGEST) $(filter-out $(LONGEST),$(API_TESTS) $(UNIT_TESTS) $(CONTRACT_TESTS))

lint: $(ready) ## ruff: the rules, and the format
	$(say) 'lint'
	$(py) -m ruff check .
	$(py) -m ruff format --check .

types: $(ready) ## mypy, strict
	$(say) 'types'
	$(py) -m mypy

layers: $(ready) ## import-linter: who may import whom
	$(say) 'layers'
	$(VENV)/bin/lint-imports --no-logo

docs-coverage: $(ready) ## interrogate: every module and public name says what it is
	$(say) 'docs coverage'
	$(py) -m interrogate operator tests

unit: $(ready) ## the tests without an API server
	$(pytest) $(PYTEST_ARGS) $(UNIT_TESTS)

contract: $(ready) ## the simulator and the client against the OpenAPI file
	$(pytest) $(PYTEST_ARGS) $(CONTRACT_TESTS)

test-api: $(ready) ## the tests against a real API server (built or downloaded once: minutes)
	$(programs)
	$(pytest) $(PYTEST_ARGS) $(API_TESTS)

test-faults: $(ready) ## everything that can go wrong: each case of the fault catalogue, and a table of verdicts
	$(programs)
	$(pytest) --cases -m case $(PYTEST_ARGS) $(TESTS)

test-faults-long: $(ready) ## the same with more crashes, more registrations, more random runs (half an hour)
	$(programs)
	RUNAI_REGISTRAR_TEST_LONG=1 RUNAI_REGISTRAR_TEST_RUNS=20000 $(pytest) --cases -m case $(PYTEST_ARGS) $(TESTS)

e2e: $(ready) ## a whole installation as pods, on a cluster kept for tests (KUBECONFIG=… IMAGE=…)
	RUNAI_REGISTRAR_E2E_KUBECONFIG='$(KUBECONFIG)' RUNAI_REGISTRAR_E2E_IMAGE='$(IMAGE)' $(py) -m pytest -v $(PYTEST_ARGS) tests/e2e

e2e-kind: $(ready) ## the same on a kind cluster of its own; needs Docker and kind
	tests/e2e/kind.sh

demo: $(ready) ## see it all at work on this machine (DEMO_ARGS=…)
	@$(VENV)/bin/runai-registrar demo $(DEMO_ARGS)

apiserver: $(ready) ## a real API server with the CRDs, to play with (APISERVER_ARGS=…)
	@$(py) -m runai_registrar.apiserver up $(APISERVER_ARGS)

simulate: $(ready) ## a simulated Run:ai control plane (SIMULATE_ARGS=…)
	@$(VENV)/bin/runai-registrar simulate $(SIMULATE_ARGS)

format: $(ready) ## let ruff mend what it can
	$(py) -m ruff check --fix .
	$(py) -m ruff format .

resolve := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
project := pyproject.toml --no-emit-package runai-registrar
lock: $(ready) ## resolve requirements/*.txt again (LOCK_ARGS=--upgrade for newer versions)
	$(resolve) $(LOCK_ARGS) pyproject.toml -o requirements/operator.txt
	$(resolve) $(LOCK_ARGS) $(project) --extra demo -c requirements/operator.txt -o requirements/demo.txt
	$(resolve) $(LOCK_ARGS) $(project) --extra demo --group dev -c requirements/demo.txt -o requirements/dev.txt
	$(resolve) $(LOCK_ARGS) --group build -c requirements/dev.txt -o requirements/build.txt

image: ## build the container image with Docker (IMAGE=name:tag, IMAGE_ARGS='--build-arg BASE_IMAGE=…')
	docker build -t $(IMAGE) $(IMAGE_ARGS) .

clean: ## remove what was made here, the virtual environment included
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find operator tests -name __pycache__ -type d -prune -exec rm -rf {} +

too_old := import sys; v = sys.version_info[:2]; \
	sys.exit("make: Python 3.11 or newer is needed, and this is %d.%d; choose one: make PYTHON=python3.12" % v if v < (3, 11) else 0)

$(ready): requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'make: there is no $(PYTHON); choose a Python: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c '$(too_old)'
	$(say) 'setup: $(VENV), from requirements/dev.txt'
	@$(py) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(py) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(py) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@
