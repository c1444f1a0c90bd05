# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The one exception of the cluster code: what failed, why, how we know, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

WIDTH = 80


class ClusterError(Exception):
    """A failure that a user can act on.

    ``subject`` names the object or place, ``cause`` the reason in plain words, ``evidence`` the
    lines that show it (an event, a condition, log lines) and ``fix`` what to do about it.
    """

    def __init__(
        self, subject: str, cause: str, *, evidence: Sequence[str] = (), fix: str = ""
    ) -> None:
        super().__init__(subject, cause)
        self.subject = subject
        self.cause = cause
        self.evidence = list(evidence)
        self.fix = fix

    def __str__(self) -> str:
        lines = [_fold(f"{self.subject}: {self.cause}", first="", rest="  ")]
        lines += [_fold(line, first="  | ", rest="  |   ") for line in self.evidence]
        if self.fix:
            lines.append(_fold(self.fix, first="  fix: ", rest="       "))
        return "\n".join(lines)


class ApiError(ClusterError):
    """The API server answered with an error status.

    ``status`` is the HTTP code, ``reason`` and ``message`` are the server's own words and
    ``details`` is the ``details`` mapping of its Status object.
    """

    status: int = 0
    reason: str = ""
    message: str = ""
    details: dict[str, Any]

    def causes(self) -> list[dict[str, str]]:
        """Return the single causes (``reason``, ``field``, ``message``) that the server lists."""
        causes = self.details.get("causes")
        return [dict(cause) for cause in causes] if isinstance(causes, list) else []


class SeveralError(ClusterError):
    """Several failures of one step, reported together."""

    def __init__(self, errors: Sequence[ClusterError]) -> None:
        first = errors[0]
        super().__init__(first.subject, first.cause, evidence=first.evidence, fix=first.fix)
        self.errors = list(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def raise_all(errors: Sequence[ClusterError]) -> None:
    """Raise nothing, the only error, or all errors as one; equal texts are reported once."""
    unique = list({str(error): error for error in errors}.values())
    if len(unique) == 1:
        raise unique[0]
    if unique:
        raise SeveralError(unique)


def _fold(text: str, *, first: str, rest: str) -> str:
    """Wrap ``text`` to the width of a terminal; the line breaks that it has are kept."""
    lines: list[str] = []
    for number, line in enumerate(text.splitlines() or [""]):
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=rest if number else first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]
    return "\n".join(lines)
