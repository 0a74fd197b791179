# Most users need only `make forecast` and `make test`. The first run creates .venv.
# Options: SCENARIO=name, ARGS="more arguments", PYTHON=/path/to/python3.12 (for the set-up),
# NOVENV=1 (use the Python of the current environment, such as conda, and install nothing).

.DEFAULT_GOAL := help
.PHONY: help environment everything forecast test lab study bench lock

ifdef NOVENV
PY := python
export PYTHONPATH := $(CURDIR)$(if $(PYTHONPATH),:$(PYTHONPATH))
else
PY := .venv/bin/python
endif

# Keep all caches and configuration of a run inside the checkout.
CACHE := $(CURDIR)/.cache
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_CONFIG_DIR := $(CACHE)/jupyter/config
export JUPYTER_DATA_DIR := $(CACHE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter/runtime
export MPLCONFIGDIR := $(CACHE)/matplotlib
LOCK := .cache/uv/bin/uv pip compile --quiet --no-config --universal --python-version 3.12 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
# A kernel that is registered elsewhere must not take the place of the Python that runs JupyterLab.
unexport JUPYTER_PATH

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

forecast: environment ## compute the forecast and render its notebooks; SCENARIO=name, ARGS="--as-of latest"
	@$(PY) -m model forecast --report $(if $(SCENARIO),--scenario '$(SCENARIO)') $(ARGS)

test: everything ## run the test suite; ARGS="-k name"
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lab: everything ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks \
		--FileCheckpoints.checkpoint_dir="$(CACHE)/checkpoints" --LanguageServerManager.autodetect=False $(ARGS)

study: everything ## run the slow checks: backtest, calibration, fault injection
	@$(PY) -m model.track_record.study januaries
	@$(PY) -m model backtest
	@$(PY) -m model.track_record.study
	@$(PY) -m pytest -m study $(ARGS) tests

bench: everything ## measure how long each command takes
	@$(PY) -m tests.bench $(ARGS)

lock: everything ## write both lock files from pyproject.toml; ARGS=--upgrade takes newer releases
	@$(PY) -m pip install --quiet --upgrade --target .cache/uv uv
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> .cache/build.txt
	@$(LOCK) --all-extras --output-file requirements-all.lock $(ARGS) pyproject.toml .cache/build.txt
	@$(LOCK) --constraint requirements-all.lock --output-file requirements.lock pyproject.toml .cache/build.txt

environment:
	@$(if $(NOVENV),:,sh .ci/bootstrap)

# What only tests, studies, JupyterLab and clusters need is installed when one of them is asked for.
everything:
	@$(if $(NOVENV),:,sh .ci/bootstrap all)
