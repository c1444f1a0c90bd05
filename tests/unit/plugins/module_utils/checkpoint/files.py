# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Checkpoint files written by hand, byte by byte."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.safetensors_header import (
    DTYPE_BITS,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

CONFIG = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}
# As ModelOpt writes it into hf_quant_config.json.
MODELOPT: dict[str, Any] = {
    "producer": {"name": "modelopt", "version": "0.23.0"},
    "quantization": {
        "quant_algo": "FP8",
        "kv_cache_quant_algo": "FP8",
        "exclude_modules": ["lm_head"],
    },
}


def model(**keys: Any) -> Model:
    return parse_model({"name": "tiny", "model": "acme/tiny", **keys})


def raw(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file of any header."""
    return (len(header) if length is None else length).to_bytes(8, "little") + header + data


def entry(dtype: object, shape: object, *offsets: object) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": list(offsets)}


def safetensors(**tensors: tuple[str, list[int]]) -> bytes:
    """A sound file: each tensor as (dtype, shape), the data all zero."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * DTYPE_BITS[dtype] // 8
        header[name] = entry(dtype, shape, begin, end)
    return raw(json.dumps(header).encode() + b"   ", bytes(end))


ONE = safetensors(a=("BF16", [4, 3]), b=("F8_E4M3", [5]), scalar=("F32", []))
ONE_BYTES = 24 + 5 + 4
TWO = safetensors(c=("I64", [2, 2]), empty=("F16", [0, 7]), packed=("F4", [6]))
TWO_BYTES = 32 + 0 + 3


def sharded() -> dict[str, bytes]:
    """A checkpoint of two shards and its index."""
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    weights = dict.fromkeys(("a", "b", "scalar"), names[0])
    weights |= dict.fromkeys(("c", "empty", "packed"), names[1])
    index = {"metadata": {"total_size": ONE_BYTES + TWO_BYTES}, "weight_map": weights}
    return {
        "config.json": json.dumps(CONFIG).encode(),
        names[0]: ONE,
        names[1]: TWO,
        "model.safetensors.index.json": json.dumps(index).encode(),
    }


def single() -> dict[str, bytes]:
    """A checkpoint of one file."""
    return {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": ONE}


def write(directory: Path, files: dict[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory
