# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes may have a model's directory, and what is said when none may."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
    live_node,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    Listing,
    Snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from .inspection import node, with_directory

TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["a", "b"]),
        ({"node_selector": {"disk": "fast"}}, ["b"]),
        ({"tolerations": [{"key": "gpu", "operator": "Exists"}]}, ["a", "b", "tainted"]),
        (
            {"tolerations": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
            ["a", "b", "tainted"],
        ),
        ({"tolerations": [{"key": "gpu", "value": "no"}]}, ["a", "b"]),
        ({"storage": {"node": "cordoned"}}, ["cordoned"]),
        ({"node_name": "tainted"}, ["tainted"]),
    ],
)
def test_candidates(options: dict[str, Any], names: list[str]) -> None:
    nodes = [
        node("b", labels={"disk": "fast"}),
        node("a"),
        node("tainted", taints=[TAINT]),
        node("cordoned", unschedulable=True),
        node("down", ready="Unknown"),
    ]
    assert Candidates(Listing(tuple(nodes))).of(with_directory(**options)) == names


@pytest.mark.parametrize(
    ("candidates", "options", "text"),
    [
        (Candidates(Listing((node("a"),))), {"storage": {"node": "z"}}, 'no node "z"'),
        (Candidates(Listing((node("a", ready="False"),))), {}, "none of the 1 nodes is ready"),
        (Candidates(Listing(tuple(node(f"n{i}") for i in range(9)))), {}, "too many to look at"),
        (Candidates(Listing(None, "nodes is forbidden")), {}, "may not list the nodes"),
    ],
)
def test_no_candidates(candidates: Candidates, options: dict[str, Any], text: str) -> None:
    with pytest.raises(FindingsError) as caught:
        candidates.of(with_directory(**options))
    assert text in caught.value.first.cause
    assert "storage.node" in caught.value.first.fix


def test_the_reason_why_the_nodes_were_not_listed_is_evidence() -> None:
    with pytest.raises(FindingsError) as caught:
        Candidates(Listing(None, "nodes is forbidden")).of(with_directory())
    assert caught.value.first.evidence == ("nodes is forbidden",)


def test_a_node_is_taken_without_a_list_of_nodes_when_it_is_named() -> None:
    assert Candidates(Listing(None)).of(with_directory(storage={"node": "z"})) == ["z"]


def test_the_node_is_given_by_the_label_that_volumes_match() -> None:
    labelled = node("ip-10-0-0-1.internal")
    labelled["metadata"]["labels"] = {"kubernetes.io/hostname": "gpu-7"}
    candidates = Candidates(Listing((labelled,)))
    assert candidates.hostname("ip-10-0-0-1.internal") == "gpu-7"
    assert candidates.hostname("another") == "another"


def test_volumes_that_may_not_be_listed_prove_no_node() -> None:
    assert live_node(Snapshot("llm", volumes=Listing(None)), with_directory(), served=False) is None
