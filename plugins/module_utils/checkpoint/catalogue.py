# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shipped catalogue: shapes of well-known checkpoints, for planning without a network.

Each checkpoint is a file of ``catalogue_data`` that is called like the model on the Hub, with
``--`` for the slash: where its shape was read (``origin``), the fields of its config.json that a
plan needs (``config``), and ``weights_bytes`` where a tower's small parts (biases, norms) are not
in them. ``layer_types`` are written as the pattern that repeats.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .result import Checkpoint

_DATA = Path(__file__).with_name("catalogue_data")


@dataclass(frozen=True)
class Entry:
    """One checkpoint: where its shape was read, its config, its size in bytes."""

    origin: str
    config: dict[str, Any]
    weights_bytes: int | None = None


class Catalogue(Mapping[str, Entry]):
    """The entries by name; a file is read when it is asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @functools.cached_property
    def _files(self) -> dict[str, Path]:
        return {
            path.stem.replace("--", "/", 1): path for path in sorted(self._directory.glob("*.json"))
        }

    @functools.cached_property
    def _names(self) -> dict[str, str]:
        return {name.casefold(): name for name in self._files}

    def __getitem__(self, name: str) -> Entry:
        entry = json.loads(self._files[name].read_text(encoding="utf-8"))
        return Entry(entry["origin"], _expanded(entry["config"]), entry.get("weights_bytes"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def known_as(self, name: str) -> str | None:
        """The name as it is written here: the Hub does not tell upper from lower case either."""
        return self._names.get(name.casefold())


CATALOGUE = Catalogue(_DATA)


def _expanded(value: Any) -> Any:
    """A config with lists of layers in place of their patterns."""
    if not isinstance(value, dict):
        return value
    if value.keys() == {"repeat", "count"}:
        pattern = value["repeat"]
        return [pattern[index % len(pattern)] for index in range(value["count"])]
    return {key: _expanded(inner) for key, inner in value.items()}


def read_catalogue(name: str, revision: str | None = None) -> Checkpoint | None:
    """The shape of a model by its name on the Hub; None when it is not in the catalogue."""
    known = CATALOGUE.known_as(name)
    if known is None:
        return None
    entry = CATALOGUE[known]
    notes = [f"shape of {known} from the shipped catalogue ({entry.origin})"]
    if revision is not None:
        notes.append(f"the catalogue knows no revisions: {revision[:100]} was not looked at")
    return Checkpoint("catalogue", entry.config, entry.weights_bytes, notes=tuple(notes))
