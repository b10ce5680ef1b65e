# make test | check | bench | fuzz | docs | demo | demo-utd DATA=PATH   (everything lives in .venv; delete it to start anew)
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONTRIB := $(VENV)/contrib
DOCS := $(VENV)/.docs
FUZZ := $(VENV)/.fuzz
DEMO_NOTE := Recordings and weights are synthetic: the network learned from other people, in other \
	rooms, made by the same program (demo/train.sh).

.PHONY: test test-slow check bench fuzz docs demo demo-utd clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet -c constraints.txt -e ".[all]" --group dev
	touch $(STAMP)

test: $(STAMP)
	$(BIN)/pytest -n auto --dist loadfile -m "not slow" --durations=25

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
	PYTHONPATH=$(CONTRIB) $(BIN)/python -m benchmarks.flow --check

$(FUZZ): $(STAMP)
	$(BIN)/pip install --quiet -c constraints.txt --group fuzz
	touch $(FUZZ)

SECONDS ?= 60
fuzz: $(FUZZ)  # each parser with arbitrary bytes, SECONDS long
	$(BIN)/python -m tools.fuzz all -max_total_time=$(SECONDS)

$(DOCS): $(STAMP)
	$(BIN)/pip install --quiet -c constraints.txt --group docs
	touch $(DOCS)

docs: $(DOCS)  # the site, in site/; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

demo: $(STAMP)  # synthetic people that the weights were not trained on; no data needed
	$(BIN)/skelflow synth --out demo/people --people 1 --setups 1 --cameras 2 --actions 10,23,24,38 \
		--color-size 480x270 --seed 2026
	$(BIN)/skelflow explain synthetic-8 demo/people --out demo \
		--title "skelflow on synthetic people" --note "$(DEMO_NOTE)"

demo-utd: $(STAMP)
	@test -n "$(DATA)" || { echo "usage: make demo-utd DATA=PATH_OF_A_UTD_MHAD_FOLDER"; exit 2; }
	BIN=$(BIN) DATA="$(DATA)" sh demo/utd_mhad.sh

clean:
	rm -rf $(VENV)
