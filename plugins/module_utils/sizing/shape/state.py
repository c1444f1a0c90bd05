# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""State of fixed size that gated-delta and Mamba-2 layers keep for each request."""

from __future__ import annotations

from dataclasses import dataclass

from .family import GATED_DELTA, MAMBA_2
from .fields import Fields

SSM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_GATED_DELTA = (
    "linear_num_value_heads", "linear_num_key_heads", "linear_key_head_dim",
    "linear_value_head_dim", "linear_conv_kernel_dim",
)  # fmt: skip
# Each in the words of Nemotron-H and of Granite: heads, their width, the state's, the window.
_WIDTH = ("mamba_head_dim", "mamba_d_head")
_MAMBA = (
    ("mamba_num_heads", "mamba_n_heads"),
    _WIDTH,
    ("ssm_state_size", "mamba_d_state"),
    ("conv_kernel", "mamba_d_conv"),
)
# Of all heads together, where no width of one is said.
_PRODUCT = ("mamba_expand", "hidden_size")
# Tokens of a step of the scan where the configuration does not say (get_mamba_chunk_size).
_CHUNK = 2048


@dataclass(frozen=True)
class LinearState:
    """Heads and widths of the layers with a state (elements).

    ``gated_delta``: Qwen3-Next and its followers; otherwise Mamba-2. ``ssm_bytes``: of an element
    of the recurrent state, None for the model's dtype. ``chunk``: tokens of a step of the scan.
    """

    gated_delta: bool
    key_heads: int
    key_dim: int
    value_heads: int
    value_dim: int
    conv_kernel: int
    ssm_bytes: int | None
    chunk: int = _CHUNK

    @property
    def keys(self) -> int:
        """Width of all keys."""
        return self.key_heads * self.key_dim

    @property
    def values(self) -> int:
        """Width of all values."""
        return self.value_heads * self.value_dim

    def state_bytes(
        self,
        tp: int,
        element_bytes: int = 2,
        *,
        ssm_bytes: int | None = None,
        draft_tokens: int = 0,
    ) -> int:
        """Bytes of one layer's state for one request on one rank.

        MambaStateShapeCalculator in vllm/model_executor/layers/mamba/mamba_utils.py: a window of
        the convolution in the model's dtype, longer by the tokens that are drafted, and a matrix
        for each value head. Mamba-2 copies its groups where there are fewer than ranks.
        """
        groups = self.key_heads if self.gated_delta else max(self.key_heads, tp)
        width = (2 * groups * self.key_dim + self.values) // tp
        window = width * (self.conv_kernel - 1 + draft_tokens) * element_bytes
        matrix = self.value_heads // tp * self.value_dim * self.key_dim
        return window + matrix * (ssm_bytes or self.ssm_bytes or element_bytes)


def missing_state_fields(fields: Fields) -> list[str]:
    """Fields without which the size of an announced state is not known."""
    if _is_gated_delta(fields):
        return [name for name in _GATED_DELTA if fields.get(name) is None]
    if not _is_mamba(fields):
        return []
    words = int(
        fields.family.granite_words or fields.get(*(names[1] for names in _MAMBA)) is not None
    )
    absent = [names[words] for names in _MAMBA if fields.get(*names) is None]
    width = fields.get(*_WIDTH)
    if width not in (None, "auto"):
        return absent
    if width or fields.get("mamba_d_ssm", "mamba_expand") is not None:
        # It follows from others (see ``_head_dim``).
        absent = [name for name in absent if name not in _WIDTH]
        if fields.get("mamba_d_ssm") is None:
            absent += [name for name in _PRODUCT if fields.get(name) is None]
    return absent


def _is_gated_delta(fields: Fields) -> bool:
    return (
        fields.family.state == GATED_DELTA
        or fields.get(*_GATED_DELTA) is not None
        or (fields.text("architecture_class").startswith("hybrid_linear") and not _is_mamba(fields))
    )


def _is_mamba(fields: Fields) -> bool:
    # Mamba-1 (Jamba) has none of these widths.
    widths = fields.get(*_MAMBA[0], *_WIDTH, "ssm_state_size")
    return fields.family.state == MAMBA_2 or widths is not None


def read_state(fields: Fields) -> LinearState | None:
    """The state of a hybrid model; None without one, or one with missing fields."""
    if missing_state_fields(fields):
        return None
    if _is_gated_delta(fields):
        return LinearState(
            gated_delta=True,
            key_heads=_needed(fields, "linear_num_key_heads"),
            key_dim=_needed(fields, "linear_key_head_dim"),
            value_heads=_needed(fields, "linear_num_value_heads"),
            value_dim=_needed(fields, "linear_value_head_dim"),
            conv_kernel=_needed(fields, "linear_conv_kernel_dim"),
            ssm_bytes=_ssm_bytes(fields),
        )
    if not _is_mamba(fields):
        return None
    return LinearState(
        gated_delta=False,
        key_heads=fields.integer("n_groups", "mamba_n_groups") or 1,
        key_dim=_needed(fields, "ssm_state_size", "mamba_d_state"),
        value_heads=_needed(fields, "mamba_num_heads", "mamba_n_heads"),
        value_dim=_head_dim(fields),
        conv_kernel=_needed(fields, "conv_kernel", "mamba_d_conv"),
        ssm_bytes=_ssm_bytes(fields),
        chunk=fields.integer("mamba_chunk_size", "chunk_size") or _CHUNK,
    )


def _head_dim(fields: Fields) -> int:
    """Width of a Mamba-2 head, which may be left to the widths beside it.

    GraniteMoeHybridConfig (transformers): ``auto`` is mamba_expand x hidden_size / mamba_n_heads;
    FalconH1Config says the product as mamba_d_ssm.
    """
    if fields.get(*_WIDTH) not in (None, "auto"):
        return _needed(fields, *_WIDTH)
    width = fields.integer("mamba_d_ssm")
    if width is None:
        width = _needed(fields, "mamba_expand") * _needed(fields, "hidden_size")
    heads = _needed(fields, "mamba_num_heads", "mamba_n_heads")
    if width % heads:
        raise ValueError(
            f"config contradicts itself: mamba_expand x hidden_size {width} is no multiple of"
            f" mamba_n_heads {heads}"
        )
    return width // heads


def _needed(fields: Fields, *names: str) -> int:
    value = fields.integer(*names)
    if value is None:
        raise ValueError(f"config.{names[0]} is not one number for all layers")
    return value


def _ssm_bytes(fields: Fields) -> int | None:
    word = fields.text("mamba_ssm_dtype", "mamba_ssm_cache_dtype").split(" ")[0]
    if not word and fields.family.float32_state:
        return SSM_BYTES["float32"]
    return SSM_BYTES.get(word)
