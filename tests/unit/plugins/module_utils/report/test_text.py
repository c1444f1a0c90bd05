# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Text for a terminal: width, cutting, wrapping."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.report.text import (
    columns,
    shorten,
    shorten_middle,
    wrap,
)


def test_a_word_that_is_too_long_is_broken() -> None:
    assert wrap("ab " + "c" * 25 + " d", 10) == ["ab", "c" * 10, "c" * 10, "ccccc d"]
    assert wrap("日本" * 4, 8) == ["日本日本", "日本日本"]


def test_east_asian_characters_take_two_columns() -> None:
    assert columns("日本 ok") == 7


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("twelve chars", "twelve chars"),
        ("more than twelve", "more than..."),
        ("words at the end", "words at..."),
        ("two\nlines\x07", "two lines"),
        ("日本語の言語モデル", "日本語の..."),
    ],
)
def test_a_line_that_is_too_long_loses_its_end(text: str, shown: str) -> None:
    assert shorten(text, 12) == shown


def test_a_line_is_as_wide_as_a_terminal() -> None:
    assert shorten("a" * 81) == "a" * 77 + "..."
    assert shorten("a" * 80) == "a" * 80


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("twelve chars", "twelve chars"),
        ("llama-3.3-70b-fp8", "llama...-fp8"),
        ("日本語の言語モデル", "日本...デル"),
    ],
)
def test_a_name_that_is_too_long_keeps_its_ends(text: str, shown: str) -> None:
    assert shorten_middle(text, 12) == shown
    assert columns(shorten_middle(text, 12)) <= 12
