# The only interface to build, run, test and measure. Each target installs what it needs.

CARGO ?= cargo
DATA  ?= ./data
# How long each fuzz target runs, in seconds.
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help run dev go stop build test lint fmt bench fuzz ui-build

help: ## Tell what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Build and start Plenum on https://127.0.0.1:8099, data in ./data, HAProxy managed
	scripts/install.sh run
	scripts/ui.sh
	$(CARGO) build --release --locked -p plenum
	$(CARGO) run --release --locked --quiet -p plenum -- serve --listen 127.0.0.1:8099 --data-dir $(DATA)

dev: run ## The same as run: start Plenum with its log before you

go: build ## Build and start Plenum in the background; its log is $(DATA)/plenum.log
	scripts/background.sh start $(DATA)

stop: ## End the Plenum that go started; HAProxy and Caddy go on
	scripts/background.sh stop $(DATA)

build: ## Build the release program, target/release/plenum
	scripts/install.sh run
	scripts/ui.sh
	$(CARGO) build --release --locked -p plenum

test: ## Install what the tests need and run every test
	scripts/install.sh test
	scripts/haproxy-versions.sh
	scripts/capsule.sh
	scripts/deny.sh
	$(CARGO) nextest run --workspace --all-features --locked $(if $(CI),--profile ci)
	$(CARGO) test --doc --workspace --all-features --locked --quiet
	scripts/web-test.sh test
	@scripts/haproxy-versions.sh --list

lint: ## Check the form, the lints and the dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features --locked -- -D warnings
	scripts/deny.sh
	scripts/web-test.sh lint

fmt: ## Format everything
	$(CARGO) fmt --all
	npm run --prefix web format

bench: ## Measure, and print ratios
	scripts/install.sh bench
	scripts/bench.sh

fuzz: ## Run every fuzz target for FUZZ_SECONDS
	scripts/fuzz.sh $(FUZZ_SECONDS)

ui-build: ## Build the web app into web/dist, if its sources have changed
	scripts/ui.sh
