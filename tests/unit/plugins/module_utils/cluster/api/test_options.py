# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The documented options of each cluster action are those that it takes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

PLUGINS = "ansible_collections.llmops.vllm.plugins"
ROOT = Path(__file__).resolve().parents[6]
ACTIONS = ["apply", "completion", "plan", "preflight"]
# What a description adds to an option, and what the argument spec may leave out.
PROSE = {"description", "version_added"}


def documented(action: str) -> dict[str, Any]:
    """Return the options of the documentation, those of its fragments included."""
    content = yaml.safe_load(import_module(f"{PLUGINS}.modules.{action}").DOCUMENTATION)
    options = dict(content["options"])
    for fragment in content["extends_documentation_fragment"]:
        name = fragment.rpartition(".")[2]
        shared = import_module(f"{PLUGINS}.doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION
        options |= yaml.safe_load(shared).get("options") or {}
    return {
        name: {key: value for key, value in option.items() if key not in PROSE}
        for name, option in options.items()
    }


@pytest.mark.parametrize("action", ACTIONS)
def test_options_are_documented_as_they_are(action: str) -> None:
    assert documented(action) == import_module(f"{PLUGINS}.action.{action}").ARGUMENT_SPEC


def test_the_action_group_holds_the_cluster_actions() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    assert sorted(runtime["action_groups"]["cluster"]) == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_of_the_group_takes_the_connection(action: str) -> None:
    assert {"kubeconfig", "context"} <= documented(action).keys()
