# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Rendered objects as files: one for each, with names and bytes that are the same on every run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import phase
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import (
    Object,
    object_id,
)

# Tells the files of an earlier run from those of the user.
MARK = "# Rendered by llmops.vllm; a new run overwrites it.\n"
_OPEN, _SECRET = 0o644, 0o600


@dataclass(frozen=True)
class ObjectFile:
    """One file: its name in the directory, its text, and who may read it."""

    name: str
    text: str
    mode: int

    @property
    def is_secret(self) -> bool:
        """Whether nobody else may see the text."""
        return self.mode == _SECRET


@dataclass(frozen=True)
class Change:
    """A file that has to be written, or one of an earlier run (``file`` is None) that has to go."""

    name: str
    before: str
    file: ObjectFile | None

    def diff(self) -> dict[str, str]:
        """Return the change in Ansible's diff format; the text of a Secret is not shown."""
        after = self.file.text if self.file else ""
        if (self.file and self.file.is_secret) or "\nkind: Secret\n" in self.before:
            return {"header": self.name, "prepared": "a Secret; its text is not shown\n"}
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": self.before,
            "after": after,
        }


def object_files(objects: Sequence[Object], *, secrets: bool) -> list[ObjectFile]:
    """Return a file for each object, in the order in which they would be sent.

    The names sort in that order too. ``secrets``: whether Secrets are written at all.
    """
    files = [_file(item) for item in objects if secrets or item.get("kind") != "Secret"]
    return sorted(files, key=lambda file: file.name)


def _file(item: Object) -> ObjectFile:
    name = object_id(item)
    place = f"{name.namespace}." if name.namespace else ""
    text = yaml.dump(item, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=100)
    return ObjectFile(
        f"{phase(name.group, name.kind):d}-{name.kind.lower()}-{place}{name.name}.yaml",
        f"{MARK}---\n{text}",
        _SECRET if name.kind == "Secret" else _OPEN,
    )


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes YAML that a reader of YAML 1.1 takes for the same: no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value again where it stands again."""
        del data
        return True


def changes(directory: Path, files: Sequence[ObjectFile]) -> list[Change]:
    """Compare the files with those that are there; those of an earlier run that left have to go."""
    found = []
    for file in files:
        path = directory / file.name
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        if before != file.text or path.stat().st_mode & 0o777 != file.mode:
            found.append(Change(file.name, before, file))
    names = {file.name for file in files}
    for path in sorted(directory.glob("*.yaml")) if directory.is_dir() else []:
        if path.name not in names and path.is_file():
            before = path.read_text(encoding="utf-8", errors="replace")
            if before.startswith(MARK):
                found.append(Change(path.name, before, None))
    return found


def write(directory: Path, found: Sequence[Change]) -> None:
    """Make the changes; a file is never there by half. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    for change in found:
        path = directory / change.name
        if change.file is None:
            path.unlink()
            continue
        partial = path.with_name(f".{path.name}.partial")
        # The mode is there before the text is: a Secret is readable by its owner only.
        partial.unlink(missing_ok=True)
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, change.file.mode),
            "w",
            encoding="utf-8",
        ) as stream:
            stream.write(change.file.text)
        partial.chmod(change.file.mode)
        partial.replace(path)
