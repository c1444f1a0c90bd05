# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which kind of attention and of feed-forward part each layer has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .family import LAYER_TYPES
from .fields import Fields

# More layers than any model has; without a limit a mistaken count would be built one by one.
_MOST_LAYERS = 10_000
# The words of config.json's layer_types and layers_block_type.
_MIXERS = {
    "full_attention": "full",
    "attention": "full",
    "global_attention": "full",
    "deepseek_sparse_attention": "full",
    "sliding_attention": "sliding",
    "local_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "state",
    "mamba": "state",
    "mamba2": "state",
}
# Nemotron-H has one part a layer, as letters or words: (mixer, feed-forward part).
_LETTERS = {"M": ("state", ""), "*": ("full", ""), "-": ("", "dense"), "E": ("", "moe")}
_SINGLE_PARTS = {
    "mamba": ("state", ""), "mamba2": ("state", ""), "linear_attention": ("state", ""),
    "attention": ("full", ""), "full_attention": ("full", ""),
    "mlp": ("", "dense"), "moe": ("", "moe"),
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One layer: ``full``, ``sliding``, ``chunked`` or ``state``; ``dense`` or ``moe``."""

    mixer: str
    ffn: str


def read_layers(fields: Fields, count: int, *, is_moe: bool, has_state: bool) -> tuple[Layer, ...]:
    """The layers in order. Raises ValueError when what is said about them does not agree."""
    if count > _MOST_LAYERS:
        raise ValueError(f"config.num_hidden_layers is {count}; it must be at most {_MOST_LAYERS}")
    single = _single_parts(fields, count)
    if single is not None:
        return tuple(single)
    mixers = _mixers(fields, count, has_state=has_state)
    ffns = _ffns(fields, count) if is_moe else ["dense"] * count
    return tuple(Layer(mixer, ffn) for mixer, ffn in zip(mixers, ffns, strict=True))


def listed_layers(fields: Fields) -> int:
    """The number of layers where only a list says it (configuration_nemotron_h.py), or 0."""
    for name in (*LAYER_TYPES, "hybrid_override_pattern"):
        listed = fields.get(name)
        if isinstance(listed, list | tuple | str):
            return len(listed)
    return 0


def unknown_types(fields: Fields) -> list[str]:
    """Words for layers that are not known; such layers were taken for full attention."""
    known = _SINGLE_PARTS if fields.family.single_parts else _MIXERS
    for name in LAYER_TYPES:
        listed = fields.get(name)
        if isinstance(listed, list | tuple):
            return sorted({str(entry) for entry in listed if str(entry) not in known})
    return []


def has_pattern(fields: Fields) -> bool:
    """Whether the family has layers with a window between full ones, said or not."""
    return bool(fields.family.full_every)


def _single_parts(fields: Fields, count: int) -> list[Layer] | None:
    """Layers of one part each (nemotron_h.py), None for other models."""
    if fields.text("hybrid_override_pattern"):
        letters = fields.sequence("hybrid_override_pattern", count) or []
        wrong = set(letters) - set(_LETTERS)
        if wrong:
            raise ValueError(f"config.hybrid_override_pattern has unknown {sorted(wrong)}")
        return [Layer(*_LETTERS[letter]) for letter in letters]
    if not fields.family.single_parts:
        return None
    for name in LAYER_TYPES:
        listed = _words(fields, name, count)
        if listed is not None:
            return [Layer(*_SINGLE_PARTS.get(word, ("full", "dense"))) for word in listed]
    return None


def _words(fields: Fields, name: str, count: int) -> list[str] | None:
    listed = fields.sequence(name, count)
    if listed is not None and not all(isinstance(entry, str) for entry in listed):
        raise ValueError(f"config.{name} is not a list of names")
    return listed


def _mixers(fields: Fields, count: int, *, has_state: bool) -> list[str]:
    for name in LAYER_TYPES:
        listed = _words(fields, name, count)
        if listed is not None:
            return [_MIXERS.get(word, "full") for word in listed]
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


def _counted(fields: Fields, count: int) -> list[str] | None:
    """Layers that are given as counts: full ones are spread evenly among the others."""
    full = fields.integer("full_attention_layers", minimum=0)
    sliding = fields.integer("sliding_attention_layers", minimum=0) or 0
    chunked = fields.integer("chunked_attention_layers", minimum=0) or 0
    if not count:
        return None
    if full is None and 0 < sliding + chunked <= count:
        full = count - sliding - chunked
    if full is None or full == count or not (sliding + chunked or _limits(fields)):
        return None
    if not sliding + chunked and full < count:
        # The others are not counted, and are of the one kind whose limit is given.
        sliding = 0 if fields.integer("attention_chunk_size", minimum=0) else count - full
        chunked = count - full - sliding
    if full + sliding + chunked != count:
        raise ValueError(
            f"config contradicts itself: {full} + {sliding + chunked} attention layers"
            f" for num_hidden_layers {count}"
        )
    other = "sliding" if sliding else "chunked"
    return _spread(count, full, other)


def _limits(fields: Fields) -> bool:
    return bool(fields.integer("attention_chunk_size", "sliding_window", minimum=0))


def _spread(count: int, full: int, other: str) -> list[str]:
    steps = [(index + 1) * full // count - index * full // count for index in range(count)]
    return ["full" if step else other for step in steps]


def _state_mixers(fields: Fields, count: int) -> list[str]:
    listed = fields.get("attn_layer_indices")
    if isinstance(listed, list):
        return ["full" if index in listed else "state" for index in range(count)]
    every = fields.integer("full_attention_interval") or 4
    return ["full" if (index + 1) % every == 0 else "state" for index in range(count)]


def _windows(fields: Fields, count: int) -> list[str]:
    family = fields.family
    if not fields.flag("use_sliding_window", default=not family.window_off):
        return ["full"] * count
    if family.window_after:
        first = fields.integer("max_window_layers", minimum=0) or 0
        return ["full" if index < first else "sliding" for index in range(count)]
    letters = fields.get("sliding_window_pattern")
    if isinstance(letters, str) and letters:
        # EXAONE 4 writes it as letters: L for local, G for global.
        return [
            "full" if letters[index % len(letters)] == "G" else "sliding" for index in range(count)
        ]
    every = fields.integer("sliding_window_pattern", "_sliding_window_pattern")
    every = every or family.full_every
    if not every:
        return ["sliding"] * count
    return ["full" if (index + 1) % every == 0 else "sliding" for index in range(count)]


def _ffns(fields: Fields, count: int) -> list[str]:
    """Dense and sparse layers, by the rules of the families."""
    sparse = _listed_sparse(fields, count)
    if sparse is None:
        sparse = _counted_sparse(fields, count)
    return ["moe" if index in sparse else "dense" for index in range(count)]


def _listed_sparse(fields: Fields, count: int) -> Collection[int] | None:
    """The layers with experts where config.json lists them, None where it counts them."""
    numbers = fields.get("moe_layers")
    if isinstance(numbers, list) and numbers:
        return {index for index in numbers if isinstance(index, int)}
    for name, words in (
        ("mlp_layer_types", ("sparse", "moe")),
        ("is_moe_layer", (True, 1)),
        ("moe_layer_freq", (True, 1)),
    ):
        listed = fields.get(name)
        if isinstance(listed, list) and listed:
            entries = fields.sequence(name, count) or []
            return {index for index, entry in enumerate(entries) if _is_one_of(entry, words)}
    return None


def _is_one_of(entry: Any, words: tuple[Any, ...]) -> bool:
    return isinstance(entry, str | int) and entry in words


def _counted_sparse(fields: Fields, count: int) -> set[int]:
    """First layers that are dense, every n-th one that is not, and single dense ones.

    deepseek_v2.py counts from layer 0, qwen3_moe.py, llama4.py and ernie45_moe.py from 1.
    """
    first = fields.integer(
        "dense_layers", "first_k_dense_replace", "moe_layer_start_index", "num_dense_layers",
        minimum=0,
    )  # fmt: skip
    last = fields.integer("moe_layer_end_index", minimum=-1)
    from_zero = fields.integer("moe_layer_freq")
    every = from_zero or fields.integer(
        "decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval"
    )
    listed = fields.get("mlp_only_layers")
    dense = listed if isinstance(listed, list) else []
    ahead = 0 if from_zero else 1
    return {
        index
        # -1 is ERNIE's word for the last layer.
        for index in range(first or 0, count if last in (None, -1) else min(count, last + 1))
        if index not in dense and (index + ahead) % (every or 1) == 0
    }
