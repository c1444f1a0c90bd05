# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Takes secrets out of text that comes from a cluster before anyone reads it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote

from .objects import Object

HIDDEN = "<hidden>"
# Shorter values would blank out ordinary words.
SHORTEST_SECRET = 4
_SHAPES = [
    re.compile(r"\bhf_[A-Za-z0-9]{8,}"),
    re.compile(r"\b(?:sk|pk|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_-]{8,}"),
    re.compile(r"\bAKIA[0-9A-Z]{12,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    # Long base64 (a key, a certificate); needs a digit and both cases, so that paths stay.
    re.compile(
        r"(?<![\w/.-])(?=[^\s-]*\d)(?=[^\s-]*[a-z])(?=[^\s-]*[A-Z])[A-Za-z0-9+/]{40,}={0,2}"
    ),
]
_NAMED = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+|\b[\w-]*(?:api[_-]?key|token|password|passwd|secret)[\"']?"
    r"\s*[=:]\s*[\"']?)(?!none\b|null\b|true\b|false\b|\d{1,6}\b)([^\s\"',;)\]}]{4,})"
)


class Redactor:
    """Replaces known values and everything that looks like a credential."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _forms(value)}
        # Longest first: a value may be part of another one.
        self._values = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        for shape in _SHAPES:
            text = shape.sub(HIDDEN, text)
        return _NAMED.sub(rf"\g<1>{HIDDEN}", text)


def secret_values(secret: Object) -> list[str]:
    """Return the values of a Secret as plain text."""
    values = [str(value) for value in (secret.get("stringData") or {}).values()]
    return values + [decoded(str(value)) for value in (secret.get("data") or {}).values()]


def decoded(value: str) -> str:
    """Decode base64 text; what is not base64 text comes back as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value


def _forms(value: str) -> set[str]:
    """Return the ways in which a value is commonly written."""
    lines = {line.strip() for line in value.splitlines()} | {value, value.strip()}
    lines = {line for line in lines if len(line) >= SHORTEST_SECRET}
    encoded = {base64.b64encode(line.encode()).decode() for line in lines}
    return lines | encoded | {quote(line, safe="") for line in lines}
