# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantities in both directions."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.units import (
    gib_quantity,
    parse_quantity,
    quantity_or_zero,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", 0.5), ("4Gi", 2.0**32), (8, 8.0), ("1e3", 1000.0), ("2k", 2000.0), (".5", 0.5),
        ("1E", 1e18), ("1E3", 1000.0), ("100n", 1e-7), ("-1", -1.0), ("3.", 3.0), (0.25, 0.25),
    ],
)  # fmt: skip
def test_a_quantity_is_read(text: object, number: float) -> None:
    assert parse_quantity(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["", "x", "16 Gigs", "4GiB", "1 Gi", "Gi", "1e", "0x10", True, None, [], "4gi", "1\n"]
)
def test_what_is_no_quantity_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        parse_quantity(text)
    assert quantity_or_zero(text) == 0.0


@pytest.mark.parametrize(
    ("gib", "text"), [(16, "16Gi"), (16.0, "16Gi"), (0.5, "512Mi"), (12.5, "12800Mi")]
)
def test_a_size_is_written(gib: float, text: str) -> None:
    assert gib_quantity(gib) == text
    assert parse_quantity(text) == gib * 2**30
