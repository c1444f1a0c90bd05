# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Bytes per parameter of a quantized checkpoint, and which matrices are left alone."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import Fields

DTYPE_BYTES = {
    "float32": 4.0, "float": 4.0, "float16": 2.0, "half": 2.0, "bfloat16": 2.0, "auto": 2.0,
}  # fmt: skip
# The packed values and their scales (memory per parameter of a linear layer); the scale of a
# 128x128 block is 4 bytes, of an NVFP4 group 1 byte, of an MXFP4 group 1 byte.
_FORMATS = {
    "fp8": 1.0,
    "fp8_block": 1 + 4 / 128**2,
    "int8": 1.0005,
    "int4": 0.5 + 2.5 / 128,
    "gptq4": 0.5 + 2 / 128,
    "nvfp4": 0.5 + 1 / 16,
    "mxfp4": 0.5 + 1 / 32,
    "mxfp8": 1 + 1 / 32,
    "bnb4": 0.516,
    "bnb8": 1.0005,
}
# Words of a name, the most telling first. A name is vLLM's --quantization, a checkpoint's
# quant_method or quant_algo, or how people write it ("gptq-int4 g128").
_WORDS = (
    ("nvfp4", "nvfp4"), ("modelopt_fp4", "nvfp4"), ("petit", "nvfp4"), ("mixed", "nvfp4"),
    ("w4a16", "int4"), ("mxfp4", "mxfp4"), ("mxfp8", "mxfp8"), ("awq", "int4"),
    ("gptq", "gptq4"), ("auto_round", "int4"), ("auto-round", "int4"), ("inc", "int4"),
    ("moe_wna16", "int4"), ("bitsandbytes", "bnb4"), ("bnb", "bnb4"), ("int4", "int4"),
    ("w4a8", "int4"), ("rtn", "int4"), ("int8", "int8"), ("w8a8", "int8"), ("w8a16", "int8"),
    ("fp8", "fp8"), ("modelopt", "fp8"),
)  # fmt: skip
_UNQUANTIZED = ("", "none", "null", "auto", "bf16", "bfloat16", "fp16", "float16")
_LAYER = re.compile(r"layers\.(\d+)\.(.+)$")


@dataclass(frozen=True)
class Quantization:
    """What the linear layers hold.

    ``linear_bytes``: bytes of a parameter; ``full_bytes``: of one that is not quantized.
    ``ignored``: patterns of matrices that stay whole, ``skipped``: the same for single layers.
    ``block``: rows and columns of a scale; ``group``: input columns of one.
    """

    name: str = ""
    linear_bytes: float = 2.0
    full_bytes: float = 2.0
    attention_bytes: float | None = None
    only_experts: bool = False
    ignored: tuple[str, ...] = ()
    skipped: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    block: tuple[int, int] | None = None
    group: int = 0
    kv_dtype: str = ""
    doubt: str = ""

    @property
    def fused_bytes(self) -> float:
        """Bytes of a parameter of the products that old releases made of MLA's projections."""
        return self.linear_bytes if self.name.startswith("fp8") else self.full_bytes

    def module_bytes(self, name: str) -> float:
        """Bytes of one parameter of a matrix such as ``self_attn.q_proj``, in most layers."""
        if not self.name:
            return self.full_bytes
        if self.only_experts and ".experts" not in name:
            return self.full_bytes
        if any(_matches(pattern, name) for pattern in self.ignored):
            return self.full_bytes
        if self.attention_bytes is not None and "attn" in name:
            return self.attention_bytes
        return self.linear_bytes

    def is_skipped(self, layer: int, name: str) -> bool:
        """Whether this matrix of this layer alone stays whole."""
        return any(_under(part, name) for part in self.skipped.get(layer, ()))


def _under(part: str, name: str) -> bool:
    """Whether one module path is the other, or lies below it."""
    return part == name or name.startswith(f"{part}.") or part.startswith(f"{name}.")


def _matches(pattern: str, name: str) -> bool:
    """Whether an entry of an ignore list means the matrix (layer 0 stands for all)."""
    full = name if name == "lm_head" else f"model.layers.0.{name}"
    if pattern.startswith("re:"):
        try:
            return re.match(pattern[3:], full) is not None
        except re.error:
            return False
    if "*" in pattern:
        return fnmatch.fnmatchcase(full, f"*{pattern.removeprefix('language_model.')}")
    return f".{pattern}." in f".{full}."


def read_quantization(
    config: Mapping[str, Any], flag: str | None = None, dtype: str = "bfloat16"
) -> Quantization:
    """The quantization of a checkpoint, or the one that ``--quantization`` makes while loading.

    Raises ValueError for an entry of the wrong kind; a format that is not known gives ``doubt``.
    """
    full = DTYPE_BYTES.get(dtype, 2.0)
    fields = Fields(config)
    stored = fields.get("quantization_config", "compression_config")
    if stored is not None and not isinstance(stored, Mapping):
        raise ValueError("config.quantization_config is not a mapping")
    details: Mapping[str, Any] = stored or {}
    said = _said(details, fields, flag)
    if said.lower() in _UNQUANTIZED:
        return Quantization(full_bytes=full, linear_bytes=full, kv_dtype=_kv_dtype(details, fields))
    form = _form(said, details)
    ignored, skipped = _ignored(details, fields, said)
    if form is None:
        doubt = f"quantization {said!r} is not known; bytes per parameter cannot be told"
        return Quantization(name=said, linear_bytes=full, full_bytes=full, doubt=doubt)
    group = _group(details, said)
    only_experts = not ignored and ("experts" in said or (form == "mxfp4" and "mx" in said))
    return Quantization(
        name=form,
        linear_bytes=_bytes(form, details, group),
        full_bytes=full,
        attention_bytes=1.0 if "mixed" in said.lower() and not ignored else None,
        only_experts=only_experts or (form == "mxfp4" and details.get("quant_method") == "mxfp4"),
        ignored=ignored,
        skipped=skipped,
        block=_block(details, fields, said),
        group=group,
        kv_dtype=_kv_dtype(details, fields),
        doubt="which layers of a mixed checkpoint are quantized how is not said"
        if "mixed" in said.lower()
        else "",
    )


