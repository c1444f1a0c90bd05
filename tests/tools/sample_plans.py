# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans of real shapes, as `plan_vllm.yml` hands them to the table and the page."""

from __future__ import annotations

from typing import Any

from shapes import TINY_LLAMA as TINY

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import (
    read_catalogue,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import (
    Around,
    choose_gpu,
    decide,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

LLAMA_70B = "meta-llama/Llama-3.1-70B-Instruct"
H100 = {"product": "NVIDIA-H100-80GB-HBM3", "memory_gib": 79.19}
MODELS: dict[str, list[dict[str, Any]]] = {
    "nvidia-berlin": [
        {
            "name": "llama-70b",
            "model": LLAMA_70B,
            "tensor_parallel_size": 2,
            "max_model_len": 16384,
            "quantization": "fp8",
            "gpu": H100,
        },
        {"name": "llama-8b", "model": "meta-llama/Llama-3.1-8B-Instruct", "gpu": {"product": "L4"}},
        {
            "name": "llama-70b-two-stages",
            "model": LLAMA_70B,
            "tensor_parallel_size": 2,
            "pipeline_parallel_size": 2,
            "max_model_len": 32768,
            "replicas": 2,
            "vllm_version": "0.32.0",
            "gpu": H100,
        },
        {
            "name": "gpt-oss-120b",
            "model": "openai/gpt-oss-120b",
            "vllm_version": "0.32.0",
            "gpu": H100,
        },
        {
            "name": "qwen3-next",
            "model": "Qwen/Qwen3-Next-80B-A3B-Instruct",
            "tensor_parallel_size": 4,
            "max_model_len": 65536,
            "vllm_version": "0.32.0",
            "gpu": H100,
        },
        {
            "name": "llama-70b-on-a-small-card",
            "model": LLAMA_70B,
            "max_model_len": 8192,
            "gpu": {"product": "L4", "memory_gib": 22.04},
        },
    ],
    "amd-oslo": [
        {
            "name": "mistral-small",
            "model": "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
            "accelerator": "amd",
            "max_model_len": 32768,
            "gpu": {"product": "MI300X"},
        },
        {"name": "qwen3-8b", "model": "Qwen/Qwen3-8B", "revision": "b968826", "replicas": 2},
        {"name": "in-house", "model": "example/in-house-13b", "gpu": {"product": "MI300X"}},
    ],
    "laptop": [
        {
            "name": "tiny-llama",
            "model": "example/tiny-llama",
            "accelerator": "cpu",
            "max_model_len": 2048,
            "kv_cache_memory_gib": 1,
            "config": TINY,
        },
    ],
}


def sample_plans() -> list[ModelPlan]:
    """Return one plan for each of the models above."""
    return [plan for cluster, models in MODELS.items() for plan in plans_of(models, cluster)]


def plans_of(models: list[dict[str, Any]], cluster: str = "") -> list[ModelPlan]:
    """Return the plans of models whose shape is given, in the catalogue, or nowhere."""
    return [decide(model, around(model), cluster=cluster) for model in parse_models(models)]


def around(model: Model) -> Around:
    """Return what is known about a model without the Hub and without a cluster."""
    nobody = "no node that takes the model says what GPU it has"
    if model.config:
        checkpoint = Checkpoint("model", dict(model.config))
    else:
        nowhere = Checkpoint("none", {}, notes=(f"{model.model} is not in the catalogue",))
        checkpoint = read_catalogue(model.model, model.revision) or nowhere
    return Around(checkpoint, choose_gpu(model, None, (nobody,)))


def changed(plan: ModelPlan, **keys: Any) -> ModelPlan:
    """Return the plan with other values for some of its keys."""
    return ModelPlan.from_dict({**plan.as_dict(), **keys})


def awkward_plans() -> list[ModelPlan]:
    """Return plans that are hard to show: hostile and long names, many stages, nothing known."""
    plan = plans_of(MODELS["nvidia-berlin"][:1], "a" * 120)[0]
    first, cache = plan.as_dict()["stages"][0], plan.as_dict()["kv_cache"]
    stages = [{**first, "gpus": 8, "weights_gib": 30.0 + n / 7} for n in range(16)]
    sentence = "the shape is in /models/" + "very-long-directory/" * 12 + "config.json"
    return [
        changed(plan, name="<script>alert(1)</script>", model='"><img src=x onerror=alert(2)>'),
        changed(plan, name="x" * 200, model="y" * 200, notes=[sentence, "z" * 150]),
        changed(plan, name="日本語の大きな言語モデル" * 6, cluster="größe"),
        changed(
            plan,
            name="sixteen-stages",
            stages=stages,
            pipeline_parallel_size=16,
            tensor_parallel_size=8,
            gpus_per_pod=128,
            kv_cache={**cache, "tokens": 123_456_789_012},
        ),
        ModelPlan.from_dict({"name": "nothing-known"}),
    ]
