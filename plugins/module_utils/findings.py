# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""One form for everything that is wrong, at every stage, and the one exception that carries it."""

from __future__ import annotations

import reprlib
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

# Columns of a terminal that every message fits into.
WIDTH = 80


class Severity(Enum):
    """An error ends the run before anything more is sent; a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    ``rule`` is a short name for the kind of fault, the same in every release. ``subject`` names
    the object, the place or the path in the user's input, ``cause`` the reason in plain words,
    ``evidence`` the lines that show it (an event, a condition, log lines), and ``fix`` what to
    do about it.
    """

    severity: Severity
    rule: str
    subject: str
    cause: str
    evidence: tuple[str, ...] = ()
    fix: str = ""

    def __str__(self) -> str:
        lines = [_fold(f"{self.subject}: {self.cause}", first="", rest="  ")]
        lines += [_fold(line, first="  | ", rest="  |   ") for line in self.evidence]
        if self.fix:
            lines.append(_fold(self.fix, first="  fix: ", rest="       "))
        return "\n".join(lines)

    @classmethod
    def error(
        cls, rule: str, subject: str, cause: str, *, evidence: Sequence[str] = (), fix: str = ""
    ) -> Finding:
        """Make a finding that ends the run."""
        return cls(Severity.ERROR, rule, subject, cause, tuple(evidence), fix)

    @classmethod
    def warning(
        cls, rule: str, subject: str, cause: str, *, evidence: Sequence[str] = (), fix: str = ""
    ) -> Finding:
        """Make a finding that is only told."""
        return cls(Severity.WARNING, rule, subject, cause, tuple(evidence), fix)

    @property
    def line(self) -> str:
        """The finding on one line, without its evidence: how mistakes in the input are listed."""
        return f"{self.subject}: {self.cause}" + (f"; {self.fix}" if self.fix else "")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as an action returns them."""
        return {**asdict(self), "severity": self.severity.value, "evidence": list(self.evidence)}


class FindingsError(ValueError):
    """What was found at one stage, in the order in which it was found; equal ones stand once.

    ``as_lines``: the findings are about the user's input and are told on one line each.
    """

    def __init__(self, findings: Iterable[Finding], *, as_lines: bool = False) -> None:
        self.findings = tuple(dict.fromkeys(findings))
        self._as_lines = as_lines
        super().__init__(self.findings)

    def __str__(self) -> str:
        return "\n".join(
            finding.line if self._as_lines else str(finding) for finding in self.findings
        )

    @property
    def first(self) -> Finding:
        """The finding that was made first."""
        return self.findings[0]


def failure(
    rule: str, subject: str, cause: str, *, evidence: Sequence[str] = (), fix: str = ""
) -> FindingsError:
    """Make the exception for a single error."""
    return FindingsError([Finding.error(rule, subject, cause, evidence=evidence, fix=fix)])


def errors_in(findings: Iterable[Finding]) -> list[Finding]:
    """Return those findings that end the run."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def raise_errors(findings: Iterable[Finding]) -> None:
    """Raise ``FindingsError`` with all errors among the findings, if there are any."""
    errors = errors_in(findings)
    if errors:
        raise FindingsError(errors)


def renamed(findings: Iterable[Finding], origins: Mapping[str, str]) -> list[Finding]:
    """Return the findings under the paths that the user wrote.

    ``origins`` maps a path of ours, or the beginning of one, to a path in the user's file: with
    ``{"vllm_models[0].image": "servingEngineSpec.modelSpec[0].tag"}`` a finding about the image
    is told about the tag. The longest path that fits counts.
    """
    return [replace(finding, subject=_renamed(finding.subject, origins)) for finding in findings]


def _renamed(subject: str, origins: Mapping[str, str]) -> str:
    fitting = [path for path in origins if _is_part(path, subject)]
    if not fitting:
        return subject
    path = max(fitting, key=len)
    return origins[path] + subject[len(path) :]


def _is_part(path: str, subject: str) -> bool:
    """Whether ``path`` is the subject or what its keys and indexes begin with."""
    return subject.startswith(path) and subject[len(path) : len(path) + 1] in {"", ".", "[", ":"}


def shown(value: object) -> str:
    """A value as a user can recognise it, cut to a line."""
    try:
        return reprlib.repr(value)
    except ValueError:
        # Python does not write numbers of more than 4,300 digits.
        return "a number with thousands of digits"


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
