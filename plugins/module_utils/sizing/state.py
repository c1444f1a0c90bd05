# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""State of fixed size that gated-delta and Mamba-2 layers keep for each request."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields

SSM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
# Families whose recurrent state is float32 unless their configuration says otherwise
# (NemotronHForCausalLMConfig in vllm/model_executor/models/config.py).
_FLOAT32_STATES = ("nemotron_h", "nemotronh")
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


def read_state(fields: Fields) -> LinearState | None:
    """The state of a hybrid model, or None."""
    if fields.get("linear_num_value_heads") is not None:
        return LinearState(
            gated_delta=True,
            key_heads=_needed(fields, "linear_num_key_heads"),
            key_dim=_needed(fields, "linear_key_head_dim"),
            value_heads=_needed(fields, "linear_num_value_heads"),
            value_dim=_needed(fields, "linear_value_head_dim"),
            conv_kernel=_needed(fields, "linear_conv_kernel_dim"),
            ssm_bytes=_ssm_bytes(fields),
        )
    if fields.get("mamba_num_heads", "mamba_n_heads") is None:
        return None
    return LinearState(
        gated_delta=False,
        key_heads=fields.integer("n_groups", "mamba_n_groups") or 1,
        key_dim=_needed(fields, "ssm_state_size", "mamba_d_state"),
        value_heads=_needed(fields, "mamba_num_heads", "mamba_n_heads"),
        value_dim=_needed(fields, "mamba_head_dim", "mamba_d_head"),
        conv_kernel=_needed(fields, "conv_kernel", "mamba_d_conv"),
        ssm_bytes=_ssm_bytes(fields),
        chunk=fields.integer("mamba_chunk_size", "chunk_size") or _CHUNK,
    )


def _needed(fields: Fields, *names: str) -> int:
    value = fields.integer(*names)
    if value is None:
        raise ValueError(f"config.{names[0]} is missing, and the other fields of its kind are not")
    return value


def _ssm_bytes(fields: Fields) -> int | None:
    word = fields.text("mamba_ssm_dtype", "mamba_ssm_cache_dtype").split(" ")[0]
    if not word and fields.text("model_type") in _FLOAT32_STATES:
        return SSM_BYTES["float32"]
    return SSM_BYTES.get(word)
