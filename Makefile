# The two commands of a new user are `make demo` and `make test`; `make help` lists the rest.
# Everything a target needs is installed by scripts/need, from the distribution's packages, when it is missing.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1
# An SDK that was unpacked from an archive may be without the ICU libraries; nothing here is built or tested in another culture.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT := 1

# What goes into the binary. The list itself is a file, so that a deleted source is noticed too.
sources := $(shell find src Directory.Build.props Directory.Packages.props -type f \
             -not -path '*/bin/*' -not -path '*/obj/*' | LC_ALL=C sort)
list := artifacts/.sources

# ENGINE=unix:///some/docker.sock runs the end-to-end cases against that engine instead of Tare's own daemon.
ENGINE ?=
# FILTER narrows the tests (`dotnet test --filter`), for example FILTER=FullyQualifiedName~LogsTests.
FILTER ?=
# LAUNCHES is the length of `make stress`.
LAUNCHES ?= 10000
# PEERS points at a reference set-up of docker and podman for `make bench` (see bench/README.md).
PEERS ?=
# VM is the one virtual machine for `make test-vm`: debian12 or debian13; both when it is not given.
VM ?=
# SUITE is a folder with a built OCI runtime-tools validation suite for `make conformance`.
SUITE ?=
# DISTRIBUTION is the built conformance suite of the OCI distribution-spec (conformance.test) for `make conformance`.
DISTRIBUTION ?=

.PHONY: help demo build links test test-unit test-e2e test-vm stress bench conformance clean force

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: ## build tare and watch containers run
	@scripts/need build demo
	@$(MAKE) build
	@scripts/demo

build: ## make artifacts/tare, the one binary
	@scripts/need build
	@mkdir -p artifacts
	@printf '%s\n' $(sources) | cmp -s - $(list) || printf '%s\n' $(sources) > $(list)
	@$(MAKE) -s artifacts/tare

artifacts/tare: $(sources) $(list) scripts/publish
	@scripts/publish

links: build ## artifacts/{docker,dockerd,docker-compose,runc} as names of tare
	@for n in docker dockerd docker-compose runc; do ln -sfn tare artifacts/$$n; done

test: ## every test, unit and end to end
	@scripts/need build test
	@$(MAKE) build
	@TARE_TEST_HOST=$(ENGINE) FILTER='$(FILTER)' scripts/test all

test-unit: ## the unit tests
	@scripts/need build
	@FILTER='$(FILTER)' scripts/test unit

test-e2e: ## the end-to-end tests; ENGINE=unix://SOCKET runs them against another engine, FILTER=… picks some
	@scripts/need build test
	@$(MAKE) build
	@TARE_TEST_HOST=$(ENGINE) FILTER='$(FILTER)' scripts/test e2e

test-vm: ## end-to-end tests of launching in virtual machines; VM=debian12|debian13 takes one, FILTER=… picks some
	@scripts/need build test vm
	@$(MAKE) build
	@FILTER='$(FILTER)' scripts/vm/test $(VM)

stress: ## LAUNCHES=10000 launches with a busy keeper
	@scripts/need build test
	@$(MAKE) build
	@TARE_TEST_LAUNCHES=$(LAUNCHES) FILTER='FullyQualifiedName~StressTests' scripts/test e2e

bench: ## measure; PEERS=DIR measures docker and podman beside it
	@scripts/need build bench
	@$(MAKE) build
	@PEERS='$(PEERS)' $(if $(PEERS),,unshare --net scripts/in-namespace) python3 bench/bench.py

conformance: ## the OCI suites: SUITE=DIR for `tare oci`, DISTRIBUTION=FILE for `tare registry`
	@scripts/conformance '$(SUITE)' '$(DISTRIBUTION)'

clean: ## remove what was built
	@rm -rf artifacts src/*/bin src/*/obj tests/*/bin tests/*/obj
