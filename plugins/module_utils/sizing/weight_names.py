# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which matrices the entries of a quantized checkpoint's lists mean.

Entries are module paths, ``re:`` patterns, or paths with wildcards
(compressed_tensors/utils.py, modelopt.py and utils/quant_utils.py in
vllm/model_executor/layers/quantization, 0.32). Some mean all layers, some a single one.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# The matrices of weights.py that may be quantized, and how the families call them. One path
# stands for all experts.
WEIGHT_NAMES: dict[str, tuple[str, ...]] = {
    "self_attn.q_proj": ("self_attn.q_proj", "mixer.q_proj", "self_attn.qkv_proj"),
    "self_attn.k_proj": ("self_attn.k_proj", "mixer.k_proj", "self_attn.qkv_proj"),
    "self_attn.v_proj": ("self_attn.v_proj", "mixer.v_proj", "self_attn.qkv_proj"),
    "self_attn.o_proj": ("self_attn.o_proj", "mixer.o_proj"),
    "self_attn.kv_a_proj_with_mqa": ("self_attn.kv_a_proj_with_mqa",),
    "self_attn.kv_b_proj": ("self_attn.kv_b_proj",),
    "self_attn.q_a_proj": ("self_attn.q_a_proj",),
    "self_attn.q_b_proj": ("self_attn.q_b_proj",),
    "self_attn.indexer.wq_b": ("self_attn.indexer.wq_b",),
    "linear_attn.in_proj_qkvz": (
        "linear_attn.in_proj_qkvz", "linear_attn.in_proj_qkv", "mixer.in_proj", "mamba.in_proj",
    ),
    "linear_attn.out_proj": ("linear_attn.out_proj", "mixer.out_proj", "mamba.out_proj"),
    "mlp.up_proj": ("mlp.up_proj", "mixer.up_proj", "feed_forward.up_proj", "mlp.gate_up_proj"),
    "mlp.gate_proj": ("mlp.gate_proj", "feed_forward.gate_proj", "mlp.gate_up_proj"),
    "mlp.down_proj": ("mlp.down_proj", "mixer.down_proj", "feed_forward.down_proj"),
    "mlp.experts": (
        "mlp.experts.0.gate_proj", "block_sparse_moe.experts.0.w1", "mixer.experts.0.up_proj",
        "feed_forward.experts.gate_up_proj",
    ),
    "experts": ("experts.0.gate_proj", "moe.experts.0.gate_proj"),
    "mlp.shared_experts": (
        "mlp.shared_experts.gate_proj", "mlp.shared_expert.gate_proj", "shared_mlp.gate_proj",
        "mixer.shared_experts.up_proj", "feed_forward.shared_expert.gate_proj",
    ),
    "mlp.latent_proj": ("mixer.fc1_latent_proj",),
}  # fmt: skip
_PREFIXES = (
    "model.layers", "model.language_model.layers", "language_model.model.layers",
    "backbone.layers",
)  # fmt: skip
_LAYER = re.compile(r"layers\.(\d+)\.(.+)$")
_WHOLE_LAYERS = re.compile(r"layers\.(\d+)\*$")
# An expression that names single layers has a number after a point.
_NUMBERED = re.compile(r"^re:.*\.[\[(?:]*\d")
# Other parts of a checkpoint have layers too.
_ELSEWHERE = re.compile(r"^[^*]*(vis|audio|mtp|tower|encoder|draft)[^*]*layers\.")
_EXPERT = re.compile(r"experts\.\d+\.")


@dataclass
class WeightPatterns:
    """A list, sorted out.

    ``general`` means all layers; ``single`` holds paths below single layers; ``starting`` the
    first digits of layers that are meant as a whole; ``numbered`` expressions for some layers.
    """

    general: list[str] = field(default_factory=list)
    single: dict[int, set[str]] = field(default_factory=dict)
    starting: list[str] = field(default_factory=list)
    numbered: list[str] = field(default_factory=list)

    def layers(self, count: int) -> list[int]:
        """The layers that some entry may single out."""
        if self.numbered or self.starting:
            return list(range(count))
        return sorted(self.single)

    def names(self, layer: int) -> set[str]:
        """The matrices of this layer that entries for single layers mean."""
        if any(str(layer).startswith(digits) for digits in self.starting):
            return set(WEIGHT_NAMES)
        found = set(_under(frozenset(self.single.get(layer, ()))))
        for pattern in self.numbered:
            found |= {name for name in WEIGHT_NAMES if matches(pattern, name, layer)}
        return found


def sort_patterns(entries: Iterable[str]) -> WeightPatterns:
    """Tell entries for all layers from those for single ones."""
    found = WeightPatterns()
    for entry in entries:
        # Lists have hundreds of entries, and most of them look like this.
        if not entry.startswith("model.layers.") and _ELSEWHERE.search(entry):
            continue
        if entry.startswith("re:"):
            (found.numbered if _NUMBERED.search(entry) else found.general).append(entry)
        elif (path := _LAYER.search(entry)) is not None:
            # One expert stands for all: what is looked up stays the same for all layers.
            tail = path.group(2)
            tail = _EXPERT.sub("experts.0.", tail) if "experts." in tail else tail
            found.single.setdefault(int(path.group(1)), set()).add(tail)
        elif (whole := _WHOLE_LAYERS.search(entry)) is not None:
            found.starting.append(whole.group(1))
        else:
            found.general.append(entry)
    return found


@functools.lru_cache(maxsize=256)
def _under(tails: frozenset[str]) -> tuple[str, ...]:
    """The matrices that are, contain, or lie below one of these paths below a layer."""
    return tuple(
        name
        for name, paths in WEIGHT_NAMES.items()
        if any(_is_under(tail, path) for path in paths for tail in tails)
    )


def _is_under(tail: str, path: str) -> bool:
    part = _part(path)
    if "*" in tail:
        return fnmatch.fnmatchcase(path, tail) or fnmatch.fnmatchcase(part, tail)
    return path == tail or path.startswith(f"{tail}.") or f"{tail}.".startswith(f"{part}.")


def _part(path: str) -> str:
    """The module that holds all experts, or the matrix itself."""
    return path.partition(".0.")[0]


@functools.lru_cache(maxsize=2**16)
def matches(entry: str, name: str, layer: int = 0) -> bool:
    """Whether an entry means this matrix of this layer."""
    paths = WEIGHT_NAMES.get(name)
    if paths is None:
        return any(_matches_path(entry, path) for path in (name, f"language_model.{name}"))
    return any(
        _matches_path(entry, f"{prefix}.{layer}.{path}")
        for prefix in _PREFIXES
        for path in {*paths, *map(_part, paths)}
    )


def _matches_path(entry: str, path: str) -> bool:
    if entry.startswith("re:"):
        return _matches_expression(entry[3:], path)
    if "*" in entry:
        return fnmatch.fnmatchcase(path, entry) or fnmatch.fnmatchcase(path, f"{entry}.*")
    return f".{entry}." in f".{path}."


def _matches_expression(expression: str, path: str) -> bool:
    try:
        return re.match(expression, path) is not None
    except re.error:
        return False
