# make demo: set everything up and run the main job on a small corpus made here.
# make test: set everything up, lint and run the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup test lint demo clean

setup: $(READY)

# tinysoundfont's metadata demands pyaudio, which needs portaudio's headers, and basic-pitch's TensorFlow. Neither is used
# here: hence --no-deps.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[project,evaluate,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt tinysoundfont basic-pitch
	touch $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The longest tests are alone in their files: in the order of names they come before the end.
test: $(READY) lint
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

demo: $(READY)
	$(BIN)/dp demo

clean:
	rm -rf $(VENV) .dp data models demo
