# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Text for a terminal: how wide it is, cut to a width, wrapped."""

from __future__ import annotations

from unicodedata import east_asian_width

from ..findings import WIDTH
from ..spec.record import clean


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; East Asian characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, width: int = WIDTH) -> str:
    """The text on one line of at most so many columns, without its end if it is too long."""
    line = clean(text)
    return line if columns(line) <= width else head(line, width - 3).rstrip() + "..."


def shorten_middle(text: str, width: int) -> str:
    """The text without its middle if it is too long: names differ at their ends."""
    if columns(text) <= width:
        return text
    half = (width - 3) // 2
    end = head(text[::-1], half)[::-1]
    return head(text, width - 3 - columns(end)).rstrip() + "..." + end.lstrip()


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns; a word that is longer is broken."""
    lines = [""]
    for word in text.split():
        rest = word
        if lines[-1] and columns(lines[-1]) + 1 + columns(rest) > width:
            lines.append("")
        while columns(rest) > width:
            start = head(rest, width)
            lines[-1:] = [start, ""]
            rest = rest[len(start) :]
        lines[-1] = f"{lines[-1]} {rest}" if lines[-1] else rest
    return [line for line in lines if line]


def head(text: str, width: int) -> str:
    """As much of the beginning as so many columns hold."""
    end = len(text)
    while columns(text[:end]) > width:
        end -= 1
    return text[:end]
