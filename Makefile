# Two commands do everything on a fresh machine: `make demo` and `make test`.
#
#   demo    sets up, restores a degraded plate of real pixels, prints the gain
#   test    sets up, passes every check and test
#   check   the checks alone: formatters, linter, types, floors; the OFX plugin builds without warnings
#   ofx     builds the OFX plugin and installs it where hosts look, if this user may write there
#   ofx-bundle  builds it in build/ofx, and installs nothing
#   wheel   makes dist/*.whl, for machines of this kind, since it carries the OFX plugin
#   test-ofx  its tests, alone and in a host: plain, under AddressSanitizer and UBSan, under ThreadSanitizer
#   bench   every performance claim as a figure (minutes)
#   bench-farm  chunks over one run, what a task and a resume cost, then farms under fire (minutes);
#           FARMS=N
#   soak    kills writers, workers, servers and clients, 2000 times (half an hour); KILLS=N, SEED=S
#   fuzz    throws spoilt bytes at all that reads others' (13 minutes); FUZZ="--seconds 600 zmtp"
#   farm-slurm  unpacks Debian's Slurm into build/slurm, installs nothing, and runs farm jobs on it
#           (minutes); SLURM_ROOT=/ takes the one that is installed
#   train   the weights of the default restorer, 2 h 40 min on two cores; resumes after a kill
#   train-svfr-tiny  the tiny SVFR by the paper's losses, with and without the facial prior, then what
#           it learnt, pass or fail (1000 steps each, 8 minutes of two cores; resumes); STEPS=N
#   clean   removes what the others made

PYTHON ?= python3
SYSTEM := python3 python3-venv
EXTRAS := chromium chromium-driver lua5.1
COMPILER := cmake g++ doctest-dev
BIN := .venv/bin
STAMP := .venv/.installed
export OMP_WAIT_POLICY := passive
unexport PYTHONDONTWRITEBYTECODE # else each of the tests' many processes compiles all anew

STEPS ?= 1000
FARMS ?= 60
.PHONY: demo test compiled pytest check ofx ofx-bundle wheel test-ofx bench bench-farm soak fuzz farm-slurm train train-svfr-tiny clean system extras compiler

demo: $(STAMP)
	$(BIN)/faceplate demo

# The OFX plugin, tested by `test-ofx`, compiles while pip fetches; the checks run beside the tests.
test:
	$(MAKE) -j 2 $(STAMP) compiled
	$(MAKE) -j 2 check pytest

compiled: extras
	@if command -v cmake && command -v c++; then $(MAKE) ofx-bundle; else echo "no OFX plugin built"; fi

pytest: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist worksteal --ignore tests/ofx_host \
	  --ignore tests/integration/test_ofx_base.py

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror $(wildcard ofx_bridge/*/*/*.h ofx_bridge/*/*/*.cc)
	@if command -v cmake && command -v c++; then $(MAKE) ofx-bundle; else echo "no OFX plugin built"; fi

ofx: ofx-bundle
	@if [ -x $(BIN)/faceplate ]; then engine=$(BIN)/faceplate; else engine="$(PYTHON) -m engine"; fi; \
	  $$engine install ofx || echo "built, not installed: build/ofx/Faceplate.ofx.bundle"

ofx-bundle: compiler | system
	cmake -S ofx_bridge -B build/ofx -DBUILD_TESTING=OFF
	cmake --build build/ofx --parallel 2

test-ofx: compiler $(STAMP)
	set -e; for sanitize in "" address,undefined thread; do \
	  folder="build/ofx-test-$${sanitize%,*}"; \
	  cmake -S ofx_bridge -B "$$folder" -DSANITIZE="$$sanitize" -DCMAKE_BUILD_TYPE=RelWithDebInfo; \
	  cmake --build "$$folder" --parallel 2; \
	  ctest --test-dir "$$folder" --output-on-failure; \
	  $(BIN)/python -m tests.ofx_host.sanitized "$$folder"; \
	done

wheel: ofx-bundle $(STAMP)
	rm -rf build/lib build/bdist.* engine/Faceplate.ofx.bundle
	cp -R build/ofx/Faceplate.ofx.bundle engine/
	$(BIN)/pip wheel --no-deps --wheel-dir dist . --config-settings \
	  "--build-option=--plat-name=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_platform())')"; \
	  built=$$?; rm -rf engine/Faceplate.ofx.bundle; exit $$built

bench: $(STAMP) ofx-bundle
	$(BIN)/python -m bench.denoise
	$(BIN)/python -m bench.status
	$(BIN)/python -m bench.wire
	$(BIN)/python -m bench.ofx
	$(BIN)/python -m bench.peer
	$(BIN)/python -m bench.load
	$(BIN)/python -m bench.quality
	$(BIN)/python -m bench.speed
	$(BIN)/python -m bench.links
	$(BIN)/python -m bench.pipeline
	$(BIN)/python -m bench.overlap
	$(BIN)/python -m bench.svfr --size tiny --frames 16
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.memory

bench-farm: $(STAMP)
	$(BIN)/python -m bench.farm
	$(BIN)/python -m bench.resume
	FARMS=$(FARMS) $(BIN)/python -m pytest tests/integration/test_farm.py
	$(BIN)/python -m tests.soak --farms $(FARMS) $(if $(SEED),--seed $(SEED))

soak: $(STAMP)
	$(BIN)/python -m tests.soak $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

fuzz: $(STAMP)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[fuzz]"
	$(BIN)/python -m tests.fuzz $(FUZZ)

farm-slurm: $(STAMP)
	$(if $(SLURM_ROOT),,tests/slurm/fetch.sh build/slurm)
	SLURM_ROOT=$(or $(SLURM_ROOT),$(CURDIR)/build/slurm) $(BIN)/python -m pytest tests/slurm

train: $(STAMP)
	$(BIN)/python -m training.lite --part restoring --out train/restoring --minutes 104 --resume
	$(BIN)/python -m training.lite --part chroma --out train/chroma --minutes 52 --resume \
	  --size 160 --kinds face=0.8,leaves=0.15,patterns=0.05
	$(BIN)/python -m training.lite.ship --restoring train/restoring --chroma train/chroma \
	  --out train/weights.safetensors --commit "$$(git rev-parse HEAD)"

train-svfr-tiny: $(STAMP)
	$(BIN)/python -m training.svfr --out train/svfr-without --prior 0 --steps $(STEPS) & \
	$(BIN)/python -m training.svfr --out train/svfr --steps $(STEPS) && wait $$!
	$(BIN)/python -m training.svfr --out train/svfr --against train/svfr-without

clean:
	rm -rf .venv build dist demo train *.egg-info .hypothesis .ruff_cache .import_linter_cache

$(STAMP): pyproject.toml constraints.txt | system
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

# Python 3.11 with venv is all that the system must bring (Debian 12 names).
system:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy $(SYSTEM); \
	  else echo "install these first: $(SYSTEM) (3.11 or later)"; exit 1; fi

# What the OFX plugin is built and tested with.
compiler:
	@command -v cmake >/dev/null && command -v c++ >/dev/null && [ -e /usr/include/doctest/doctest.h ] || \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy $(COMPILER); \
	  else echo "install these first: $(COMPILER)"; exit 1; fi

# What some tests need: a real browser for the page, a compiler for Resolve's Lua. Else they are
# skipped.
extras: | system
	@dpkg-query -W $(EXTRAS) >/dev/null 2>&1 || \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy $(EXTRAS) || true; \
	  else echo "tests that need these are skipped: $(EXTRAS)"; fi
