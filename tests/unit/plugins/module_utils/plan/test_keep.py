# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the last deployment knew counts where less is known now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from shapes import LLAMA_8B as CONFIG

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.server import server
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import Around, decide
from ansible_collections.llmops.vllm.plugins.module_utils.plan.keep import keep_known
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import (
    GpuSource,
    ModelPlan,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import (
    sealed_text,
    unsealed_text,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

HUB = Checkpoint("hub", CONFIG, 16_060_522_496, revision="0e9e39f")
NONE = Checkpoint("none", {}, notes=("the Hub does not answer",))
H100 = GpuSource("H100-80GB", None, 8, "nodes")
NO_GPU = GpuSource(None, None, None, "none", ("the nodes were not read",))


def model(**keys: Any) -> Model:
    return parse_model({"name": "llama", "model": "org/llama", "max_model_len": 8192, **keys})


def planned(
    checkpoint: Checkpoint, gpu: GpuSource, last: ModelPlan | None = None, **keys: Any
) -> ModelPlan:
    return decide(model(**keys), Around(checkpoint, gpu, last=last))


def carried(plan: ModelPlan) -> ModelPlan:
    """The plan as it comes back from the Deployment."""
    return unsealed_text(sealed_text(plan))


def test_what_the_last_deployment_knew_is_kept() -> None:
    known = planned(HUB, H100)
    now = planned(NONE, NO_GPU, carried(known))
    assert now.memory.host == known.memory.host
    assert now.memory.kv_cache == known.memory.kv_cache
    assert "kept" in now.sources.checkpoint.notes[0]
    assert "the Hub does not answer" in now.sources.checkpoint.notes
    assert "the nodes were not read" in now.sources.checkpoint.notes
    assert carried(now) == carried(known), "the Deployment must not change"


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(("checkpoint", "gpu"), [(NONE, NO_GPU), (NONE, H100), (HUB, NO_GPU)])
def test_the_deployment_does_not_change(
    checkpoint: Checkpoint, gpu: GpuSource, replicas: int
) -> None:
    known = planned(HUB, H100, replicas=replicas)
    now = planned(checkpoint, gpu, carried(known), replicas=replicas)
    of = model(replicas=replicas)
    assert server(of, now, "vllm") == server(of, known, "vllm")
    again = planned(checkpoint, gpu, carried(now), replicas=replicas)
    assert again == now, "what was kept once is kept again"


def test_a_kept_plan_has_its_stages_and_its_card() -> None:
    known = planned(HUB, H100, pipeline_parallel_size=2)
    now = planned(NONE, NO_GPU, carried(known), pipeline_parallel_size=2)
    assert len(now.memory.stages) == 2
    assert now.memory.stages == known.memory.stages
    assert (now.sources.gpu.product, now.sources.gpu.source) == ("H100-80GB", "nodes")


def test_what_the_user_decides_is_not_kept() -> None:
    known = planned(HUB, H100)
    now = planned(NONE, NO_GPU, carried(known), replicas=3, startup={"max_seconds": 1200})
    assert now.memory.host == known.memory.host
    assert (now.rollout.replicas, now.startup.max_seconds) == (3, 1200)


def test_the_last_deployment_counts_only_for_the_same_words() -> None:
    last = carried(planned(HUB, H100))
    unknown = planned(NONE, NO_GPU, max_model_len=16384)
    assert planned(NONE, NO_GPU, last, max_model_len=16384) == unknown
    assert keep_known(unknown, last) == unknown


def test_the_last_deployment_never_wins_over_what_is_known_now() -> None:
    last = carried(planned(NONE, NO_GPU))
    known = planned(HUB, H100)
    assert keep_known(known, last) == known
    assert keep_known(known, carried(known)) == known


@pytest.mark.parametrize(
    ("before", "now", "is_kept"),
    [
        (("hub", "nodes"), ("none", "none"), True),
        (("hub", "nodes"), ("catalogue", "nodes"), True),
        (("node", "nodes"), ("hub", "nodes"), True),
        (("hub", "nodes"), ("hub", "none"), True),
        (("hub", "none"), ("none", "nodes"), False),
        (("catalogue", "nodes"), ("hub", "none"), False),
        (("hub", "nodes"), ("directory", "nodes"), False),
        (("", ""), ("none", "none"), False),
    ],
)
def test_who_knows_more(before: tuple[str, str], now: tuple[str, str], is_kept: bool) -> None:
    def made_from(plan: ModelPlan, shape: str, gpu: str) -> ModelPlan:
        sources = plan.sources
        return replace(
            plan,
            sources=replace(
                sources,
                checkpoint=replace(sources.checkpoint, source=shape),
                gpu=replace(sources.gpu, source=gpu),
            ),
        )

    plan = made_from(planned(NONE, NO_GPU), *now)
    kept = keep_known(plan, made_from(planned(HUB, H100), *before))
    assert (kept != plan) == is_kept


@pytest.mark.parametrize("size", [-5, 0])
@pytest.mark.parametrize("key", ["memory_limit_gib", "memory_request_gib", "shm_gib", "cpu"])
def test_sizes_that_are_none_do_not_count(key: str, size: int) -> None:
    unknown, good = planned(NONE, NO_GPU), carried(planned(HUB, H100))
    host = replace(good.memory.host, **{key: size})
    unsound = replace(good, memory=replace(good.memory, host=host))
    assert keep_known(unknown, good) != unknown
    assert keep_known(unknown, unsound) == unknown


def test_a_last_plan_without_shared_memory_does_not_count() -> None:
    unknown, good = planned(NONE, NO_GPU), carried(planned(HUB, H100))
    host = replace(good.memory.host, shm_gib=None)
    assert keep_known(unknown, replace(good, memory=replace(good.memory, host=host))) == unknown


def test_only_figures_are_taken_from_what_the_cluster_has() -> None:
    unknown, good = planned(NONE, NO_GPU), carried(planned(HUB, H100))
    foreign = ModelPlan.from_dict({**good.as_dict(), "replicas": 99, "model": "evil"})
    kept = keep_known(unknown, foreign)
    assert kept != unknown
    assert (kept.rollout.replicas, kept.sources.model) == (1, "org/llama")
    assert keep_known(unknown, ModelPlan.from_dict({})) == unknown
