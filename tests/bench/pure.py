# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The part without a cluster: from a user's words to plans and manifests."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any, TypeVar

import yaml
from models import MODEL, models
from timing import ROOT, per_call_ms

if str(ROOT / ".cache" / "collections") not in sys.path:
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))

CARD = {"product": "H100-80GB"}
T = TypeVar("T")

# All imports of the collection's inner parts are in the three functions that follow.


def parse(raw: list[dict[str, Any]]) -> list[Any]:
    """Return checked models."""
    from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

    return list(parse_models(raw))


def plan(checked: list[Any]) -> dict[str, Any]:
    """Return the plans of checked models, by name."""
    from ansible_collections.llmops.vllm.plugins.plugin_utils import planning

    found = planning.look_up(checked)
    return planning.plan_models(checked, found, planning.Surroundings()).plans


def render(checked: list[Any], plans: dict[str, Any]) -> list[Any]:
    """Return the objects of checked and planned models."""
    from ansible_collections.llmops.vllm.plugins.module_utils.manifests import build

    return build.all_objects(build.render(checked, plans, "bench", "restricted").objects)


def public_filter(name: str) -> Callable[..., Any]:
    """Return a filter as a template would call it."""
    from ansible_collections.llmops.vllm.plugins.filter import memory_plan, probe_thresholds

    filters = memory_plan.FilterModule().filters() | probe_thresholds.FilterModule().filters()
    return filters[name]


def timed(call: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    """Return what a call returns, and the seconds of the processor that it took."""
    started = time.process_time()
    result = call(*arguments)
    return result, time.process_time() - started


def thousand_models() -> dict[str, float]:
    """Measure a thousand models from words to manifests."""
    checked, parse_seconds = timed(parse, models(1000))
    plans, plan_seconds = timed(plan, checked)
    objects, render_seconds = timed(render, checked, plans)
    return {
        "objects": len(objects),
        "parse_seconds": parse_seconds,
        "plan_seconds": plan_seconds,
        "render_seconds": render_seconds,
        "total_seconds": parse_seconds + plan_seconds + render_seconds,
    }


def thousand_shapes() -> float:
    """Return the seconds of 1000 memory plans over all known shapes and some splits."""
    memory_plan = public_filter("memory_plan")
    configs = yaml.safe_load((ROOT / "tests/data/model_configs.yaml").read_text(encoding="utf-8"))
    given = [
        {"config": config, "gpu": CARD, "tensor_parallel_size": 2 ** (number % 4)}
        for number, config in enumerate(islice(cycle(configs.values()), 1000))
    ]
    return timed(lambda: [memory_plan(model) for model in given])[1]


def pure_figures() -> dict[str, Any]:
    """Measure single calls, and a thousand models."""
    memory_plan, probes = public_filter("memory_plan"), public_filter("probe_thresholds")
    one = {"config": MODEL["config"], "gpu": CARD}
    return {
        "memory_plan_one_model_ms": per_call_ms(lambda: memory_plan(one)),
        "memory_plan_1000_shapes_seconds": thousand_shapes(),
        "probe_thresholds_ms": per_call_ms(lambda: probes(600)),
        "thousand_models": thousand_models(),
    }
