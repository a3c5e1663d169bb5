# The words that people and CI share. `make check` gates, `make test` tests, `make demo` shows.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: setup check test test-full test-vllm weights demo bench docker clean format typing-tree

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25' -c constraints.txt
	$(BIN)/python -m pip install -q -e '.[dev]' -c constraints.txt
	touch $@

# Type checkers and import-linter see tools/, sandbox/, prompts/ and serving/ where they are imported from: in a
# copy, for pyright follows no links and looks into no hidden folder.
typing-tree:
	@rm -rf build/src && mkdir -p build/src
	@cp -r r1code build/src/ && cp -r tools sandbox prompts serving build/src/r1code/

check: setup typing-tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & mypy=$$!; $(BIN)/basedpyright --level error; rc=$$?; wait $$mypy && exit $$rc
	cd build/src && ../../$(BIN)/lint-imports --no-cache --config ../../pyproject.toml
	$(BIN)/python -m pytest -q tests/test_gates.py

format: setup
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

# Docker tests need an engine: on Debian as root one is installed and started if none runs.
docker: setup
	sh tests/docker.sh

# What takes long is named: the whole has to stay short.
SLOWEST = --durations=15 --durations-min=5
# One process more than there are cores: many wait. Those that need an engine share it. In the order of folders: by
# the number of tests, files with a few long ones would come last, and two processes of three would wait for them.
WORKERS = $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
test test-full: setup docker
	rc=0; \
	$(BIN)/python -m pytest -q $(TIER) $(SLOWEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not docker" || rc=1; \
	$(BIN)/python -m pytest -q $(TIER) $(SLOWEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m docker || rc=1; \
	exit $$rc

test-full: TIER = --full

# A real vLLM on the CPU, in a virtual environment of its own: 2.5 GB, once. docs/vllm.md says what is checked.
test-vllm: setup
	sh tests/vllm/install.sh .vllm
	$(BIN)/python -m pytest -q --vllm .vllm tests/vllm

# The embedded model: 1.1 GB, once.
weights: setup
	$(BIN)/r1code model fetch --yes

# A real model repairs the example; `demo-recorded` plays a file of replies instead, in seconds.
demo: setup docker
	sh examples/demo.sh "$(CURDIR)/$(BIN)/r1code" embedded

demo-recorded: setup docker
	sh examples/demo.sh "$(CURDIR)/$(BIN)/r1code" recorded

bench: setup docker
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/repl.py
	$(BIN)/python bench/tree.py
	$(BIN)/python bench/index.py
	$(BIN)/python bench/dialects.py
	$(BIN)/python bench/context.py
	$(BIN)/python bench/matching/run.py --cases 5700
	$(BIN)/python bench/matching/growth.py
	$(BIN)/python bench/review.py
	$(BIN)/python bench/sessions.py
	$(BIN)/python bench/sandbox.py
	$(BIN)/python bench/serving.py
	$(BIN)/python bench/runaways.py
	$(BIN)/python bench/batch.py --quiet
	$(BIN)/python bench/batch.py

clean:
	rm -rf $(VENV) build dist *.egg-info
