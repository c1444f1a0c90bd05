# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which variables of a model's environment a plan depends on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.module_utils.sizing import plan as plan_module
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.spec.inputs import sizing_inputs
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.variables import (
    LMCACHE,
    SIZING_VARIABLES,
)

from .allocated import CONFIGS

CHUNKED = {**CONFIGS["llama4_step"], "attention_chunk_size": 256}
CPU = {"config": LLAMA, "accelerator": "cpu", "gpu": {}}
LONG = {"config": LLAMA, "max_model_len": 140_000}
# A model whose plan depends on the variable, and a value of it.
DEPENDING: dict[str, tuple[dict[str, Any], str]] = {
    "VLLM_CPU_KVCACHE_SPACE": (CPU, "8"),
    "VLLM_MLA_CUDA_MEM_ALIGN_KV_CACHE": (
        {"config": {**CONFIGS["deepseek_v3"], "kv_lora_rank": 500}, "vllm_version": "0.7.3"}, "0",
    ),
    "VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE": (
        {"config": CHUNKED, "vllm_version": "0.11.0"}, "1",
    ),
    "VLLM_ALLOW_LONG_MAX_MODEL_LEN": (LONG, "1"),
    "LMCACHE_": ({"config": LLAMA}, "1"),
}  # fmt: skip


def planned(model: dict[str, Any], env: dict[str, str]) -> dict[str, Any]:
    raw = {"name": "m", "model": "u/m", "gpu": {"product": "H100"}, **model, "env": env}
    return plan_memory(parse_model(raw)).as_dict()


@pytest.mark.parametrize("name", [*SIZING_VARIABLES, LMCACHE])
def test_a_plan_depends_on_each_variable(name: str) -> None:
    model, value = DEPENDING[name]
    full = f"{name}X" if name == LMCACHE else name
    assert planned(model, {full: value}) != planned(model, {})


@pytest.mark.parametrize("name", [*SIZING_VARIABLES, f"{LMCACHE}URL", "VLLM_API_KEY"])
def test_the_words_of_a_plan_have_all_names_and_the_values_that_it_reads(name: str) -> None:
    raw = {"name": "m", "model": "u/m", "env": {name: "value-1"}}
    env = sizing_inputs(parse_model(raw))["env"]
    assert env == {name: "value-1" if name in SIZING_VARIABLES else None}


def test_no_other_variable_is_read() -> None:
    """The sizing names no variable itself: all that it reads are declared beside the options."""
    sources = Path(plan_module.__file__).parent.rglob("*.py")
    written = {
        word
        for source in sources
        for word in re.findall(r'"((?:VLLM|LMCACHE)_\w*)"', source.read_text(encoding="utf-8"))
    }
    assert written == set()
