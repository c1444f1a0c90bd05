# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Readers of single values: each notes what is wrong with the value at a path.

A reader never raises, whatever it is given. A value that is not there (None) is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...findings import Finding, shown
from .forms import Form

MAPPINGS = (dict, Mapping)
LISTS = (list, tuple)
# The largest of Go's int32 and int64.
LARGEST = 2**31 - 1
LARGEST_LONG = 2**63 - 1


@dataclass
class Notes:
    """What was found about one object. ``subject`` is the object's kind and name."""

    subject: str
    found: list[Finding] = field(default_factory=list)

    def add(self, rule: str, path: str, cause: str, fix: str = "") -> None:
        """Note a mistake at a field of the object."""
        self.found.append(Finding.error(rule, self._field(path), cause, fix=fix))

    def warn(self, rule: str, path: str, cause: str, fix: str = "") -> None:
        """Note what the API server takes and hardly anybody means."""
        self.found.append(Finding.warning(rule, self._field(path), cause, fix=fix))

    def _field(self, path: str) -> str:
        """A field at the top of the object has no path before its dot."""
        return f"{self.subject}: {path.removeprefix('.')}"


Reader = Callable[[Any, str, Notes], None]
# What has to hold between the fields of one mapping.
Together = Callable[[Mapping[str, Any], str, Notes], None]


def at(path: str, key: object) -> str:
    """The path of an entry: ``limits.memory``, but ``limits[nvidia.com/gpu]``."""
    word = key if isinstance(key, str) else shown(key)
    return f"{path}[{word}]" if set("./ ") & set(word) else f"{path}.{word}"


def mapping_at(value: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping below a row of keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, MAPPINGS) else None
    return value if isinstance(value, MAPPINGS) else {}


def text_at(value: Any, key: str) -> str:
    """The text at a key; an empty one where there is none."""
    found = value.get(key) if isinstance(value, MAPPINGS) else None
    return found if isinstance(found, str) else ""


def list_at(value: Any, key: str) -> list[Any]:
    """The list at a key; an empty one where there is none."""
    found = value.get(key) if isinstance(value, MAPPINGS) else None
    return list(found) if isinstance(found, LISTS) else []


