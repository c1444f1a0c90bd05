# `make help` lists the targets. Everything that is downloaded or built goes to .venv*, .cache and the
# user's cache directory; a second run of a target does again only what has changed.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

COLLECTION := .cache/collections/ansible_collections/llmops/vllm
PLAYBOOK := .venv/bin/ansible-playbook
DEV := .venv-dev/bin
# The inventory of the demo; DEMO_ARGS goes to ansible-playbook (-v, --check, -e ...).
DEMO_INVENTORY ?= inventories/local
DEMO_ARGS ?=
# PYTEST_ARGS goes to pytest; LINTERS names linters (empty: all). INSTALL=1 installs the Debian
# packages that tests need and the machine lacks, as root, instead of naming them.
PYTEST_ARGS ?=
LINTERS ?=
MOLECULE ?= molecule
INSTALL ?=

export PYTEST_ARGS
# In a pipe or a CI log, too, each line comes when it is written.
export PYTHONUNBUFFERED := 1
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  %-17s %s\n", $$1, $$2}'

## --- environments ---------------------------------------------------------------------------------

$(COLLECTION):
	@mkdir -p $(@D)
	@ln -sfn ../../../.. $@

# The tree that ansible.cfg and the tests find the collection in.
.PHONY: .cache/collections
.cache/collections: | $(COLLECTION)

.venv/.stamp: requirements/user.txt
	@tests/tools/make_venv .venv user newest
	@touch $@

.venv-dev/.stamp: requirements/dev.txt
	@tests/tools/make_venv .venv-dev dev 3.11
	@touch $@

.venv-dev-newest/.stamp: requirements/dev.txt
	@tests/tools/make_venv .venv-dev-newest dev newest
	@touch $@

.PHONY: setup
setup: .venv/.stamp .venv-dev/.stamp .venv-dev-newest/.stamp | $(COLLECTION) ## make the environments of users and developers

.PHONY: lock
lock: .venv/.stamp ## resolve requirements/*.txt anew from pyproject.toml
	tests/tools/lock

## --- the product ----------------------------------------------------------------------------------

.PHONY: demo
demo: .venv/.stamp | $(COLLECTION) ## a local cluster and one deployed model that has answered
	@$(PLAYBOOK) -i $(DEMO_INVENTORY) playbooks/local_cluster.yml $(DEMO_ARGS)
	@$(PLAYBOOK) -i $(DEMO_INVENTORY) playbooks/deploy_vllm.yml $(DEMO_ARGS)

.PHONY: demo-down
demo-down: .venv/.stamp | $(COLLECTION) ## remove the demo's cluster; what was built stays cached
	@$(PLAYBOOK) -i $(DEMO_INVENTORY) playbooks/local_cluster.yml -e local_cluster_state=absent \
	    -e local_cluster_keep_cache=true $(DEMO_ARGS)

.PHONY: build
build: .venv/.stamp ## build the tarball that ansible-galaxy installs
	@mkdir -p build
	@.venv/bin/ansible-galaxy collection build --force --output-path build . | tail -n 1

.PHONY: docs
docs: .venv-dev/.stamp ## write the roles' README files from their argument specs
	@$(DEV)/python tests/tools/role_readmes.py
	@$(DEV)/python tests/tools/option_docs.py

## --- checks ---------------------------------------------------------------------------------------

# What the machine lacks for some steps is brought or said before anything runs.
NEEDS := tests/tools/needs $(if $(INSTALL),--install)
run = $(NEEDS) $(1) && $(MAKE) -s setup && $(DEV)/python tests/tools/suite.py $(1)

.PHONY: lint
lint: ## all linters (LINTERS="ruff mypy" for some), none may be missing
	@$(NEEDS) lint
	@$(MAKE) -s setup
	@$(DEV)/python tests/tools/lint.py $(LINTERS)

.PHONY: test-unit
test-unit: ## pure functions, on the oldest and the newest supported Ansible
	@$(call run,unit)

.PHONY: test-integration
test-integration: ## a real API server with simulated nodes, on both Ansible versions
	@$(call run,integration)

.PHONY: test-browser
test-browser: ## pages in a real headless Chromium; pictures go to .cache/reports
	@$(call run,browser)

.PHONY: test-e2e
test-e2e: ## kind with a real vLLM
	@$(call run,e2e)

.PHONY: molecule
molecule: ## the molecule scenario `default` (MOLECULE=molecule-kind for the real one)
	@$(call run,$(MOLECULE))

.PHONY: test
test: ## everything that CI runs; removes the local cluster at the end
	@$(call run,all)

.PHONY: breaks
breaks: setup ## break copies of the code on purpose (tests/breaks.yml): do the tests notice?
	@$(DEV)/python tests/tools/breaks.py

.PHONY: bench
bench: ## print figures as JSON
	@$(NEEDS) integration
	@$(MAKE) -s setup
	@$(DEV)/python tests/bench/bench.py

.PHONY: clean
clean: ## remove environments, caches of the checkout and reports (not the user's cache)
	rm -rf .venv .venv-dev .venv-dev-newest .cache .ansible .mypy_cache .pytest_cache .ruff_cache build
