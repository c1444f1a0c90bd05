# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What the Hub answered, kept in the user's cache directory.

A commit never changes, so what was read of it is kept for good; which commit a branch or tag
is at is kept with the time it was asked. Files are replaced as a whole, never written in
place: another process reads the old one or the new one. What cannot be read or does not fit
its key counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config_file import read_json_object
from .result import Checkpoint, CheckpointError, Tensor

# Entries of format 1 know nothing of the file beside config.json that names the quantization.
FORMAT = 2
ENTRY_LIMIT_BYTES = 256 * 2**20


def default_cache_dir() -> Path:
    """``llmops.vllm/hub`` below XDG_CACHE_HOME, or below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The standard says that a relative path is to be ignored.
    root = Path(base) if base.startswith("/") else Path("~/.cache").expanduser()
    return root / "llmops.vllm" / "hub"


@dataclass(frozen=True)
class HubCache:
    """Entries of one endpoint of the Hub."""

    directory: Path
    endpoint: str

    def commit_of(self, model: str, revision: str) -> tuple[str, float] | None:
        """The commit a branch or tag was at, and how many seconds ago that was asked."""
        entry = self._load("ref", model, revision)
        commit, asked = entry.get("commit"), entry.get("asked_at_seconds")
        if not isinstance(commit, str) or not isinstance(asked, int | float):
            return None
        return commit, time.time() - asked

    def keep_commit(self, model: str, revision: str, commit: str) -> None:
        """Remember the commit of a branch or tag. Raises OSError."""
        entry = {"commit": commit, "asked_at_seconds": time.time()}
        self._store("ref", model, revision, entry)

    def checkpoint(self, model: str, commit: str) -> Checkpoint | None:
        """What was read of a commit, if it is kept."""
        entry = self._load("commit", model, commit)
        with suppress(KeyError, TypeError, ValueError):
            config, tensors, size = entry["config"], entry["tensors"], entry["weights_bytes"]
            if isinstance(config, dict) and config and isinstance(size, int | None):
                return Checkpoint(
                    "hub",
                    config,
                    size,
                    tensors=None if tensors is None else tuple(map(_tensor, tensors)),
                    revision=commit,
                    notes=tuple(map(str, entry["notes"])),
                )
        return None

    def keep_checkpoint(self, model: str, commit: str, found: Checkpoint) -> None:
        """Keep what was read of a commit. Raises OSError."""
        tensors = found.tensors
        entry = {
            "config": found.config,
            "weights_bytes": found.weights_bytes,
            "tensors": None
            if tensors is None
            else [[item.name, item.dtype, item.shape, item.size_bytes] for item in tensors],
            "notes": found.notes,
        }
        self._store("commit", model, commit, entry)

    def _key(self, kind: str, model: str, revision: str) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kind": kind,
            "endpoint": self.endpoint,
            "model": model,
            "revision": revision,
        }

    def _path(self, key: dict[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.directory / f"{key['kind']}-{digest[:40]}.json"

    def _load(self, kind: str, model: str, revision: str) -> dict[str, Any]:
        """The entry under a key, empty when there is none that is sound."""
        key = self._key(kind, model, revision)
        try:
            entry = read_json_object(self._path(key), ENTRY_LIMIT_BYTES)
        except CheckpointError:
            return {}
        return entry if all(entry.get(name) == value for name, value in key.items()) else {}

    def _store(self, kind: str, model: str, revision: str, entry: dict[str, Any]) -> None:
        """Write an entry beside its place and move it there."""
        key = self._key(kind, model, revision)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self.directory)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(key | entry, file)
            Path(name).replace(self._path(key))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _tensor(entry: Any) -> Tensor:
    """A tensor as it was stored. Raises TypeError or ValueError."""
    name, dtype, shape, size_bytes = entry
    return Tensor(str(name), str(dtype), tuple(map(int, shape)), int(size_bytes))
