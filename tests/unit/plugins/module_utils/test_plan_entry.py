# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Plans of models: what they are made from, and what the last deployment still knows."""

from __future__ import annotations

import json
from typing import Any

from shapes import LLAMA_8B as CONFIG

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.plan import plan_model
from ansible_collections.llmops.vllm.plugins.module_utils.plan_entry import (
    GpuChoice,
    choose_gpu,
    keep_last,
    plan_entry,
    summary,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Gpu, Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

HUB = Checkpoint("hub", CONFIG, 16_060_522_496, revision="0e9e39f")
NONE = Checkpoint("none", {}, notes=("the Hub does not answer",))
H100 = GpuChoice(Gpu("H100-80GB", None, 8), "nodes")
NO_GPU = GpuChoice(Gpu(None, None, None), "none")


def model(**keys: Any) -> Model:
    return parse_model({"name": "llama", "model": "org/llama", "max_model_len": 8192, **keys})


def carried(entry: dict[str, Any], of: Model) -> dict[str, Any]:
    """What the Deployment of that plan carries, as it comes back from the cluster."""
    memory: dict[str, Any] = json.loads(plan_model(of, entry).annotation())["memory"]
    return memory


def test_a_plan_says_what_it_was_made_from() -> None:
    entry = plan_entry(model(), HUB, H100, cluster="berlin")
    assert (entry["cluster"], entry["checkpoint"]["source"]) == ("berlin", "hub")
    assert entry["checkpoint"]["revision"] == "0e9e39f"
    assert entry["gpu"]["source"] == "nodes"
    assert entry["per_gpu"]["weights_gib"] > 14
    assert entry["storage"]["claim_gib"] >= 16
    assert entry["startup"]["guaranteed_seconds"] >= 600
    json.dumps(entry)


def test_the_models_own_gpu_wins_over_the_nodes() -> None:
    own = model(gpu={"product": "L4"})
    assert choose_gpu(own, Gpu("T4", None, 1)).gpu.product == "L4"
    assert choose_gpu(model(), Gpu("T4", None, 1)).source == "nodes"
    assert choose_gpu(model(), None, ("nobody asked",)).notes == ("nobody asked",)
    assert choose_gpu(model(gpu={"count": 2}), Gpu("T4", None, 1)).gpu.product == "T4"
    assert choose_gpu(model(accelerator="cpu"), Gpu("T4", None, 1)).source == "none"


def test_what_the_last_deployment_knew_is_kept() -> None:
    known = plan_entry(model(), HUB, H100)
    last = carried(known, model())
    now = keep_last(model(), plan_entry(model(), NONE, NO_GPU), last)
    assert now["host"] == known["host"]
    assert now["kv_cache"] == known["kv_cache"]
    assert "kept" in now["checkpoint"]["notes"][0]
    assert "the Hub does not answer" in now["checkpoint"]["notes"]
    assert carried(now, model()) == last, "the Deployment must not change"


def test_the_last_deployment_counts_only_for_the_same_words() -> None:
    last = carried(plan_entry(model(), HUB, H100), model())
    longer = model(max_model_len=16384)
    unknown = plan_entry(longer, NONE, NO_GPU)
    assert keep_last(longer, unknown, last) == unknown


def test_the_last_deployment_never_wins_over_what_is_known_now() -> None:
    last = carried(plan_entry(model(), NONE, NO_GPU), model())
    known = plan_entry(model(), HUB, H100)
    assert keep_last(model(), known, last) == known
    assert keep_last(model(), known, carried(known, model())) == known


def test_what_somebody_else_wrote_into_the_annotation_is_no_plan() -> None:
    unknown = plan_entry(model(), NONE, NO_GPU)
    good = carried(plan_entry(model(), HUB, H100), model())
    for sources in (None, {}, {"checkpoint": "hub"}, 7):
        assert keep_last(model(), unknown, {**good, "sources": sources}) == unknown
    for key, value in (
        ("host", 5),
        ("kv_cache", {"tokens": "many"}),
        ("storage", None),
        ("notes", [5]),
    ):
        assert keep_last(model(), unknown, {**good, key: value}) == unknown
    for size in (float("nan"), float("inf"), -5, 0, "7", True):
        host = {**good["host"], "memory_limit_gib": size}
        assert keep_last(model(), unknown, {**good, "host": host}) == unknown
    foreign = keep_last(model(), unknown, {**good, "replicas": 99, "model": "evil"})
    assert (foreign["replicas"], foreign["model"]) == (1, "org/llama")
    assert keep_last(model(), unknown, {}) == unknown
    assert keep_last(model(), unknown, None) == unknown


def test_the_summary_says_what_is_known_or_what_to_give() -> None:
    assert "tokens of cache" in " ".join(summary(plan_entry(model(), HUB, H100)))
    assert "the Hub does not answer" in " ".join(summary(plan_entry(model(), NONE, H100)))
    asked = GpuChoice(Gpu(None, None, None), "none", ("no node says what GPU it has",) * 9)
    lines = summary(plan_entry(model(), HUB, asked))
    assert "no node says" in " ".join(lines)
    assert max(map(len, lines)) <= 80
