# make test | check | bench | demo DATA=PATH   (everything lives in .venv; delete it to start anew)
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONTRIB := $(VENV)/contrib

.PHONY: test test-slow check bench demo clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=24"
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev]"
	touch $(STAMP)

test: $(STAMP)
	$(BIN)/pytest -m "not slow"

test-slow: $(STAMP)
	$(BIN)/pytest -m slow || [ $$? -eq 5 ]  # 5: none is marked

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

$(CONTRIB): $(STAMP)  # a peer in the flow benchmark comes only with OpenCV's contrib build
	$(BIN)/pip install --quiet --no-deps --target $(CONTRIB) opencv-contrib-python-headless
	touch $(CONTRIB)

bench: $(CONTRIB)
	PYTHONPATH=$(CONTRIB) $(BIN)/python benchmarks/flow.py --check

demo: $(STAMP)
	@test -n "$(DATA)" || { echo "usage: make demo DATA=PATH_OF_A_UTD_MHAD_FOLDER"; exit 2; }
	BIN=$(BIN) DATA="$(DATA)" sh recipes/utd_mhad/demo.sh

clean:
	rm -rf $(VENV)