def _said(details: Mapping[str, Any], fields: Fields, flag: str | None) -> str:
    """The checkpoint's own words win: vLLM refuses a flag that disagrees with them."""
    inner = details.get("quantization")
    nested: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    algo = details.get("quant_algo") or nested.get("quant_algo")
    method = details.get("quant_method")
    said = algo or method or flag or fields.text("quant_method")
    return str(said or "")


def _form(said: str, details: Mapping[str, Any]) -> str | None:
    """The key of the table of formats, None for a format that is not in it."""
    word = said.lower()
    if "compressed" in word:
        return _compressed(details)
    if "quark" in word or "torchao" in word or "gguf" in word:
        return None
    form = next((form for part, form in _WORDS if part in word), None)
    if form == "bnb4" and (details.get("load_in_8bit") or "8" in word.replace("bnb-4bit", "")):
        return "bnb8"
    if form in ("int4", "gptq4") and details.get("bits") == 8:
        return "int8"
    if form == "fp8" and (details.get("weight_block_size") or "block" in word):
        return "fp8_block"
    return form


def _compressed(details: Mapping[str, Any]) -> str | None:
    """The format of llm-compressor's first group of weights."""
    weights = _weights(details)
    bits = weights.get("num_bits")
    if bits == 8:
        block = weights.get("strategy") == "block"
        return ("fp8_block" if block else "fp8") if weights.get("type") == "float" else "int8"
    if bits == 4:
        return "nvfp4" if weights.get("type") == "float" else "int4"
    return None


def _weights(details: Mapping[str, Any]) -> Mapping[str, Any]:
    groups = details.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    weights = first.get("weights") if isinstance(first, Mapping) else None
    return weights if isinstance(weights, Mapping) else {}


def _group(details: Mapping[str, Any], said: str) -> int:
    """Input columns of one scale; 0 when it is not said."""
    found = details.get("group_size") or _weights(details).get("group_size")
    if isinstance(found, int) and not isinstance(found, bool) and found > 0:
        return found
    written = re.search(r"\bg(\d{2,4})\b", said)
    return int(written.group(1)) if written else 0


def _bytes(form: str, details: Mapping[str, Any], group: int) -> float:
    if form in ("int4", "gptq4") and group:
        symmetric = details.get("sym", form == "gptq4") or _weights(details).get("symmetric")
        bits = details.get("bits")
        packed = bits / 8 if isinstance(bits, int) and 2 <= bits <= 8 else 0.5
        return packed + (2.0 if symmetric else 2.5) / group
    return _FORMATS[form]


def _block(details: Mapping[str, Any], fields: Fields, said: str) -> tuple[int, int] | None:
    block = details.get("weight_block_size") or fields.get("weight_block_size")
    block = block or _weights(details).get("block_structure")
    if isinstance(block, list) and len(block) == 2 and all(isinstance(b, int) for b in block):
        if min(block) <= 0:
            raise ValueError(f"config.weight_block_size is {block}; sizes must be at least 1")
        return block[0], block[1]
    return (128, 128) if "block" in said.lower() else None


def _kv_dtype(details: Mapping[str, Any], fields: Fields) -> str:
    """What the checkpoint asks of the cache (vllm/config/cache.py, ModelOpt and llm-compressor)."""
    inner = details.get("quantization")
    nested: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    said = details.get("kv_cache_quant_algo") or nested.get("kv_cache_quant_algo")
    said = said or details.get("kv_cache_scheme") or fields.get("kv_cache_scheme")
    if not said:
        return ""
    return "nvfp4" if "nvfp4" in str(said).lower() else "fp8"


def _ignored(
    details: Mapping[str, Any], fields: Fields, said: str
) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
    """Patterns for all layers, and module paths for single ones."""
    inner = details.get("quantization")
    places: list[Mapping[str, Any]] = [details, inner if isinstance(inner, Mapping) else {}]
    listed: list[Any] = []
    for place in places:
        for name in ("ignore", "ignored_layers", "modules_to_not_convert", "exclude_modules",
                     "llm_int8_skip_modules"):  # fmt: skip
            value = place.get(name)
            if value is not None and not isinstance(value, list | tuple):
                raise ValueError(f"config.quantization_config.{name} is not a list")
            listed += value or []
    hint = fields.get("quant_ignore")
    if isinstance(hint, str):
        listed += ["*self_attn*" if "self_attn" in word else word for word in hint.split(", ")]
    elif "mlps only" in said.lower():
        listed += ["*self_attn*", "*linear_attn*"]
    return _sorted_out([entry for entry in listed if isinstance(entry, str)])


def _sorted_out(entries: list[str]) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
    general: list[str] = []
    single: dict[int, list[str]] = {}
    for entry in entries:
        found = None if entry.startswith("re:") or "*" in entry else _LAYER.search(entry)
        if found is None:
            general.append(entry)
        else:
            single.setdefault(int(found.group(1)), []).append(found.group(2))
    return tuple(general), {layer: tuple(names) for layer, names in single.items()}
