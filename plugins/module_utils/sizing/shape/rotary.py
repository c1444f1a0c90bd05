# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Positions: how long a context the checkpoint allows, and what the rotary tables take.

vllm/config/model.py (_get_and_verify_max_len) and
vllm/model_executor/layers/rotary_embedding (both 0.32, compared with 0.8 to 0.31).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ... import releases
from ...releases import Release
from .fields import Fields

# Of several the smallest counts, and model_max_length takes the place of all.
_POSITIONS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length",
    "max_seq_length", "seq_len", "max_target_positions",
)  # fmt: skip
# Tokenizers write 10**30 for "no limit".
_NO_LIMIT = 2**40
# Kinds of scaling whose factor is in max_position_embeddings already.
_SCALED_ALREADY = frozenset("default mrope longrope llama3".split())
_YARN = frozenset("yarn deepseek_yarn deepseek_llama_scaling".split())
_NO_ROTARY_POSITIONS = ("nope", "alibi", "learned", "learned_absolute")
# Positions of images and videos run ahead of the tokens, up to four times (mrope.py).
_AHEAD = 4


@dataclass(frozen=True)
class Rotary:
    """Positions of a checkpoint; 0 where it does not say.

    ``longest_before`` counts up to v0.29, which multiplied YaRN's factor into the original
    length. ``default`` is the length without ``--max-model-len`` where it is not the longest.
    ``values`` are the entries of the tables; ``three_dimensional`` ones are of images, too.
    """

    longest: int = 0
    longest_before: int = 0
    default: int = 0
    values: float = 0.0
    three_dimensional: bool = False
    ahead: bool = True

    def longest_context(self, release: Release) -> int:
        """The longest context that the server takes, 0 when unsaid."""
        return self.longest if release.since(releases.YARN_LENGTH) else self.longest_before

    def default_context(self, release: Release) -> int:
        """The context that the server takes when nobody says one, 0 when unsaid."""
        if self.default and release.since(releases.LONGROPE_ORIGINAL):
            return self.default
        return self.longest_context(release)

    def table_values(self, release: Release) -> float:
        """Entries of all tables."""
        ahead = self.three_dimensional and (
            self.ahead or not release.since(releases.IMAGES_NOT_AHEAD)
        )
        return self.values * (_AHEAD if ahead else 1)


@dataclass(frozen=True)
class _Scaling:
    """One entry of ``rope_scaling`` or ``rope_parameters``; ``layers`` is its kind of layers."""

    layers: str
    kind: str
    factor: float
    original: int
    partial: float
    three_dimensional: bool


def read_rotary(fields: Fields, head_dim: int, global_head_dim: int) -> Rotary:
    """Read the positions. Raises ValueError with the field for a value that cannot be."""
    family = fields.family
    positions = _positions(fields)
    scalings = _scalings(fields)
    longest = before = float(positions)
    for scaling in [] if family.positions_scaled or not positions else scalings:
        if scaling.kind not in _SCALED_ALREADY:
            start = scaling.original if scaling.kind == "yarn" and scaling.original else positions
            before = start * scaling.factor
            longest = positions if scaling.kind in _YARN else before
    if fields.get("rope_local_base_freq") is not None:
        scalings = [*scalings, _Scaling("", "default", 1.0, 0, 1.0, three_dimensional=False)]
    return Rotary(
        longest=int(longest),
        longest_before=int(before),
        default=_default(fields, scalings),
        values=_values(fields, scalings, positions, head_dim, global_head_dim),
        three_dimensional=any(scaling.three_dimensional for scaling in scalings),
        ahead=family.mrope_ahead,
    )


def _positions(fields: Fields) -> int:
    """The positions before any scaling, 0 when unsaid (model_arch_config_convertor.py, 0.32)."""
    own = fields.get("model_max_length")
    if isinstance(own, int) and not isinstance(own, bool) and 0 < own < _NO_LIMIT:
        return own
    said = [count for name in _POSITIONS if (count := fields.integer(name)) is not None]
    return min(said, default=fields.family.positions)


def _default(fields: Fields, scalings: list[_Scaling]) -> int:
    """LongRoPE serves the original length unless told otherwise."""
    if not any(scaling.kind == "longrope" for scaling in scalings):
        return 0
    return fields.integer("original_max_position_embeddings") or 0


def _values(
    fields: Fields, scalings: list[_Scaling], positions: int, head_dim: int, global_head_dim: int
) -> float:
    """Entries of the rotary tables; layers that turn alike share one."""
    said = fields.text("position_embedding_type")
    if not fields.family.rotary or said in _NO_ROTARY_POSITIONS:
        return 0.0
    tables = set()
    for scaling in scalings:
        width = fields.integer("qk_rope_head_dim", minimum=0) or head_dim
        if scaling.layers == "full_attention":
            width = global_head_dim or width
        tables.add((scaling.kind, _rows(scaling, positions), int(width * scaling.partial)))
    return sum(rows * width for dummy, rows, width in tables)


def _rows(scaling: _Scaling, positions: int) -> float:
    if scaling.kind == "longrope":
        return scaling.original + positions
    if scaling.kind in _YARN:
        return (scaling.original or positions) * scaling.factor
    return positions * (scaling.factor if scaling.kind == "linear" else 1)


def _scalings(fields: Fields) -> list[_Scaling]:
    """The scaling of all layers, or one for each kind of layers."""
    rope = fields.get("rope_scaling", "rope_parameters")
    rope = rope if isinstance(rope, Mapping) else {}
    nested = {name: value for name, value in rope.items() if isinstance(value, Mapping)}
    return [_scaling(fields, name, value) for name, value in (nested or {"": rope}).items()]


def _scaling(fields: Fields, layers: str, rope: Mapping[str, Any]) -> _Scaling:
    own = Fields(rope)
    kind = own.text("rope_type", "type") or "default"
    return _Scaling(
        layers=str(layers),
        # An older name (transformers_utils/config.py).
        kind="longrope" if kind == "su" else kind,
        factor=_number("rope_scaling.factor", rope.get("factor"), 2.0**20),
        original=own.integer("original_max_position_embeddings")
        or fields.integer("original_max_position_embeddings")
        or 0,
        partial=_partial(fields, rope),
        three_dimensional=rope.get("mrope_section") is not None or fields.family.mrope,
    )


def _partial(fields: Fields, rope: Mapping[str, Any]) -> float:
    """The share of a head that is turned."""
    name = "partial_rotary_factor"
    if rope.get(name) is not None:
        return _number(name, rope[name], 1.0)
    given = fields.get(name, "rotary_pct")
    return fields.family.partial_rotary_factor if given is None else _number(name, given, 1.0)


def _number(name: str, value: Any, largest: float) -> float:
    """A number above 0, 1 when absent."""
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= largest:
        raise ValueError(f"config.{name} is not a number above 0 and up to {largest:g}")
    return float(value)
