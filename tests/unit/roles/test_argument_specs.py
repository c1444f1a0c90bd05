# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A role's defaults and its argument spec say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted((Path(__file__).parents[3] / "roles").iterdir())

pytestmark = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, empty when there is no file."""
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def defaults_of(role: Path) -> dict[str, Any]:
    return load(role / "defaults" / "main.yml")


def options_of(role: Path) -> dict[str, dict[str, Any]]:
    """Return the options of all entry points."""
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


def is_template(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


def test_every_default_is_documented(role: Path) -> None:
    assert sorted(set(defaults_of(role)) - set(options_of(role))) == []


def test_every_optional_option_has_a_default(role: Path) -> None:
    optional = {name for name, option in options_of(role).items() if not option.get("required")}
    assert sorted(optional - set(defaults_of(role))) == []


def test_defaults_are_equal(role: Path) -> None:
    options = options_of(role)
    different = {
        name: (default, options[name].get("default"))
        for name, default in defaults_of(role).items()
        # The spec cannot hold a template where the type is not a string: it says it in words.
        if not (is_template(default) and "default" not in options[name])
        and options[name].get("default") != default
    }
    assert different == {}


# The role that documents the inventory has the inventory's own names.
PREFIXES = {"clusters": "vllm_"}


def test_names_carry_the_role(role: Path) -> None:
    prefix = PREFIXES.get(role.name, f"{role.name}_")
    names = {*defaults_of(role), *options_of(role)}
    assert sorted(name for name in names if not name.startswith(prefix)) == []
