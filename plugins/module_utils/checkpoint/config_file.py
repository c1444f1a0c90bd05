# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Reads JSON files that somebody else wrote, such as config.json, within bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .result import CheckpointError, CheckpointMissing

CONFIG_NAME = "config.json"
CONFIG_LIMIT_BYTES = 4 * 2**20
# Configs of real models nest four or five levels.
DEPTH_LIMIT = 64


def read_config(path: Path) -> dict[str, Any]:
    """The fields of a config.json.

    Raises CheckpointMissing when there is no such file or it must not be read, and
    CheckpointError when it is no config.
    """
    return parse_config(_read(path, CONFIG_LIMIT_BYTES), str(path))


def parse_config(data: bytes, subject: str) -> dict[str, Any]:
    """The fields of a config.json; ``subject`` names it in errors. Raises CheckpointError."""
    config = parse_json_object(data, subject)
    if not config:
        raise CheckpointError(
            f"{subject}: the config is empty; copy config.json from the checkpoint"
        )
    return config


def read_json_object(path: Path, limit_bytes: int) -> dict[str, Any]:
    """One JSON object out of a file of at most ``limit_bytes``.

    Raises CheckpointMissing when there is no such file or it must not be read, and
    CheckpointError when it is too large, not JSON, not an object, or nested too deeply.
    """
    return parse_json_object(_read(path, limit_bytes), str(path))


def parse_json_object(data: bytes, subject: str) -> dict[str, Any]:
    """One JSON object; ``subject`` names it in errors. Raises CheckpointError."""
    try:
        # NaN and Infinity are taken: configs of mamba models have them (time_step_limit).
        parsed = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CheckpointError(
            f"{subject}: not UTF-8 text at byte {error.start}; copy the file again"
        ) from None
    except json.JSONDecodeError as error:
        raise CheckpointError(
            f"{subject}: not JSON ({error.msg} in line {error.lineno}, column {error.colno}); "
            f"copy the file again from the checkpoint"
        ) from None
    except RecursionError:
        raise CheckpointError(_too_deep(subject)) from None
    except ValueError:
        raise CheckpointError(f"{subject}: holds a number of absurd length") from None
    if not isinstance(parsed, dict):
        raise CheckpointError(f"{subject}: must be a JSON object, not {_kind(parsed)}")
    if deeper_than(parsed, DEPTH_LIMIT):
        raise CheckpointError(_too_deep(subject))
    return parsed


def file_kind(path: Path) -> str:
    """What a path is that is no file, in words."""
    kinds = (
        ("a directory", path.is_dir),
        ("a pipe", path.is_fifo),
        ("a socket", path.is_socket),
        ("a device", path.is_char_device),
        ("a device", path.is_block_device),
    )
    return next((kind for kind, is_kind in kinds if is_kind()), "something else")


def deeper_than(value: Any, limit: int) -> bool:
    """Whether mappings and lists nest in each other more than ``limit`` deep."""
    level = [value]
    for dummy in range(limit):
        level = [
            child
            for entry in level
            if isinstance(entry, dict | list)
            for child in (entry.values() if isinstance(entry, dict) else entry)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _read(path: Path, limit_bytes: int) -> bytes:
    """A whole file of at most ``limit_bytes``; never more than that is held in memory."""
    try:
        # Opening a pipe would wait for a writer for ever.
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path}: must be a file, and is {file_kind(path)}")
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise CheckpointMissing(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(data) > limit_bytes:
        raise CheckpointError(
            f"{path}: larger than {limit_bytes} bytes; that is not a checkpoint's {path.name}"
        )
    return data


def _too_deep(subject: str) -> str:
    return f"{subject}: nests more than {DEPTH_LIMIT} levels; no checkpoint's file does"


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"
