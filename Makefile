# Everything that a person runs here. `make` alone lists it.
# Needs Python 3.11 or newer, gcc and npm; another Python than python3: make PYTHON=python3.12 …

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
# Each stamp says what .venv was last filled with; it is filled again when the pins change. To run
# Hopline only what the lock names by hash will do; what tests need comes by version.
RUN := .venv/.run-installed
DEVELOP := .venv/.develop-installed

# .venv is good for one version of Python in one place: after an upgrade of the system, for another
# PYTHON= or when this folder was moved, it is made anew, and so are tox's.
WANTED := $(if $(filter command environment,$(origin PYTHON)),$(PYTHON),$(BIN)/python)
VERSION := "import sys; print('%d.%d' % sys.version_info[:2])"
ifneq ($(and $(filter-out help clean deb,$(MAKECMDGOALS)),$(wildcard .venv/pyvenv.cfg)),)
made_with := $(shell sed -n 's/^version *= *\([0-9]*\.[0-9]*\).*/\1/p' .venv/pyvenv.cfg)
made_at := $(shell sed -n 's/^command *= .* -m venv //p' .venv/pyvenv.cfg)
ifneq ($(made_with) $(made_at),$(shell $(WANTED) -c $(VERSION) 2>/dev/null) $(CURDIR)/.venv)
$(info hopline: .venv is of Python $(made_with) at $(made_at), so it is made anew)
$(shell rm -rf .venv .tox)
endif
endif

define require
	@{ $(1); } >/dev/null 2>&1 || { echo "hopline: $(2)" >&2; exit 1; }
endef

define install
	@echo "installing hopline$(1) into .venv"
	@deploy/pip.sh $(BIN)/python install -qq --constraint constraints.txt --editable '.$(1)'
	@touch $@
endef

.PHONY: help
help:
	@echo "make up [ARGS=--demo]  set up everything and run it on this machine"
	@echo "make test [ARGS=…]     lint, types and all tests; ARGS go to pytest"
	@echo "make lint              only lint and types"
	@echo "make bench             the redirect beside its peers; figures in build/bench.json"
	@echo "make bench-workers     the consumers beside a plain one; build/bench-workers.json"
	@echo "make bench-api         lists and searches of 1,000,000 links; build/bench-api.json"
	@echo "make bench-reports     reports over 20,000,000 clicks; build/bench-reports.json"
	@echo "make bench-console     pages over 20,000,000 clicks, 1,000,000 links; build/bench-console.json"
	@echo "make bench-care        audit, replay, backup and restore of them; build/bench-care.json"
	@echo "make chaos             break everything while clicks come; CHAOS_SECONDS=, ARGS=--help"
	@echo "make ha                take stores and hosts away while clicks come; build/ha.json, *.png"
	@echo "make deb               a Debian package in build/, which installs without a network"
	@echo "make test-systemd      that package under real systemd; figures in build/systemd*.json"
	@echo "make test-platforms    all of it on Debian 12, 13 and testing, unpacked; as root"
	@echo "make fuzz              the interface asked what its document allows; ARGS go to schemathesis"
	@echo "make loadtest          a local Hopline under load; verdict in build/loadtest.html"
	@echo "make lock              deploy/requirements.lock anew, with the hashes of what is installed"
	@echo "make clean             remove .venv, .tox and build; links and clicks are kept"

.PHONY: up
up: $(RUN)
	@$(BIN)/hopline up $(ARGS)

.PHONY: test
test: $(DEVELOP)
	@$(BIN)/tox run-parallel --parallel all --parallel-live -- $(ARGS)

.PHONY: lint
lint: $(DEVELOP)
	@$(BIN)/tox run -e lint,type

.PHONY: bench
bench: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench $(ARGS)

.PHONY: bench-workers
bench-workers: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench_workers $(ARGS)

.PHONY: bench-api
bench-api: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench_api $(ARGS)

.PHONY: bench-reports
bench-reports: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench_reports $(ARGS)

.PHONY: bench-console
bench-console: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench_console $(ARGS)

.PHONY: bench-care
bench-care: $(DEVELOP)
	@$(BIN)/python -m loadtest.bench_reports --care $(ARGS)

.PHONY: chaos
chaos: $(DEVELOP)
	@$(BIN)/python -m tests.chaos $(if $(CHAOS_SECONDS),--seconds $(CHAOS_SECONDS)) \
		$(if $(CHAOS_SEED),--seed $(CHAOS_SEED)) $(if $(CHAOS_STORE),--store $(CHAOS_STORE)) $(ARGS)

.PHONY: ha
ha: $(DEVELOP)
	@$(BIN)/python -m tests.ha $(ARGS)

# After a change of setup.cfg or constraints.txt; the comment at its head stays.
.PHONY: lock
lock: .venv/pyvenv.cfg
	@deploy/pip.sh $(BIN)/python install -qq --constraint constraints.txt uv
	@{ sed '/^[^#]/,$$d' deploy/requirements.lock; echo 'setuptools>=77' | $(BIN)/uv pip compile \
		setup.cfg - --universal --python-version 3.11 --constraint constraints.txt --quiet \
		--generate-hashes --no-header --no-annotate; } >deploy/requirements.lock.new
	@mv deploy/requirements.lock.new deploy/requirements.lock

.PHONY: deb
deb:
	@deploy/build_deb.sh

.PHONY: test-systemd
test-systemd: $(DEVELOP)
	@CI=true $(BIN)/pytest -q -s tests/deploy/test_systemd.py tests/deploy/test_systemd_reload.py $(ARGS)

.PHONY: test-platforms
test-platforms: $(DEVELOP)
	@$(BIN)/python -m tests.platforms $(ARGS)

.PHONY: fuzz
fuzz: $(DEVELOP)
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: loadtest
loadtest: $(DEVELOP)
	@$(BIN)/python -m loadtest $(ARGS)

.PHONY: clean
clean:
	rm -rf .venv .tox build

.venv/pyvenv.cfg:
	$(call require,command -v $(PYTHON),install Python 3.11 or newer (Debian: apt install python3 python3-venv python3-dev))
	$(call require,$(PYTHON) -c 'import sys; assert sys.version_info >= (3$(comma) 11)',$$($(PYTHON) --version) is too old: install Python 3.11 or newer and name it: make PYTHON=python3.11 $(MAKECMDGOALS))
	$(call require,$(PYTHON) -c 'import ensurepip',install Python's venv module (Debian: apt install python3-venv))
	$(call require,command -v gcc || command -v cc,install a C compiler$(comma) which builds the HTTP parser (Debian: apt install gcc))
	$(call require,$(PYTHON) -c 'import os.path$(comma) sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")',install Python's headers (Debian: apt install python3-dev))
	@$(PYTHON) -m venv .venv

$(RUN): .venv/pyvenv.cfg setup.cfg setup.py deploy/requirements.lock $(wildcard app/redirect/server/*.c)
	@echo "installing hopline into .venv"
	@deploy/locked.sh $(BIN)/python install
	@deploy/pip.sh $(BIN)/python install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOP): .venv/pyvenv.cfg setup.cfg setup.py constraints.txt $(wildcard app/redirect/server/*.c)
	$(call install,[test$(comma)loadtest$(comma)bench])

comma := ,
