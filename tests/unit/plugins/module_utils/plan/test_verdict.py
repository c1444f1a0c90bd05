# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What a plan says to the user: a refusal with its way out, or one sentence."""

from __future__ import annotations

from typing import Any

from shapes import LLAMA_8B as CONFIG

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import (
    Around,
    choose_gpu,
    decide,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import (
    GpuSource,
    ModelPlan,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.verdict import refusals, summary
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

HUB = Checkpoint("hub", CONFIG, 16_060_522_496, revision="0e9e39f")
NONE = Checkpoint("none", {}, notes=("the Hub does not answer",))
H100 = GpuSource("H100-80GB", None, 8, "nodes")


def planned(**keys: Any) -> ModelPlan:
    """The plan of a model whose shape and card the user gives."""
    base: dict[str, Any] = {"name": "m0", "model": "org/llama", "gpu": {"product": "L4"}}
    model = parse_model({**base, **keys})
    return decide(model, Around(Checkpoint("model", dict(CONFIG)), choose_gpu(model, None)))


def found(checkpoint: Checkpoint, gpu: GpuSource, **keys: Any) -> ModelPlan:
    """The plan of a model of which others know the shape and the card."""
    model = parse_model({"name": "m0", "model": "org/llama", **keys})
    return decide(model, Around(checkpoint, gpu))


def test_a_refusal_names_length_gpus_and_fix() -> None:
    assert refusals(planned(max_model_len=4096)) == []
    [error] = refusals(planned())
    text = " ".join(str(error).replace("|", "").split())
    assert text.startswith("m0: does not fit (kv_cache)")
    assert "max_model_len" in text
    assert "carry it as asked: 2" in text
    assert "fix: give a shorter max_model_len" in text
    assert "L4 with 22.03 GiB (from model)" in text


def test_a_refusal_tells_every_rule_that_fails() -> None:
    plan = planned(tensor_parallel_size=3, gpu_memory_utilization=0.999)
    rules = [reason.rule for reason in plan.memory.reasons]
    assert len(rules) >= 2
    [error] = refusals(plan)
    text = str(error)
    assert all(reason.message.split()[0] in text for reason in plan.memory.reasons)


def test_a_refusal_tells_what_the_nodes_said() -> None:
    gpu = GpuSource("L4", None, 1, "nodes", ("2 different cards",))
    [error] = refusals(found(HUB, gpu))
    assert "2 different cards" in error.evidence
    assert error.fix.endswith("set vllm_preflight=false")


def test_a_plan_that_does_not_say_is_no_refusal() -> None:
    values = planned().as_dict()
    assert len(refusals(ModelPlan.from_dict(values))) == 1
    assert refusals(ModelPlan.from_dict({**values, "fits": None})) == []
    assert refusals(ModelPlan.from_dict({**values, "reasons": []})) == []


def test_the_summary_says_what_is_known_or_what_to_give() -> None:
    def told(checkpoint: Checkpoint, gpu: GpuSource) -> list[str]:
        return summary(found(checkpoint, gpu, max_model_len=8192))

    assert "tokens of cache" in " ".join(told(HUB, H100))
    assert "the Hub does not answer" in " ".join(told(NONE, H100))
    asked = GpuSource(source="none", notes=("no node says what GPU it has",) * 9)
    lines = told(HUB, asked)
    assert "no node says" in " ".join(lines)
    assert max(map(len, lines)) <= 80
