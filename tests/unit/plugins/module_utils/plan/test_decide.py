# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What a plan is made from: the model's words, its checkpoint, its GPU, its claim."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from shapes import LLAMA_8B as CONFIG

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import (
    Around,
    choose_gpu,
    decide,
    doubts,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import (
    GpuSource,
    ModelPlan,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed_text
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Gpu, Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

HUB = Checkpoint("hub", CONFIG, 16_060_522_496, revision="0e9e39f")
NONE = Checkpoint("none", {}, notes=("the Hub does not answer",))
H100 = GpuSource("H100-80GB", None, 8, "nodes")
T4 = Gpu("T4", None, 1)


def model(**keys: Any) -> Model:
    return parse_model({"name": "llama", "model": "org/llama", "max_model_len": 8192, **keys})


def test_a_plan_says_what_it_was_made_from() -> None:
    plan = decide(model(), Around(HUB, H100), cluster="berlin")
    entry = plan.as_dict()
    assert (entry["cluster"], entry["checkpoint"]["source"]) == ("berlin", "hub")
    assert entry["checkpoint"]["revision"] == "0e9e39f"
    assert entry["gpu"]["source"] == "nodes"
    assert entry["per_gpu"]["weights_gib"] > 14
    assert entry["storage"]["claim_gib"] >= 16
    assert entry["startup"]["guaranteed_seconds"] >= 600
    json.dumps(entry)


def test_a_release_that_is_not_known_is_null() -> None:
    assert decide(model(), Around(HUB, H100)).as_dict()["vllm_version"] == "0.32.0"
    own = model(image="registry.example/own:latest")
    assert decide(own, Around(HUB, H100)).as_dict()["vllm_version"] is None


def test_the_models_own_gpu_wins_over_the_nodes() -> None:
    own = model(gpu={"product": "L4"})
    assert choose_gpu(own, T4).product == "L4"
    assert choose_gpu(own, T4).source == "model"
    assert choose_gpu(model(), T4).source == "nodes"
    assert choose_gpu(model(), None, ("nobody asked",)).notes == ("nobody asked",)
    assert choose_gpu(model(gpu={"count": 2}), T4).product == "T4"
    assert choose_gpu(model(accelerator="cpu"), T4).source == "none"


def test_what_the_nodes_said_belongs_to_a_gpu_of_the_nodes_only() -> None:
    notes = ("two kinds of cards",)
    assert choose_gpu(model(), T4, notes) == GpuSource("T4", None, 1, "nodes", notes)
    assert choose_gpu(model(gpu={"memory_gib": 24}), T4, notes).notes == ()
    assert choose_gpu(model(accelerator="cpu"), None, notes).notes == ()


def test_a_plan_is_what_it_is_after_it_has_travelled() -> None:
    """Whatever is in the sentences of a source."""
    odd = replace(HUB, notes=("two  spaces", "two\nlines", "\x1b[31mred"), revision="a\tb")
    plan = decide(model(), Around(odd, replace(H100, product="H  100")), cluster="a  b")
    assert ModelPlan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan
    assert plan.sources.checkpoint.notes == ("two spaces", "two lines", "[31mred")


@pytest.mark.parametrize(
    ("replicas", "keys", "kind"),
    [
        (1, {}, "Recreate"),
        (2, {}, "RollingUpdate"),
        (2, {"host_network": True}, "Recreate"),
        (1, {"strategy": {"type": "RollingUpdate"}}, "RollingUpdate"),
    ],
)
def test_a_rollout_needs_no_spare_gpu(replicas: int, keys: dict[str, Any], kind: str) -> None:
    rollout = decide(model(replicas=replicas, **keys), Around(HUB, H100)).rollout
    assert (rollout.replicas, rollout.strategy["type"]) == (replicas, kind)
    if kind == "RollingUpdate" and not keys:
        assert rollout.strategy["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_the_size_of_the_volume() -> None:
    claim = {"storage_class": "fast"}
    needed = decide(model(storage=claim), Around(HUB, H100)).storage
    assert needed.size_gib == needed.needed_gib == 19
    found = decide(model(storage=claim), Around(HUB, H100, claim_gib=5.0))
    assert (found.storage.size_gib, found.storage.needed_gib) == (5, 19)
    assert found.as_dict()["storage"]["claim_gib"] == 5
    given = decide(model(storage={"size_gib": 80}), Around(HUB, H100)).storage
    assert (given.size_gib, given.needed_gib) == (80, 19)
    unknown = decide(model(storage=claim), Around(NONE, H100)).storage
    assert (unknown.size_gib, unknown.needed_gib) == (50, None)


@pytest.mark.parametrize("checkpoint", [HUB, NONE])
def test_the_claim_that_the_first_run_makes_changes_nothing_in_the_second(
    checkpoint: Checkpoint,
) -> None:
    wanted = model(storage={"storage_class": "fast"})
    first = decide(wanted, Around(checkpoint, H100))
    size = first.storage.size_gib
    assert size is not None
    second = decide(wanted, Around(checkpoint, H100, claim_gib=float(size)))
    assert sealed_text(second) == sealed_text(first)
    assert json.dumps(second.as_dict()["storage"]["size_gib"]) == json.dumps(size)


def test_the_node_of_the_directory_travels() -> None:
    assert decide(model(), Around(HUB, H100, node="gpu-7")).storage.node == "gpu-7"
    assert decide(model(), Around(HUB, H100)).storage.node is None


def test_a_volume_that_is_too_small_is_told() -> None:
    def told(keys: dict[str, Any], claim_gib: float | None = None) -> list[str]:
        wanted, around = model(**keys), Around(HUB, H100, claim_gib=claim_gib)
        return [finding.line for finding in doubts(wanted, around, decide(wanted, around))]

    [line] = told({"storage": {"size_gib": 3}})
    assert "the volume has 3 GiB, and the checkpoint needs about 19 GiB" in line
    assert line.endswith("give storage.size_gib")
    [line] = told({"storage": {"storage_class": "fast"}}, claim_gib=5.0)
    assert "the volume has 5 GiB" in line
    assert told({"storage": {"storage_class": "fast"}}, claim_gib=19.0) == []
    assert told({"storage": {"size_gib": 40}}) == []
    filled = {"model": "/models/x", "storage": {"host_path": "/models/x", "size_gib": 1}}
    assert told(filled) == []


def test_gpus_that_only_a_flag_asks_for_are_told() -> None:
    def told(**keys: Any) -> list[str]:
        wanted, around = model(**keys), Around(HUB, H100)
        return [finding.cause for finding in doubts(wanted, around, decide(wanted, around))]

    [cause] = told(extra_args=["-tp", 2])
    assert "2 GPUs, and its pod asks for 1" in cause
    assert told(tensor_parallel_size=2) == []
    assert told(extra_args=["-tp", 2], resources={"limits": {"nvidia.com/gpu": 2}}) == []


def test_the_digest_of_the_words_is_that_of_the_sizes_only() -> None:
    def digest(**keys: Any) -> str:
        return decide(model(**keys), Around(HUB, H100)).sources.inputs

    assert digest() == digest(replicas=3) == digest(labels={"a": "b"})
    assert digest() != digest(max_model_len=4096)
    assert digest() != digest(extra_args=["--enforce-eager"])
