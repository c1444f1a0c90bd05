# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Why no node takes a model's pods: the reasons, the nodes behind each, and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.no_node import no_node
from ansible_collections.llmops.vllm.plugins.module_utils.findings import WIDTH, Finding

from .inspection import node, with_directory

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
DRAIN = {"key": "drain", "effect": "NoExecute"}
UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}


def zone(*values: str) -> dict[str, Any]:
    rules = [{"key": "zone", "operator": "In", "values": list(values)}]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": rules}]}}}


def found(nodes: list[dict[str, Any]], **options: Any) -> Finding:
    return no_node("tiny: storage.host_path", nodes, with_directory(**options), fix="X")


@pytest.mark.parametrize(
    ("nodes", "options", "evidence", "fix"),
    [
        (
            [node("a", unschedulable=True), node("b", unschedulable=True, taints=[UNSCHEDULABLE])],
            {},
            ["cordoned: 2 nodes (a, b)"],
            "kubectl uncordon a b, or X",
        ),
        (
            [node(name, unschedulable=True) for name in "dcba"],
            {},
            ["cordoned: 4 nodes (a, b, c, …)"],
            "kubectl uncordon NODE, or X",
        ),
        (
            [node("a", ready="False", taints=[NOT_READY])],
            {},
            ["not ready: node a"],
            "kubectl describe node a (it tells why it is not ready), or X",
        ),
        (
            [node("a", taints=[GPU]), node("b", taints=[DRAIN, GPU])],
            {},
            ["taint gpu=yes:NoSchedule: 2 nodes (a, b)", "taint drain:NoExecute: node b"],
            "give tolerations for the taint, or X",
        ),
        # The taint of a cordon is a reason where there is no cordon.
        (
            [node("a", taints=[UNSCHEDULABLE])],
            {},
            ["taint node.kubernetes.io/unschedulable:NoSchedule: node a"],
            "give tolerations for the taint, or X",
        ),
        (
            [node("a", labels={"disk": "hdd"}), node("b"), node("c", labels={"disk": "ssd"})],
            {"node_selector": {"disk": "fast"}},
            ["no node has the label disk=fast; disk is: hdd, ssd"],
            "correct node_selector, or X",
        ),
        (
            [node(f"n{number}", labels={"disk": f"d{number}"}) for number in range(6)],
            {"node_selector": {"disk": "fast"}},
            ["no node has the label disk=fast; disk is: d0, d1, d2, d3, d4, …"],
            "correct node_selector, or X",
        ),
        (
            [node("a"), node("b")],
            {"node_selector": {"disk": "fast"}},
            ["no node has the label disk=fast, nor another one of the key disk"],
            "correct node_selector, or X",
        ),
        (
            [node("a", labels={"disk": "fast"}, unschedulable=True), node("b")],
            {"node_selector": {"disk": "fast"}},
            ["cordoned: node a", "without the label disk=fast: node b"],
            "kubectl uncordon a; correct node_selector, or X",
        ),
        (
            [node("a", labels={"zone": "3"}), node("b")],
            {"affinity": zone("1", "2")},
            ["not in the node affinity (zone In 1, 2): 2 nodes (a, b)"],
            "correct affinity, or X",
        ),
        (
            [node("a", ready="Unknown", unschedulable=True, taints=[GPU])],
            {"node_selector": {"x": "y"}, "affinity": zone("1")},
            [
                "not ready: node a",
                "cordoned: node a",
                "no node has the label x=y, nor another one of the key x",
                "not in the node affinity (zone In 1): node a",
                "taint gpu=yes:NoSchedule: node a",
            ],
            (
                "kubectl describe node a (it tells why it is not ready); kubectl uncordon a; "
                "correct node_selector; correct affinity; give tolerations for the taint, or X"
            ),
        ),
    ],
)
def test_each_reason_names_its_nodes(
    nodes: list[dict[str, Any]], options: dict[str, Any], evidence: list[str], fix: str
) -> None:
    error = found(nodes, **options)
    assert error.rule == "no_node"
    assert error.cause == f"none of the {len(nodes)} nodes is ready and takes the model's pods"
    assert list(error.evidence) == evidence
    assert error.fix == fix


def test_a_node_that_is_not_ready_says_why() -> None:
    down = node("a")
    down["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    ]
    assert found([down]).evidence == ("not ready (NodeStatusUnknown): node a",)


def test_a_cluster_without_nodes() -> None:
    assert found([]).cause == "the cluster has no nodes"


def test_long_names_fit_the_terminal() -> None:
    names = [f"ip-10-0-{number}-17.eu-central-1.compute.internal" for number in range(40)]
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    labels = {"feature.node.kubernetes.io/pci-10de.present": "true"}
    tainted = [node(name, taints=[taint], labels=labels) for name in names]
    error = found(tainted, node_selector={"node.kubernetes.io/instance-type": "p5.48xlarge"})
    assert max(map(len, str(error).splitlines())) <= WIDTH
    assert error.evidence[-1].startswith("taint nvidia.com/gpu=present:NoSchedule: 40 nodes (ip")
    assert error.evidence[-1].endswith(", …)")
    cordoned = found([node(name, unschedulable=True) for name in names])
    [line] = cordoned.evidence
    assert len(line) <= WIDTH - len("  | ")