def mappings_at(value: Any, key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The mappings in the list at a key, with their places in it."""
    return [
        (index, entry)
        for index, entry in enumerate(list_at(value, key))
        if isinstance(entry, MAPPINGS)
    ]


def is_whole(value: object) -> bool:
    """Whether the API server reads a value as a whole number: 8, and 8.0 too."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def as_whole(value: object) -> int | None:
    """The whole number that a value is; None for another value."""
    return int(value) if isinstance(value, int | float) and is_whole(value) else None


def type_name(value: object) -> str:
    """What a value is, in words: a value that may be a secret is not shown."""
    if isinstance(value, bool):
        return "a truth value"
    for kinds, name in ((int | float, "a number"), (str, "a text"), (Mapping, "a mapping")):
        if isinstance(value, kinds):
            return name
    return "a list" if isinstance(value, LISTS) else "nothing"


def wrong_type(
    notes: Notes, path: str, value: object, wanted: str, rule: str = "wrong_type"
) -> None:
    """Note a value of another type than the field's."""
    fix = f"give {wanted}"
    if wanted == "a text" and isinstance(value, int | float):
        fix = "put it in quotes"
    elif isinstance(value, str) and wanted in {"a whole number", "true or false"}:
        fix += " without quotes"
    notes.add(rule, path, f"is {type_name(value)}, not {wanted}", fix)


def text(value: Any, path: str, notes: Notes) -> None:
    """Any text."""
    if not isinstance(value, str):
        wrong_type(notes, path, value, "a text")


def flag(value: Any, path: str, notes: Notes) -> None:
    """A truth value."""
    if not isinstance(value, bool):
        wrong_type(notes, path, value, "true or false")


def whole(minimum: int = 0, maximum: int = LARGEST, *, rule: str = "wrong_number") -> Reader:
    """A whole number within bounds."""
    allowed = f"a whole number from {minimum} to {maximum}"
    if maximum >= LARGEST:
        allowed = f"a whole number of at least {minimum}"

    def read(value: Any, path: str, notes: Notes) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not is_whole(value) or not minimum <= value <= maximum:
                notes.add(rule, path, f"{shown(value)} is not allowed", f"give {allowed}")
        else:
            wrong_type(notes, path, value, "a whole number", rule)

    return read


def one_of(*choices: str) -> Reader:
    """One word out of a few; an empty one stands for the default."""
    fix = (
        f"give {' or '.join(choices)}" if len(choices) < 3 else f"give one of {', '.join(choices)}"
    )

    def read(value: Any, path: str, notes: Notes) -> None:
        if not isinstance(value, str):
            wrong_type(notes, path, value, "a text")
        elif value not in choices and value:
            notes.add("wrong_choice", path, f"{shown(value)} is not allowed", fix)

    return read


def named(form: Form, allowed: str, *, rule: str = "wrong_name", empty: bool = True) -> Reader:
    """A text of a certain form; ``empty``: without a word in it, it counts as not given."""

    def read(value: Any, path: str, notes: Notes) -> None:
        if not isinstance(value, str):
            wrong_type(notes, path, value, "a text", rule)
        elif value or not empty:
            wrong = form(value)
            if wrong:
                notes.add(rule, path, f"{shown(value)} {wrong}", f"give {allowed}")

    return read


def list_of(item: Reader, *, keyed: bool = False) -> Reader:
    """A list whose entries are all read alike; in a ``keyed`` one none of them may be empty."""

    def read(value: Any, path: str, notes: Notes) -> None:
        if isinstance(value, LISTS):
            for index, entry in enumerate(value):
                if keyed or entry is not None:
                    item(entry, f"{path}[{index}]", notes)
        else:
            wrong_type(notes, path, value, "a list")

    return read


def texts(value: Any, path: str, notes: Notes) -> None:
    """A list of texts: as ``list_of(text)``, which is too slow for a command line."""
    if not isinstance(value, LISTS):
        wrong_type(notes, path, value, "a list")
        return
    for index, entry in enumerate(value):
        if not isinstance(entry, str) and entry is not None:
            wrong_type(notes, f"{path}[{index}]", entry, "a text")


def struct(fields: Mapping[str, Reader], *together: Together) -> Reader:
    """A mapping with known fields; what else stands in it is left to the API server."""

    def read(value: Any, path: str, notes: Notes) -> None:
        if not isinstance(value, MAPPINGS):
            wrong_type(notes, path, value, "a mapping")
            return
        for key, entry in value.items():
            reader = fields.get(key)
            # Most fields are texts that are right: they cost no path and no call.
            if reader is text and isinstance(entry, str):
                continue
            if reader is not None and entry is not None:
                reader(entry, f"{path}.{key}", notes)
        for check in together:
            check(value, path, notes)

    return read


def required(*keys: str) -> Together:
    """These keys must be there, and not be empty."""

    def check(value: Mapping[str, Any], path: str, notes: Notes) -> None:
        for key in keys:
            if value.get(key) in (None, "", [], {}):
                notes.add("missing_key", f"{path}.{key}", "is missing", "give it")

    return check


def one_key(*keys: str, needed: bool = True) -> Together:
    """Exactly one of these keys is there; with ``needed=False`` at most one."""
    allowed = ", ".join(keys)

    def check(value: Mapping[str, Any], path: str, notes: Notes) -> None:
        given = [key for key in keys if value.get(key) is not None]
        if len(given) > 1:
            cause = f"does not go with {given[0]}"
            notes.add("contradiction", f"{path}.{given[1]}", cause, "give one of the two")
        elif needed and not given:
            notes.add(
                "missing_key", path, "has none of the keys it needs", f"give one of {allowed}"
            )

    return check


def _is_word(value: object) -> bool:
    return isinstance(value, (str, int))


def unique(
    entries: Iterable[tuple[str, Any]], notes: Notes, cause: str, rule: str = "doubled_name"
) -> None:
    """Each value stands once; ``entries`` are paths with their values, None is not looked at."""
    first: dict[Any, str] = {}
    for path, value in entries:
        if not (_is_word(value) or (isinstance(value, tuple) and all(map(_is_word, value)))):
            continue
        place = first.setdefault(value, path)
        if place != path:
            words = " ".join(map(str, value)) if isinstance(value, tuple) else shown(value)
            notes.add(rule, path, f"{words} {cause} {place} too", "give each its own")
