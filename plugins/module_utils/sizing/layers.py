# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which kind of attention and of feed-forward part each layer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .fields import Fields

# The words of config.json's layer_types and layers_block_type.
_MIXERS = {
    "full_attention": "full",
    "attention": "full",
    "global_attention": "full",
    "sliding_attention": "sliding",
    "local_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "state",
    "mamba": "state",
    "mamba2": "state",
}
# One letter for each layer of Nemotron-H: (mixer, feed-forward part).
_LETTERS = {"M": ("state", ""), "*": ("full", ""), "-": ("", "dense"), "E": ("", "moe")}
# Every n-th layer is a full one, where the checkpoint does not list them.
_PATTERNS = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "gpt_oss": 2, "cohere2": 4}


@dataclass(frozen=True)
class Layer:
    """One layer: ``full``, ``sliding``, ``chunked`` or ``state``; ``dense`` or ``moe``."""

    mixer: str
    ffn: str


def read_layers(fields: Fields, count: int, *, is_moe: bool, has_state: bool) -> tuple[Layer, ...]:
    """The layers in order. Raises ValueError when what is said about them does not agree."""
    pattern = fields.get("hybrid_override_pattern")
    if isinstance(pattern, str) and count:
        letters = fields.sequence("hybrid_override_pattern", count) or []
        wrong = set(letters) - set(_LETTERS)
        if wrong:
            raise ValueError(f"config.hybrid_override_pattern has unknown {sorted(wrong)}")
        return tuple(Layer(*_LETTERS[letter]) for letter in letters)
    mixers = _mixers(fields, count, has_state=has_state)
    ffns = _ffns(fields, count) if is_moe else ["dense"] * count
    return tuple(Layer(mixer, ffn) for mixer, ffn in zip(mixers, ffns, strict=True))


def _mixers(fields: Fields, count: int, *, has_state: bool) -> list[str]:
    for name in ("layer_types", "layers_block_type"):
        listed = fields.sequence(name, count)
        if listed is not None:
            return [_mixer(name, entry) for entry in listed]
    counted = _counted(fields, count)
    if counted is not None:
        return counted
    if has_state:
        return _state_mixers(fields, count)
    if fields.integer("attention_chunk_size", minimum=0):
        ropes = fields.sequence("no_rope_layers", count) if fields.get("no_rope_layers") else None
        every = [int((index + 1) % 4 != 0) for index in range(count)]
        return ["chunked" if rope else "full" for rope in ropes or every]
    if fields.integer("sliding_window", minimum=0):
        return _windows(fields, count)
    return ["full"] * count


def _mixer(field: str, entry: Any) -> str:
    mixer = _MIXERS.get(entry) if isinstance(entry, str) else None
    if mixer is None:
        known = ", ".join(sorted(_MIXERS))
        raise ValueError(f"config.{field} has unknown {entry!r}; known are {known}")
    return mixer


def _counted(fields: Fields, count: int) -> list[str] | None:
    """Layers that are given as counts: full ones are spread evenly among the others."""
    full = fields.integer("full_attention_layers", minimum=0)
    sliding = fields.integer("sliding_attention_layers", minimum=0) or 0
    chunked = fields.integer("chunked_attention_layers", minimum=0) or 0
    if full is None or not sliding + chunked:
        return None
    if full + sliding + chunked != count:
        raise ValueError(
            f"config contradicts itself: {full} + {sliding + chunked} attention layers"
            f" for num_hidden_layers {count}"
        )
    other = "sliding" if sliding else "chunked"
    return _spread(count, full, other)


def _spread(count: int, full: int, other: str) -> list[str]:
    steps = [(index + 1) * full // count - index * full // count for index in range(count)]
    return ["full" if step else other for step in steps]


def _state_mixers(fields: Fields, count: int) -> list[str]:
    listed = fields.get("attn_layer_indices")
    if isinstance(listed, list):
        return ["full" if index in listed else "state" for index in range(count)]
    every = fields.integer("full_attention_interval", "attn_layer_period") or 4
    return ["full" if (index + 1) % every == 0 else "state" for index in range(count)]


def _windows(fields: Fields, count: int) -> list[str]:
    kind = fields.text("model_type")
    if kind.startswith(("qwen", "minicpm")) and not fields.flag("use_sliding_window"):
        return ["full"] * count
    every = fields.integer("sliding_window_pattern", "_sliding_window_pattern", minimum=1)
    every = every or _PATTERNS.get(kind)
    if kind.startswith("qwen"):
        first = fields.integer("max_window_layers", minimum=0) or 0
        return ["full" if index < first else "sliding" for index in range(count)]
    if every is None:
        return ["sliding"] * count
    return ["full" if (index + 1) % every == 0 else "sliding" for index in range(count)]


def _ffns(fields: Fields, count: int) -> list[str]:
    """Dense and sparse layers, by the rules of the families."""
    listed = fields.get("moe_layers")
    if isinstance(listed, list):
        return ["moe" if index in listed else "dense" for index in range(count)]
    first = fields.integer("dense_layers", "first_k_dense_replace", minimum=0) or 0
    every = fields.integer(
        "moe_layer_freq", "decoder_sparse_step", "interleave_moe_layer_step", minimum=1
    ) if not isinstance(fields.get("moe_layer_freq"), list) else 1  # fmt: skip
    every = every or 1
    dense = fields.get("mlp_only_layers")
    dense = set(dense) if isinstance(dense, list) else set()
    ahead = 0 if fields.get("moe_layer_freq") is not None else 1
    return [
        "dense" if index < first or index in dense or (index + ahead) % every else "moe"
        for index in range(count)
    ]
