# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A section of the inventory is a dataclass: each field declares one key, in one place.

The declaration holds the type, the default, vLLM's flag, whether a size depends on the key, and
what the documentation says. What is read, passed, sized and documented follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, TypeVar

from .errors import Errors
from .flags import Flag
from .readers import Reader

S = TypeVar("S")


@dataclass(frozen=True)
class Option:
    """What is declared of a key.

    ``sizes``: a figure of the memory plan depends on it. ``otherwise``: what holds where the key
    is left out, if the default does not say it. ``section``: the dataclass of its sub-keys.
    """

    reader: Reader
    doc: str
    flag: Flag | None = None
    sizes: bool = False
    otherwise: str = ""
    section: type | None = None


@dataclass(frozen=True)
class Declared:
    """An option with its place: ``path`` from the model (``storage.size_gib``), and default."""

    path: str
    option: Option
    required: bool
    default: Any

    @property
    def key(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    def value_in(self, model: Any) -> Any:
        """The option's value in a model; None where its section is not given."""
        found = model
        for key in self.path.split("."):
            found = None if found is None else getattr(found, key)
        return found


def option(
    reader: Reader,
    default: Any = MISSING,
    *,
    doc: str,
    flag: Flag | None = None,
    sizes: bool = False,
    otherwise: str = "",
    of: type | None = None,
) -> Any:
    """Declare a key of a section.

    Without a default the key must be given; a section (``of``) then has its own defaults. A
    list, a mapping or a section is made anew for each model.
    """
    # pylint: disable=invalid-field-call  # the class body calls this to declare its field
    metadata = {"option": Option(reader, doc, flag, sizes, otherwise, of)}
    if of is not None and default is MISSING:
        return field(default_factory=of, metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


@cache
def declared(cls: type) -> tuple[Declared, ...]:
    """All options of a section and of the sections in it, in the order of their declaration."""
    return tuple(_declared(cls, ""))


def _declared(cls: type, prefix: str) -> Iterator[Declared]:
    for entry in fields(cls):
        said: Option = entry.metadata["option"]
        path = f"{prefix}{entry.name}"
        yield Declared(path, said, _required(entry), _default(entry))
        if said.section is not None:
            yield from _declared(said.section, f"{path}.")


def _default(entry: Field[Any]) -> Any:
    if entry.default is not MISSING:
        return entry.default
    return None if entry.default_factory is MISSING else entry.default_factory()


def section(cls: type[S]) -> Reader:
    """A reader for a nested section."""

    def read(value: Any, path: str, errors: Errors) -> S | None:
        return read_section(cls, value, path, errors)

    return Reader("mapping", read)


def read_section(cls: type[S], value: Any, path: str, errors: Errors) -> S | None:
    """One mapping as the dataclass ``cls``; None when it cannot be built at all.

    A key that is given as null counts as left out: that is how an inventory unsets one.
    """
    if not isinstance(value, Mapping):
        errors.wrong(path, value, "a mapping")
        return None
    known = {entry.name: entry for entry in fields(cls)}  # type: ignore[arg-type]
    for key in value:
        if key not in known:
            errors.unknown_key(path, str(key), known)
    given = {key: value[key] for key in known if value.get(key) is not None}
    missing = [key for key, entry in known.items() if _required(entry) and key not in given]
    for key in missing:
        errors.add("missing_key", f"{path}.{key}", "is missing", "it has no default")
    read = {
        key: known[key].metadata["option"].reader(entry, f"{path}.{key}", errors)
        for key, entry in given.items()
    }
    return None if missing else cls(**{k: v for k, v in read.items() if v is not None})


def _required(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING
