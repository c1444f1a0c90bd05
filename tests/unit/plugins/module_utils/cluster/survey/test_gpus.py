# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The GPU that is read from nodes: its memory, its count, and what the user is told."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.gpus import (
    NodeGpu,
    find_gpu,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.placement import takes
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Gpu, Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

Object = dict[str, Any]
TEXT = (Path(__file__).parent / "gpu_nodes.yml").read_text(encoding="utf-8")
NODES: dict[str, Object] = {node["metadata"]["name"]: node for node in yaml.safe_load(TEXT)}
EVERY_NVIDIA = [name for name in NODES if name.startswith(("h100", "a100", "t4", "shared"))]


def nodes(*names: str) -> list[Object]:
    return [copy.deepcopy(NODES[name]) for name in names]


def changed(name: str, **labels: str | None) -> Object:
    """Return a node with other values for the labels ``nvidia.com/gpu.<key>``; None removes one."""
    node = copy.deepcopy(NODES[name])
    found = node["metadata"]["labels"]
    for key, value in labels.items():
        found[f"nvidia.com/gpu.{key}"] = value
        if value is None:
            del found[f"nvidia.com/gpu.{key}"]
    return node


def model(**options: Any) -> Model:
    return parse_models([{"name": "tiny", "model": "org/tiny", **options}])[0]


def read(listed: list[Object], **options: Any) -> NodeGpu:
    found = find_gpu(listed, model(**options))
    assert found is not None
    return found


def affinity(*expressions: Object, **term: Any) -> Object:
    terms = [{"matchExpressions": list(expressions), **term}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"nodeAffinity": required}


# The figure of the table where the label means the same card, see memory in vLLM's logs.
@pytest.mark.parametrize(
    ("name", "product", "memory_gib", "count"),
    [
        ("h100-1", "NVIDIA-H100-80GB-HBM3", 79.19, 8),
        ("a100-40", "NVIDIA-A100-SXM4-40GB", 39.50, 4),
        ("a100-80", "NVIDIA-A100-SXM4-80GB", 79.14, 8),
        ("t4", "Tesla-T4", 14.56, 1),
        ("t4-old-driver", "Tesla-T4", 14.56, 1),
        ("h200", "NVIDIA-H200", 139.80, 8),
        ("shared", "NVIDIA-L40S", 44.39, 2),
        ("mps", "NVIDIA-A10G", 22.06, 1),
        ("mig-single", "NVIDIA-A100-80GB-PCIe-MIG-1g.10gb", 9.50, 14),
        ("unlisted", "NVIDIA-A16", 14.50, 4),
    ],
)
def test_a_node_with_gpu_feature_discovery(
    name: str, product: str, memory_gib: float, count: int
) -> None:
    assert read(nodes(name)).gpu == Gpu(product=product, memory_gib=memory_gib, count=count)


@pytest.mark.parametrize(
    ("name", "product", "memory_gib", "count"),
    [
        # 196592 and 65520 MiB are what torch shows for these two cards.
        ("mi300x", "AMD_Instinct_MI300X_OAM", 196592 / 1024, 8),
        ("mi210-beta", "AMD_Instinct_MI210", 65520 / 1024, 4),
        ("amd-different", "AMD GPU", 65520 / 1024, 2),
    ],
)
def test_a_node_with_the_amd_labeller(
    name: str, product: str, memory_gib: float, count: int
) -> None:
    gpu = read(nodes(name), accelerator="amd").gpu
    assert gpu.memory_gib == pytest.approx(memory_gib, abs=0.01)
    assert (gpu.product, gpu.count) == (product, count)


def test_a_plain_card_has_one_note_that_tells_the_source() -> None:
    (note,) = read(nodes("h100-1")).notes
    assert note == (
        "node h100-1: NVIDIA-H100-80GB-HBM3, 79.19 GiB each by the label "
        "nvidia.com/gpu.memory=81559 (MiB) and the table of cards."
    )


def test_several_nodes_with_one_card_share_a_note() -> None:
    found = nodes("t4", "t4", "t4", "t4")
    for number, node in enumerate(found):
        node["metadata"]["name"] = f"t4-{number}"
    (note,) = read(found).notes
    assert note.startswith("4 nodes (t4-0, t4-1, t4-2, …): Tesla-T4, 14.56 GiB each")


def test_of_mixed_cards_the_smallest_counts() -> None:
    found = read(nodes("a100-80", "a100-40"))
    assert found.gpu == Gpu(product="NVIDIA-A100-SXM4-40GB", memory_gib=39.5, count=4)
    assert "The pods may get 2 different cards" in " ".join(found.notes)


def test_a_node_that_is_too_small_for_a_pod_does_not_count() -> None:
    found = read(nodes("a100-80", "a100-40"), tensor_parallel_size=8)
    assert found.gpu == Gpu(product="NVIDIA-A100-SXM4-80GB", memory_gib=79.14, count=8)
    assert len(found.notes) == 1


def test_no_node_is_large_enough() -> None:
    found = read(nodes("a100-40", "t4"), tensor_parallel_size=8)
    assert found.gpu.product == "Tesla-T4"
    assert "No node has 8 GPUs, which one pod asks for; the largest has 4." in found.notes[-1]


def test_different_cards_in_one_machine_are_told() -> None:
    notes = " ".join(read(nodes("amd-different"), accelerator="amd").notes)
    assert "node amd-different: AMD GPU, 63.98 GiB each by the label gpu.vram=64G" in notes
    assert "its cards differ: 64 GiB, 192 GiB" in notes


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shared", "(time-slicing): up to 4 pods on one card and its memory, nothing keeps them"),
        ("shared", "gpu_memory_utilization of 0.25 or less"),
        ("mps", "(mps): up to 3 pods on one card and its memory, each may use that part"),
        ("mps", "gpu_memory_utilization of 0.333 or less"),
        ("mig-single", "(MiB) of a MIG slice"),
        ("unlisted", "nvidia.com/gpu.memory=15356 (MiB) less what the driver keeps"),
    ],
)
def test_what_the_user_is_told_of_special_cards(name: str, words: str) -> None:
    assert words in " ".join(read(nodes(name)).notes)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mig-mixed", "it has nvidia.com/mig-3g.40gb, but pods ask for nvidia.com/gpu"),
        ("mig-invalid", "its MIG setup is invalid"),
    ],
)
def test_cards_that_pods_do_not_get_are_not_taken(name: str, words: str) -> None:
    found = read(nodes(name))
    assert found.gpu == Gpu(product=None, memory_gib=None, count=None)
    assert words in " ".join(found.notes)
    assert read(nodes(name, "a100-40")).gpu.product == "NVIDIA-A100-SXM4-40GB"


def test_shared_cards_under_a_name_of_their_own_are_not_taken() -> None:
    (node,) = nodes("shared")
    for part in ("allocatable", "capacity"):
        del node["status"][part]["nvidia.com/gpu"]
        node["status"][part]["nvidia.com/gpu.shared"] = "8"
    assert "it has nvidia.com/gpu.shared" in read([node]).notes[0]


@pytest.mark.parametrize(
    ("accelerator", "name", "labeller"),
    [
        ("nvidia", "plain-nvidia", "GPU feature discovery"),
        ("amd", "plain-amd", "the AMD node labeller"),
    ],
)
def test_gpus_without_labels(accelerator: str, name: str, labeller: str) -> None:
    found = read(nodes(name, "cpu-only"), accelerator=accelerator)
    assert found.gpu == Gpu(product=None, memory_gib=None, count=2)
    assert f"Install {labeller}, or give gpu.product or gpu.memory_gib." in found.notes[0]


def test_labels_without_a_device_plugin() -> None:
    (node,) = nodes("h100-1")
    for part in ("allocatable", "capacity"):
        del node["status"][part]["nvidia.com/gpu"]
    found = read([node])
    assert found.gpu == Gpu(product="NVIDIA-H100-80GB-HBM3", memory_gib=79.19, count=8)
    assert "is the device plugin running?" in found.notes[-1]


def test_a_product_alone_leaves_the_memory_to_the_table() -> None:
    found = read([changed("h100-1", memory=None)])
    assert found.gpu == Gpu(product="NVIDIA-H100-80GB-HBM3", memory_gib=None, count=8)
    assert "79.19 GiB each by the table of cards" in found.notes[0]


def test_a_slice_without_memory_is_not_taken_for_a_card() -> None:
    gpu = read([changed("mig-single", memory=None)]).gpu
    assert (gpu.product, gpu.memory_gib) == (None, None)


def test_a_label_that_contradicts_the_table_counts_and_is_told() -> None:
    found = read([changed("h100-1", memory="40000")])
    assert found.gpu.memory_gib == pytest.approx(38.56)
    assert "does not fit NVIDIA-H100-80GB-HBM3" in " ".join(found.notes)


def test_labels_that_describe_a_part_of_the_cards_are_told() -> None:
    notes = " ".join(read([changed("a100-40", count="1")]).notes)
    assert "it has 4 GPUs and its labels describe 1" in notes


GARBAGE = ["80Gi", "-1", "0", "80", "99999999999999999999", "nan", "1e9", "", "①", "a" * 63]


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_in_the_memory_label_is_told_and_the_table_counts(value: str) -> None:
    found = read([changed("h100-1", memory=value)])
    assert (found.gpu.product, found.gpu.memory_gib) == ("NVIDIA-H100-80GB-HBM3", None)
    assert "nvidia.com/gpu.memory=" in " ".join(found.notes)
    assert "makes no sense and is not used" in " ".join(found.notes)


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_in_every_label_is_no_traceback(value: str) -> None:
    for name in NODES:
        (node,) = nodes(name)
        labels = node["metadata"]["labels"]
        labels.update(dict.fromkeys([key for key in labels if "com/gpu" in key], value))
        labels[f"amd.com/gpu.vram.{value}"] = value
        found = find_gpu([node], model())
        assert found is None or found.gpu.memory_gib is None
        find_gpu([node], model(accelerator="amd"))


@pytest.mark.parametrize("value", ["192", "196608", "-64G", "G", "0G", "99999G"])
def test_garbage_from_the_amd_labeller(value: str) -> None:
    (node,) = nodes("mi300x")
    node["metadata"]["labels"]["amd.com/gpu.vram"] = value
    found = read([node], accelerator="amd")
    assert found.gpu.memory_gib is None
    assert f"the label for vram, {value}, makes no sense" in " ".join(found.notes)


@pytest.mark.parametrize("amount", ["many", "-2", "inf", "nan", "1e30", ""])
def test_garbage_in_the_capacity_is_no_gpu(amount: str) -> None:
    (node,) = nodes("plain-nvidia")
    node["status"]["allocatable"]["nvidia.com/gpu"] = amount
    assert read([node]).gpu.count is None


def test_nodes_with_nothing_in_them() -> None:
    bare = {"metadata": {"name": "bare", "labels": None}, "spec": None, "status": None}
    assert find_gpu([bare], model(node_name="bare")) is None
    assert find_gpu([bare], model()) is None


def test_nothing_to_read() -> None:
    assert find_gpu([], model()) is None
    assert find_gpu(nodes("cpu-only"), model()) is None
    assert find_gpu(nodes("mi300x"), model(accelerator="nvidia")) is None
    assert find_gpu(nodes("h100-1"), model(accelerator="amd")) is None
    assert find_gpu(nodes("h100-1"), model(accelerator="cpu")) is None


def test_only_nodes_that_take_the_pods_count() -> None:
    everything = nodes(*EVERY_NVIDIA)
    assert read(everything).gpu.product == "Tesla-T4"
    h100 = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    assert read(everything, node_selector=h100).gpu.memory_gib == 79.19
    assert find_gpu(everything, model(node_selector={"zone": "a"})) is None
    assert read(everything, node_name="a100-40").gpu.memory_gib == 39.5


def test_a_cordoned_node_and_one_that_is_not_ready_do_not_count() -> None:
    cordoned, lost, good = nodes("t4", "shared", "h100-1")
    cordoned["spec"]["unschedulable"] = True
    lost["status"]["conditions"][1]["status"] = "Unknown"
    assert read([cordoned, lost, good]).gpu.memory_gib == 79.19
    assert find_gpu([cordoned, lost], model()) is None


@pytest.mark.parametrize(
    ("rule", "memory_gib"),
    [
        ({"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["41000"]}, 44.39),
        ({"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["80000"]}, 79.14),
        ({"key": "nvidia.com/gpu.count", "operator": "Lt", "values": ["2"]}, 14.56),
        ({"key": "nvidia.com/gpu.family", "operator": "In", "values": ["hopper"]}, 79.19),
        ({"key": "nvidia.com/gpu.family", "operator": "NotIn", "values": ["turing"]}, 39.5),
        ({"key": "nvidia.com/gpu.product", "operator": "Exists"}, 14.56),
        ({"key": "nvidia.com/gpu.product", "operator": "DoesNotExist"}, None),
        ({"key": "absent", "operator": "Exists"}, None),
        ({"key": "absent", "operator": "DoesNotExist"}, 14.56),
        ({"key": "absent", "operator": "NotIn", "values": ["x"]}, 14.56),
        ({"key": "absent", "operator": "Gt", "values": ["1"]}, None),
        ({"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["x"]}, None),
        ({"key": "nvidia.com/gpu.memory", "operator": "Gt"}, None),
        ({"key": "nvidia.com/gpu.memory", "operator": "Like", "values": ["81559"]}, None),
    ],
)
def test_required_node_affinity_chooses_nodes(rule: Object, memory_gib: float | None) -> None:
    found = find_gpu(nodes(*EVERY_NVIDIA), replace(model(), affinity=affinity(rule)))
    assert (found.gpu.memory_gib if found else None) == memory_gib


def test_affinity_by_the_name_of_the_node_and_all_conditions_of_a_term() -> None:
    by_name = {"key": "metadata.name", "operator": "In", "values": ["a100-40", "h100-1"]}
    assert read(nodes(*EVERY_NVIDIA), affinity=affinity(matchFields=[by_name])).gpu.count == 4
    hopper = {"key": "nvidia.com/gpu.family", "operator": "In", "values": ["hopper"]}
    both = affinity(hopper, matchFields=[by_name])
    assert read(nodes(*EVERY_NVIDIA), affinity=both).gpu.memory_gib == 79.19


@pytest.mark.parametrize("wrong", [[], "x", {"nodeSelectorTerms": "x"}, {"nodeSelectorTerms": [1]}])
def test_affinity_of_a_wrong_form_is_no_traceback(wrong: Any) -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": wrong}
    find_gpu(nodes("h100-1"), replace(model(), affinity={"nodeAffinity": required}))
    find_gpu(nodes("h100-1"), replace(model(), affinity={"nodeAffinity": wrong}))


def test_a_term_without_conditions_matches_no_node() -> None:
    assert find_gpu(nodes("h100-1"), model(affinity=affinity())) is None


def test_the_usual_taint_is_told_and_other_taints_keep_away() -> None:
    (node,) = nodes("h200")
    assert not takes(node, model())
    (note,) = [text for text in read([node]).notes if "taint" in text]
    assert note.startswith("node h200: the taint nvidia.com/gpu keeps the model's pods off")
    (small,) = nodes("t4")
    small["spec"]["taints"] = node["spec"]["taints"]
    # Where the pods have a node without the taint they need no other.
    assert read([*nodes("h100-1"), small]).gpu.memory_gib == 79.19
    for taint in ({"key": "team", "effect": "NoSchedule"}, NO_EXECUTE):
        other = copy.deepcopy(node)
        other["spec"]["taints"].append(taint)
        assert find_gpu([other], model()) is None


NO_EXECUTE = {"key": "nvidia.com/gpu", "effect": "NoExecute"}


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "nvidia.com/gpu", "value": "present"},
    ],
)
def test_a_tolerated_taint_needs_no_note(toleration: Object) -> None:
    (node,) = nodes("h200")
    assert takes(node, model(tolerations=[toleration]))
    assert not [n for n in read([node], tolerations=[toleration]).notes if "taint" in n]
    # It is open to the pods as any other node, so it is not preferred to a smaller card.
    found = read([*nodes("a100-40"), node], tolerations=[toleration])
    assert found.gpu.memory_gib == 39.5
    assert "2 different cards" in " ".join(found.notes)


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"},
        {"key": "nvidia.com/gpu", "value": "absent"},
        {"key": "amd.com/gpu", "operator": "Exists"},
    ],
)
def test_another_toleration_does_not_help(toleration: Object) -> None:
    assert not takes(NODES["h200"], model(tolerations=[toleration]))


def test_the_nodes_are_left_as_they_are() -> None:
    given = nodes(*NODES)
    before = copy.deepcopy(given)
    for accelerator in ("nvidia", "amd"):
        find_gpu(given, model(accelerator=accelerator, tensor_parallel_size=2))
    assert given == before
