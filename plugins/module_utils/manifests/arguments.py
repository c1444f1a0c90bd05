# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line and the environment of a server."""

from __future__ import annotations

import json
from typing import Any

from ..plan import Plan
from ..spec.model import Model
from ..units import GIB

PORT = 8000
CACHE = "/cache"

# Options that vLLM takes under the name of the model's key, with a value.
_VALUES = (
    "revision",
    "max_model_len",
    "max_num_seqs",
    "max_num_batched_tokens",
    "gpu_memory_utilization",
    "kv_cache_dtype",
    "block_size",
    "dtype",
    "quantization",
)
_PARALLEL = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
_SWITCHES = ("enable_expert_parallel", "enforce_eager")


def command(model: Model) -> list[str]:
    """``vllm serve``, said aloud: images differ in their entrypoint."""
    return model.command or ["vllm", "serve"]


def arguments(model: Model, plan: Plan) -> list[str]:
    """vLLM's flags, in a fixed order; a command of the user's own gets none."""
    if model.command:
        return []
    found = [model.model, "--port", str(PORT)]
    names = model.served_model_names or ([model.name] if model.is_local_path else [])
    if names:
        found += ["--served-model-name", *names]
    for key in _PARALLEL:
        if getattr(model, key) > 1:
            found += [_flag(key), str(getattr(model, key))]
    for key in _VALUES:
        value = getattr(model, key)
        if value is None and key == "max_num_seqs":
            value = plan.sizes.max_num_seqs
        if value is not None:
            found += [_flag(key), f"{value}"]
    found += [_flag(key) for key in _SWITCHES if getattr(model, key)]
    return found + _structured(model) + model.extra_args


def _structured(model: Model) -> list[str]:
    """Flags whose value is not one word."""
    found: list[str] = []
    if model.enable_prefix_caching is not None:
        found.append(
            "--enable-prefix-caching"
            if model.enable_prefix_caching
            else "--no-enable-prefix-caching"
        )
    if model.kv_cache_memory_gib is not None and not _in_environment(model):
        found += ["--kv-cache-memory-bytes", str(int(model.kv_cache_memory_gib * GIB))]
    if model.speculative_config:
        found += ["--speculative-config", json.dumps(model.speculative_config, sort_keys=True)]
    if model.lora_modules:
        found += ["--enable-lora", "--lora-modules"]
        found += [json.dumps(module, sort_keys=True) for module in model.lora_modules]
    if model.probes.drain_seconds:
        found += ["--shutdown-timeout", str(model.probes.drain_seconds)]
    return found


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def environment(model: Model, plan: Plan) -> list[dict[str, Any]]:
    """Environment of the server: ours first, the user's entry of the same name instead."""
    ours: dict[str, dict[str, Any]] = {
        name: {"name": name, "value": value} for name, value in _values(model, plan).items()
    }
    if model.hf_token_secret:
        secret = {"name": model.hf_token_secret.name, "key": model.hf_token_secret.key}
        ours["HF_TOKEN"] = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": secret}}
    return list((ours | {entry["name"]: entry for entry in model.env}).values())


def _values(model: Model, plan: Plan) -> dict[str, str]:
    """What an unprivileged server needs: every cache in a place that it may write.

    USER is named because the uid may have no entry in the image's /etc/passwd, and
    ``getpass.getuser`` fails then (kserve issue 5666).
    """
    values = {
        "HOME": CACHE,
        "USER": "vllm",
        "HF_HOME": _hub_home(model),
        "XDG_CACHE_HOME": f"{CACHE}/xdg",
        "XDG_CONFIG_HOME": f"{CACHE}/config",
        "VLLM_CACHE_ROOT": f"{CACHE}/vllm",
        "VLLM_CONFIG_ROOT": f"{CACHE}/vllm-config",
        "TRITON_CACHE_DIR": f"{CACHE}/triton",
        "TORCHINDUCTOR_CACHE_DIR": f"{CACHE}/inductor",
        "NUMBA_CACHE_DIR": f"{CACHE}/numba",
        "OUTLINES_CACHE_DIR": f"{CACHE}/outlines",
        "FLASHINFER_WORKSPACE_BASE": f"{CACHE}/flashinfer",
        "CUDA_CACHE_PATH": f"{CACHE}/cuda",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENGINE_READY_TIMEOUT_S": str(plan.probes.engine_ready_timeout_seconds),
    }
    if model.is_local_path:
        values["HF_HUB_OFFLINE"] = "1"
    if model.kv_cache_memory_gib is not None and _in_environment(model):
        values["VLLM_CPU_KVCACHE_SPACE"] = f"{model.kv_cache_memory_gib:.0f}"
    return values


def _in_environment(model: Model) -> bool:
    """Whether the cache's size goes the way that every release has on CPU: whole GiB only.

    Parts of one need the flag, which newer releases take there too (vllm/platforms/cpu.py).
    """
    size = model.kv_cache_memory_gib
    return model.accelerator == "cpu" and size is not None and size == int(size)


def _hub_home(model: Model) -> str:
    """The Hub cache lies on the model's volume, if it has one that can be written."""
    on_volume = model.storage.is_claim and not model.volume_is_read_only
    return f"{model.mount_path if on_volume else CACHE}/huggingface"
