# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is impossible in a checkpoint's words about its number formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import shown
from .shape.fields import Fields

# What --quantization may say beside a checkpoint's quant_method: the method itself and what takes
# its place (override_quantization_method in model_executor/layers/quantization, releases 0.8 to
# 0.32). Methods that take their place whatever the flag says are not listed.
_BESIDE = {
    "awq": ("awq", "awq_marlin", "auto_awq", "marlin", "moe_wna16", "cpu_awq", "ipex"),
    "gptq": ("gptq", "gptq_marlin", "gptq_marlin_24", "auto_gptq", "marlin", "moe_wna16",
             "bitblas", "gptq_bitblas", "ipex"),
    "fp8": ("fp8", "deepseek_v4_fp8"),
    "compressed-tensors": ("compressed-tensors",),
    "bitsandbytes": ("bitsandbytes",),
}  # fmt: skip
# Words of the flag that are surely no other name of the checkpoint's own method.
_FLAGS = {flag for flags in _BESIDE.values() for flag in flags} | {
    "experts_int8", "fbgemm_fp8", "modelopt", "modelopt_fp4", "modelopt_mxfp8", "mxfp4", "mxfp8",
    "ptpc_fp8", "quark", "torchao", "inc", "fp8_per_tensor", "fp8_per_block", "fp8_per_channel",
}  # fmt: skip
# Types of PyTorch that a config.json may name.
_WIDE = ("float32", "float", "float16", "half", "bfloat16", "float64", "double", "auto")
_NARROW = ("int", "uint", "float8_", "float4_", "bool")
# More columns than any matrix has.
_LARGEST_GROUP = 2**20


def check_quantization(details: Mapping[str, Any], fields: Fields, flag: str | None) -> None:
    """Raise ValueError for a field that is impossible, and for a flag that vLLM refuses.

    ModelConfig._verify_quantization in vllm/config/model.py (0.32).
    """
    method = str(details.get("quant_method", "")).lower()
    said = (flag or "").lower()
    if method in _BESIDE and said in _FLAGS and said not in _BESIDE[method]:
        raise ValueError(
            f"quantization is {flag!r}, and the checkpoint is quantized with {method}"
            " (config.quantization_config.quant_method), which vLLM refuses; leave quantization out"
        )
    check_group(details, is_strict=method in ("awq", "gptq"))
    for weights in _weights(details):
        check_group(weights, is_strict=False)
    odd_dtype(fields)


def _weights(details: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The weights of llm-compressor's groups."""
    groups = details.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping):
            yield weights


def check_group(details: Mapping[str, Any], *, is_strict: bool) -> None:
    """Raise ValueError for an impossible ``group_size``; -1 means a scale for a whole row.

    Other tools than AWQ and GPTQ also write 0 (one scale) and pairs (blocks): not ``is_strict``.
    """
    size = details.get("group_size")
    is_whole = isinstance(size, int) and not isinstance(size, bool)
    if size is None or (is_whole and (0 < size <= _LARGEST_GROUP or size == -1)):
        return
    if is_strict or (is_whole and size != 0):
        raise ValueError(
            f"config.quantization_config.group_size is {shown(size)}; it must be a whole number"
            f" from 1 to {_LARGEST_GROUP}, or -1 for one scale in a row"
        )


def check_bits(change: Mapping[str, Any], name: str) -> None:
    """Raise ValueError for an impossible number of bits of single matrices."""
    bits = change.get("bits")
    if bits is not None and (not isinstance(bits, int) or isinstance(bits, bool) or bits < 1):
        raise ValueError(
            f"config.quantization_config.{name} has bits {shown(bits)}; it must be a whole"
            " number above 0"
        )


def odd_dtype(fields: Fields) -> str:
    """The checkpoint's type if vLLM takes another one in its place (_resolve_auto_dtype), or ''.

    Raises ValueError for a word that PyTorch does not know as a type.
    """
    said = fields.text("dtype", "torch_dtype").removeprefix("torch.")
    if not said or said in _WIDE:
        return ""
    if said.startswith(_NARROW):
        return said
    name = "dtype" if fields.get("dtype") is not None else "torch_dtype"
    raise ValueError(f"config.{name} is {said[:60]!r}; it must be a type such as bfloat16")


def with_bits(said: str, details: Mapping[str, Any]) -> str:
    """A format's name, with its number of bits where that is said."""
    words = [("bits", details.get("bits"))]
    words += [("num_bits", weights.get("num_bits")) for weights in _weights(details)]
    written = [f"{name} {shown(bits)}" for name, bits in words if bits is not None]
    return f"{said[:80]!r}" + (f" with {', '.join(dict.fromkeys(written))}" if written else "")
