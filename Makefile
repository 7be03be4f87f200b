PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# pip gives OpenCV 5, which people have; OpenCV 4 has the Caffe importer that ours is held against
VENV4 := .venv-opencv4
READY4 := $(VENV4)/.ready

# four at most: each may need a gigabyte; whole files, so that browsers and servers start once
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist loadfile

.PHONY: demo test check docs clean

demo: $(READY)
	$(BIN)/python sample_images/demo.py

test: check $(READY4)
	$(BIN)/pytest $(SIDE_BY_SIDE)
	$(VENV4)/bin/python -m pytest -p no:cacheprovider tests/models/test_parity.py tests/models/test_engines.py

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# links are checked; read it at build/site/index.html
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

# its own OpenCV; all else comes from the first environment
$(READY4): $(READY)
	$(PYTHON) -m venv --clear $(VENV4)
	$(VENV4)/bin/python -m pip install --quiet --no-deps "opencv-python-headless<5"
	$(BIN)/python -c "import sysconfig; print('import site; site.addsitedir(%r)' % sysconfig.get_path('purelib'))" \
		> $$($(VENV4)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/first.pth
	touch $@

clean:
	rm -rf $(VENV) $(VENV4) build dist restored
