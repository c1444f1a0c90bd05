# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Reads what a safetensors file says about its tensors, without reading the tensors.

The format: eight bytes with the length of the header (little-endian), the header (a JSON
object from tensor name to dtype, shape and data_offsets), then the data without gaps.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from .config_file import DEPTH_LIMIT, deeper_than, file_kind
from .result import CheckpointError, Tensor

# The limit of the safetensors library itself.
HEADER_LIMIT_BYTES = 100_000_000
LENGTH_BYTES = 8
# PyTorch has no tensors of more dimensions.
RANK_LIMIT = 64
DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


def read_header(path: Path) -> tuple[Tensor, ...]:
    """The tensors of one safetensors file, in the order of their data.

    Raises CheckpointError for a file that is not there, truncated, longer than its header
    says, or whose header is absurdly long, not JSON, or contradicts itself.
    """
    try:
        if not path.exists():
            raise CheckpointError(f"{path}: there is no such file; copy the checkpoint again")
        # Opening a pipe would wait for a writer for ever.
        if not path.is_file():
            raise CheckpointError(f"{path}: must be a file, and is {file_kind(path)}")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = _header_bytes(file, size, path)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or 'cannot be read'}") from None
    entries = _parse(header, str(path))
    return _placed(entries, size - LENGTH_BYTES - len(header), str(path))


def tensor_from(name: str, entry: Any, subject: str) -> tuple[Tensor, int, int]:
    """One entry of a header, with where its data begins and ends (bytes).

    Raises CheckpointError for an unknown dtype, an impossible shape, or offsets that do not
    hold as many bytes as dtype and shape need.
    """
    where = f"{subject}: tensor {name[:200]!r}"
    entry = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        known = ", ".join(sorted(DTYPE_BITS))
        raise CheckpointError(f"{where} has the unknown dtype {str(dtype)[:40]!r}; known: {known}")
    if not _sizes(shape) or len(shape) > RANK_LIMIT:
        raise CheckpointError(f"{where} has no shape of whole numbers from 0")
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise CheckpointError(f"{where} has no data_offsets [begin, end]")
    begin, end = offsets
    bits = math.prod(shape) * DTYPE_BITS[dtype]
    if bits != (end - begin) * 8:
        raise CheckpointError(
            f"{where} takes {end - begin} bytes by its offsets, but {bits // 8} by its "
            f"dtype and shape"
        )
    return Tensor(name, dtype, tuple(shape), end - begin), begin, end


def total_bytes(tensors: Iterable[Tensor]) -> int:
    """The bytes of all tensors together."""
    return sum(tensor.size_bytes for tensor in tensors)


def _header_bytes(file: BinaryIO, size: int, path: Path) -> bytes:
    """The header's text; its length is checked before anything of that length is held."""
    prefix = file.read(LENGTH_BYTES)
    if len(prefix) < LENGTH_BYTES:
        raise CheckpointError(f"{path}: truncated, only {len(prefix)} bytes; copy the file again")
    length = int.from_bytes(prefix, "little")
    if length > HEADER_LIMIT_BYTES:
        raise CheckpointError(
            f"{path}: not a safetensors file: its header would be {length} bytes long, at most "
            f"{HEADER_LIMIT_BYTES} are allowed"
        )
    if length > size - LENGTH_BYTES:
        raise CheckpointError(
            f"{path}: truncated: the header has {length} bytes, the file only "
            f"{size - LENGTH_BYTES} after its length; copy the file again"
        )
    header = file.read(length)
    if len(header) < length:
        raise CheckpointError(f"{path}: truncated while it was read; copy the file again")
    return header


def _parse(header: bytes, subject: str) -> dict[str, Any]:
    """The header's entries without ``__metadata__``."""
    try:
        parsed = json.loads(header.decode("utf-8"))
    except RecursionError:
        raise CheckpointError(f"{subject}: the safetensors header nests without end") from None
    except ValueError:
        raise CheckpointError(
            f"{subject}: the safetensors header is not JSON; copy the file again"
        ) from None
    if not isinstance(parsed, dict) or deeper_than(parsed, DEPTH_LIMIT):
        raise CheckpointError(f"{subject}: the safetensors header is not an object of tensors")
    parsed.pop("__metadata__", None)
    return parsed


def _placed(entries: dict[str, Any], data_bytes: int, subject: str) -> tuple[Tensor, ...]:
    """The tensors in the order of their data, which must fill ``data_bytes`` without gaps."""
    placed = [tensor_from(name, entry, subject) for name, entry in entries.items()]
    placed.sort(key=lambda entry: entry[1:])
    position = 0
    for tensor, begin, end in placed:
        if begin != position:
            fault = "overlaps the tensor before it" if begin < position else "leaves a gap"
            raise CheckpointError(
                f"{subject}: tensor {tensor.name[:200]!r} {fault} (begins at byte {begin}, not "
                f"{position})"
            )
        position = end
    if position > data_bytes:
        raise CheckpointError(
            f"{subject}: truncated: the tensors take {position} bytes, the file holds "
            f"{data_bytes} of them; copy the file again"
        )
    if position < data_bytes:
        raise CheckpointError(
            f"{subject}: {data_bytes - position} bytes after the last tensor belong to none"
        )
    return tuple(tensor for tensor, dummy, dummy in placed)


def _sizes(value: Any) -> bool:
    """Whether this is a list of whole numbers from 0 that fit 64 bits."""
    return isinstance(value, list) and all(
        isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**64
        for number in value
    )
