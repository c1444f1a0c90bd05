# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The state of fixed size: how its widths are read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.fields import Fields
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.state import (
    missing_state_fields,
    read_state,
)

# Granite 4.0 H Small: 128 heads of 64.
GRANITE: dict[str, Any] = {
    "model_type": "granitemoehybrid", "hidden_size": 4096, "mamba_n_heads": 128,
    "mamba_expand": 2, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "width"),
    [
        ({"mamba_d_head": 64}, 64),
        ({"mamba_d_head": "auto"}, 64),
        ({}, 64),
        ({"mamba_d_head": None}, 64),
        ({"mamba_d_head": "auto", "mamba_expand": 1}, 32),
        ({"mamba_d_head": "auto", "mamba_n_heads": 64}, 128),
        ({"mamba_d_head": 32}, 32),
        ({"mamba_d_ssm": 2048, "mamba_n_heads": 32}, 64),
    ],
)
def test_the_width_of_a_head_may_be_left_to_the_fields_beside_it(
    change: dict[str, Any], width: int
) -> None:
    state = read_state(Fields({**GRANITE, **change}))
    assert state is not None
    assert state.value_dim == width


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mamba_d_head": "auto", "mamba_n_heads": 96}, "8192 is no multiple of mamba_n_heads 96"),
        ({"mamba_d_head": "wide"}, r"config\.mamba_d_head is 'wide'; it must be a whole number"),
        ({"mamba_expand": "auto"}, r"config\.mamba_expand is 'auto'; it must be a whole number"),
    ],
)
def test_what_does_not_give_a_width_is_an_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_state(Fields({**GRANITE, **change}))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({}, []),
        ({"mamba_expand": None}, ["mamba_d_head"]),
        ({"mamba_d_head": "auto", "mamba_expand": None}, ["mamba_expand"]),
        ({"mamba_d_head": "auto", "hidden_size": None}, ["hidden_size"]),
        ({"hidden_size": None}, ["hidden_size"]),
        ({"mamba_d_head": 64, "mamba_expand": None}, []),
        ({"mamba_d_ssm": 2048, "hidden_size": None}, []),
        ({"mamba_n_heads": None}, ["mamba_n_heads"]),
        ({"mamba_d_state": None, "mamba_d_conv": None}, ["mamba_d_state", "mamba_d_conv"]),
        ({"model_type": "jamba", "mamba_n_heads": None}, []),
        ({"linear_key_head_dim": 128, "linear_num_value_heads": 8},
         ["linear_num_key_heads", "linear_value_head_dim", "linear_conv_kernel_dim"]),
    ],
)  # fmt: skip
def test_a_state_that_lacks_a_width_is_not_read(change: dict[str, Any], missing: list[str]) -> None:
    fields = Fields({**GRANITE, **change})
    assert missing_state_fields(fields) == missing
    is_there = not missing and fields.text("model_type") != "jamba"
    assert (read_state(fields) is not None) == is_there


def test_auto_gives_the_plan_of_the_number() -> None:
    rest = {
        **GRANITE, "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 8,
        "intermediate_size": 1536, "vocab_size": 100352, "tie_word_embeddings": True,
        "layer_types": ["mamba"] * 36 + ["attention"] * 4,
    }  # fmt: skip
    plans = [
        memory_plan({"config": {**rest, "mamba_d_head": width}, "gpu": {"product": "L40S"}})
        for width in (64, "auto")
    ]
    assert plans[0] == plans[1]
