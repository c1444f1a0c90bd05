# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The filters' thin faces: input forms and errors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.filter import probe_thresholds

ROOT = Path(__file__).resolve().parents[4]


def call(module: Any, *args: Any, **options: Any) -> Any:
    ((_name, function),) = module.FilterModule().filters().items()
    return function(*args, **options)


@pytest.mark.parametrize(
    "value", [600, "600", 600.0, {"seconds": 600}, {"startup": {"seconds": 600}, "seconds": 1}]
)
def test_probe_thresholds_of_seconds_or_a_plan(value: Any) -> None:
    found = call(probe_thresholds, value, period=15, initial_delay=30)
    assert found["startup"]["failureThreshold"] == 39
    assert found["guaranteed_seconds"] == 600


@pytest.mark.parametrize(
    ("value", "options", "message"),
    [
        ({}, {}, "neither startup.seconds nor seconds"),
        (60, {"timeout": 20}, "above period"),
        (60, {"perid": 20}, "perid"),
        ([], {}, "number of seconds"),
        (60, {"port": 70000}, "70000 is not a port; give a number from 1 to 65535"),
        (60, {"period": 1, "timeout": 5}, "give at most 1"),
    ],
)
def test_probe_thresholds_refuses(value: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        call(probe_thresholds, value, **options)


def test_a_short_period_alone_is_enough() -> None:
    found = call(probe_thresholds, 1, period=1)
    assert found["startup"]["timeoutSeconds"] == found["startup"]["periodSeconds"] == 1


def test_the_examples_of_probe_thresholds_run() -> None:
    """Every expression in the documentation, as a playbook would have it."""
    text = (Path(probe_thresholds.__file__).with_suffix(".yml")).read_text()
    documents = yaml.safe_load(text)
    expressions = re.findall(r"\{\{ .*? \}\}", documents["EXAMPLES"])
    assert len(expressions) == len(yaml.safe_load(documents["EXAMPLES"]))
    for expression in expressions:
        environment = jinja2.Environment(autoescape=False)  # noqa: S701 - no HTML
        environment.filters["llmops.vllm.probe_thresholds"] = probe_thresholds.probe_thresholds
        assert environment.from_string(expression).render()


def test_the_formula_of_probe_thresholds_shows_whole() -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    done = subprocess.run(
        [str(program), "-t", "filter", "llmops.vllm.probe_thresholds"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "N = max(1, ceil((seconds - D) / P) + 1)'" in done.stdout
    assert "`D + (N-1)P' and `D + NP'" in done.stdout
