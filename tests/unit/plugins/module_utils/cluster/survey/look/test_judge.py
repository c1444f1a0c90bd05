# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made of the looks at a model's directory."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.judge import judge
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.pod import Report
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import (
    Found,
    Look,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import Listing
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model

from ..inspection import errors, warnings, with_directory

GOOD = Report([], 0, 5, config=True, weights=True, writable=False, owner=0, mode=0o755)


def judged(wanted: Model, *looks: Look, bound_to: str | None = None) -> Found:
    found = Found()
    judge(wanted, list(looks), bound_to, Candidates(Listing(())), found)
    return found


def test_the_first_good_node_is_taken_or_the_one_of_the_live_volume() -> None:
    wanted = with_directory()
    looks = [Look(wanted, name, GOOD, mounted=True) for name in ("a", "b")]
    assert judged(wanted, *looks).nodes == {"tiny": "a"}
    assert judged(wanted, *looks, bound_to="b").nodes == {"tiny": "b"}


def test_a_directory_on_no_node() -> None:
    wanted = with_directory()
    found = judged(wanted, *[Look(wanted, name, mounted=False) for name in ("a", "b")])
    text = " ".join(str(errors(found)[0]).split())
    assert "missing model directory: /models/x is on none of the nodes a, b" in text


def test_an_unreadable_file() -> None:
    wanted = with_directory()
    bad = Report(
        [("model.safetensors", 0o600, 0, "Permission denied")], 1, 5, True, True, False, 0, 0
    )
    found = judged(wanted, Look(wanted, "n", bad, mounted=True))
    text = " ".join(str(errors(found)[0]).split())
    assert "/models/x/model.safetensors is not readable by uid 2000 (mode 0600, owner 0)" in text
    assert "fix: chmod -R a+rX /models/x on node n" in text


def test_a_readable_node_wins_over_an_unreadable_one() -> None:
    wanted = with_directory()
    bad = Report([("f", 0o600, 0, "x")], 1, 5, True, True, False, 0, 0)
    looks = [Look(wanted, "a", bad, mounted=True), Look(wanted, "b", GOOD, mounted=True)]
    assert judged(wanted, *looks).nodes == {"tiny": "b"}


@pytest.mark.parametrize(
    ("config", "weights", "text"), [(False, True, "config.json"), (True, False, "weights")]
)
def test_an_incomplete_checkpoint(config: bool, weights: bool, text: str) -> None:
    wanted = with_directory()
    report = Report([], 0, 3, config, weights, False, 0, 0o755)
    [error] = errors(judged(wanted, Look(wanted, "n", report, mounted=True)))
    assert f"has no {text}" in error.cause


def test_a_cache_must_be_writable_and_needs_no_checkpoint() -> None:
    wanted = with_directory(model="org/tiny")
    empty = Report([], 0, 0, False, False, False, 0, 0o755)
    [error] = errors(judged(wanted, Look(wanted, "n", empty, mounted=True)))
    assert "not writable by uid 2000 (mode 0755, owner 0)" in error.cause
    writable = Report([], 0, 0, False, False, True, 2000, 0o755)
    assert judged(wanted, Look(wanted, "n", writable, mounted=True)).nodes == {"tiny": "n"}


def test_an_image_that_cannot_look_is_a_warning_when_the_directory_is_there() -> None:
    wanted = with_directory()
    found = judged(wanted, Look(wanted, "n", mounted=True, problem="ErrImagePull: denied"))
    assert found.nodes == {"tiny": "n"}
    assert "were not looked at: ErrImagePull" in warnings(found)[0]
