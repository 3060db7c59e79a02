# twinlb: two disks from one seed. `make help` lists what can be made.

SEED   ?= examples/pair.yaml
FORMAT ?= raw
ROLE   ?=
CMD    ?=
VS     ?=
ONLY   ?=
RUNS   ?= 5
N      ?= 100
NODE   ?=
KEYS   ?=
OUT    ?=
V      ?=

twinlb   := build/twinlb
verbose  := $(if $(V),--verbose)
staticcheck := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
choice   := $(if $(NODE),--node '$(NODE)',--role '$(ROLE)')

export CMD # may have quotes and several lines

.DELETE_ON_ERROR:
.PHONY: help image seed run bench check test unit lint vm torture repro update-sources sources clean twinlb test-packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ROLE=master|backup|none or NODE=name, SEED=file, CMD=command, KEYS=folder, FORMAT=raw|qcow2, OUT=file,"
	@echo "  VS=debian, ONLY=sizes,build,boot,memory,idle,load,outages, RUNS=5, N=100, V=1, SOURCES_DIR=folder"

image: twinlb ## build the disk of one node: make image ROLE=master; of any: ROLE=none
	@$(twinlb) image $(choice) --seed '$(SEED)' --format '$(FORMAT)' --keys '$(KEYS)' --out '$(OUT)' $(verbose)

seed: twinlb ## write a drive with the seed of one node: make seed ROLE=backup OUT=cidata.iso
	@$(twinlb) seed '$(SEED)' $(choice) --keys '$(KEYS)' --out '$(OUT)'

run: twinlb test-packages ## run the pair here, with demo servers: make run, or make run CMD='mariadb -h …'
	@$(twinlb) build $(verbose)
	@go build -trimpath -buildvcs=false -o build/run ./qemu-tests/run
	@build/run --seed '$(SEED)' --cmd "$$CMD"

bench: twinlb test-packages ## measure the pair; VS=debian: beside one of Debian's packages
	@$(twinlb) build $(verbose)
	@go build -trimpath -buildvcs=false -o build/bench ./qemu-tests/bench
	@build/bench --vs '$(VS)' --only '$(ONLY)' --runs '$(RUNS)'

check: twinlb ## say whether a seed describes a pair that can work
	@$(twinlb) check '$(SEED)'

test: lint unit vm ## everything: linters, unit tests, VM tests

unit: test-packages ## unit tests
	go test ./...

lint: test-packages ## formatting, vet, shell scripts
	@test -z "$$(gofmt -l .)" || { gofmt -l . && echo "gofmt: format the files above" && exit 1; }
	go vet ./...
	go vet -tags vm ./qemu-tests/...
	go vet -tags testhook ./init/...
	$(staticcheck) ./...
	$(staticcheck) -tags vm ./qemu-tests/...
	$(staticcheck) -tags testhook ./init/...
	@! grep -rn '"os/exec"' init --include='*.go' --exclude='*_test.go' || { echo "init: PID 1 has one owner of wait; use init/supervise"; exit 1; }
	shellcheck --external-sources --source-path=SCRIPTDIR buildscripts/*.sh

vm: twinlb test-packages ## boot, balance, fail over: real VMs, real MariaDB
	@$(twinlb) build $(verbose)
	TWINLB_BUILT=1 go test -count 1 ./qemu-tests/conformance
	go test -tags vm -count 1 -timeout 60m -v ./qemu-tests

torture: twinlb test-packages ## let random faults happen to the pair: make torture N=1000; the same again: SEED=7
	@$(twinlb) build $(verbose)
	TWINLB_TORTURE='$(N) $(SEED)' go test -tags vm -count 1 -timeout 0 -v -run '^TestTorture$$' ./qemu-tests

repro: twinlb ## build kernel, haproxy and keepalived twice and compare
	@$(twinlb) repro $(verbose)

update-sources: twinlb ## move the pins of buildscripts/sources.lock
	@$(twinlb) update-sources
	@git --no-pager diff --stat -- buildscripts/sources.lock || true

sources: twinlb ## the sources of all that an image bundles, for whoever gets one, in build/sources
	@$(twinlb) sources $(verbose)

test-packages: twinlb
	@$(twinlb) packages buildscripts/packages qemu-tests/packages qemu-tests/debian/packages

clean: ## remove build/; the cache stays
	rm -rf build

twinlb:
	@mkdir -p build
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -o $(twinlb) ./image
