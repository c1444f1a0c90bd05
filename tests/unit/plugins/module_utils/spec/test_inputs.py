# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The words that decide a memory plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.spec.inputs import sizing_inputs
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.variables import SIZING_VARIABLES

SIZING = Path(__file__).resolve().parents[5] / "plugins" / "module_utils" / "sizing"


def inputs(**keys: Any) -> dict[str, Any]:
    return sizing_inputs(parse_model({"name": "a", "model": "a/b", **keys}))


def test_every_word_that_decides_a_size_is_there() -> None:
    assert sorted(inputs()) == sorted([
        "model", "revision", "image", "accelerator", "gpu.product", "gpu.memory_gib", "gpu.count",
        "vllm_version", "config", "weights_bytes", "tensor_parallel_size",
        "pipeline_parallel_size", "data_parallel_size", "enable_expert_parallel", "max_model_len",
        "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization", "kv_cache_memory_gib",
        "kv_cache_dtype", "block_size", "dtype", "quantization", "enforce_eager",
        "enable_prefix_caching", "speculative_config", "lora_modules", "extra_args", "command",
        "env", "resources", "node_selector", "tolerations", "affinity", "node_name",
        "storage.host_path", "storage.node", "storage.claim_name", "storage.mount_path",
    ])  # fmt: skip


@pytest.mark.parametrize(
    "keys",
    [
        {"command": ["python3"]},
        {"node_selector": {"gpu": "a"}},
        {"tolerations": [{"operator": "Exists"}]},
        {"affinity": {"nodeAffinity": {}}},
        {"node_name": "n"},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"env": {"LMCACHE_CHUNK_SIZE": "1"}},
        {"storage": {"host_path": "/a"}},
        {"storage": {"claim_name": "a"}},
    ],
)
def test_what_the_digest_once_forgot(keys: dict[str, Any]) -> None:
    assert inputs(**keys) != inputs()


@pytest.mark.parametrize(
    "keys",
    [
        {"replicas": 3},
        {"labels": {"a": "b"}},
        {"check": {"prompt": "x"}},
        {"startup": {"max_seconds": 7}},
        {"storage": {"size_gib": 3}},
        {"served_model_names": ["x"]},
    ],
)
def test_what_decides_no_size_is_not_there(keys: dict[str, Any]) -> None:
    assert inputs(**keys) == inputs()


def test_values_of_variables_are_kept_only_where_sizing_reads_them() -> None:
    env = dict.fromkeys(SIZING_VARIABLES, "7")
    found = inputs(env={**env, "HF_TOKEN": "hf_secret"})
    assert found["env"] == {**env, "HF_TOKEN": None}
    assert "hf_secret" not in json.dumps(found)
    assert inputs(env={"HF_TOKEN": "other", **env}) == found
    changed = {**env, SIZING_VARIABLES[0]: "8", "HF_TOKEN": ""}
    assert inputs(env=changed) != found
