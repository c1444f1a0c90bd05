# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line and the environment of a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..plan.model_plan import ModelPlan
from ..spec import reserved
from ..spec.model import Model
from ..spec.section import declared
from ..spec.variables import CPU_CACHE_SPACE
from ..startup.probes import ProbePlan

PORT = reserved.PORT
CACHE = "/cache"


def command(model: Model) -> list[str]:
    """``vllm serve``, said aloud: images differ in their entrypoint."""
    return model.command or ["vllm", "serve"]


def arguments(model: Model, plan: ModelPlan) -> list[str]:
    """vLLM's flags, in the order of their declaration; a command of the user's own gets none."""
    if model.command:
        return []
    told = _as_passed(model, plan)
    words = [model.model, "--port", str(PORT)]
    for entry in declared(Model):
        if entry.option.flag is not None:
            words += entry.option.flag.words(entry.value_in(told))
    return words + model.extra_args


def _as_passed(model: Model, plan: ModelPlan) -> Model:
    """The model with what is passed although no key says it, and without what goes elsewhere."""
    names = model.served_model_names or ([model.name] if model.is_local_path else [])
    seqs = plan.memory.max_num_seqs if model.max_num_seqs is None else model.max_num_seqs
    cache_gib = None if model.cache_in_environment else model.kv_cache_memory_gib
    return replace(
        model, served_model_names=names, max_num_seqs=seqs, kv_cache_memory_gib=cache_gib
    )


def environment(model: Model, probes: ProbePlan) -> list[dict[str, Any]]:
    """Environment of the server: ours first, the user's entry of the same name instead."""
    ours: dict[str, dict[str, Any]] = {
        name: {"name": name, "value": value} for name, value in _values(model, probes).items()
    }
    if model.hf_token_secret:
        secret = {"name": model.hf_token_secret.name, "key": model.hf_token_secret.key}
        ours["HF_TOKEN"] = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": secret}}
    return list((ours | {entry["name"]: entry for entry in model.env}).values())


def _values(model: Model, probes: ProbePlan) -> dict[str, str]:
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
        "VLLM_ENGINE_READY_TIMEOUT_S": str(probes.engine_ready_timeout_seconds),
    }
    if model.is_local_path:
        values["HF_HUB_OFFLINE"] = "1"
    if model.cache_in_environment:
        values[CPU_CACHE_SPACE] = f"{model.kv_cache_memory_gib:.0f}"
    return values


def _hub_home(model: Model) -> str:
    """The Hub cache lies on the model's volume, if it has one that can be written."""
    on_volume = model.storage.is_claim and not model.volume_is_read_only
    return f"{model.mount_path if on_volume else CACHE}/huggingface"
