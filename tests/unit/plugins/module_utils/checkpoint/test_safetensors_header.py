# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Safetensors headers: exact bytes from sound files, one clear error from every broken one."""

from __future__ import annotations

import json
import random
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    CheckpointError,
    Tensor,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.safetensors_header import (
    HEADER_LIMIT_BYTES,
    read_header,
    total_bytes,
)

from .files import ONE, ONE_BYTES, TWO, TWO_BYTES, entry, raw


def file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    return path


def test_tensors_of_a_sound_file(tmp_path: Path) -> None:
    tensors = read_header(file(tmp_path, ONE))
    assert tensors == (
        Tensor("a", "BF16", (4, 3), 24),
        Tensor("b", "F8_E4M3", (5,), 5),
        Tensor("scalar", "F32", (), 4),
    )
    assert total_bytes(tensors) == ONE_BYTES


def test_empty_tensors_and_four_bit_ones(tmp_path: Path) -> None:
    tensors = read_header(file(tmp_path, TWO))
    assert [tensor.size_bytes for tensor in tensors] == [32, 0, 3]
    assert total_bytes(tensors) == TWO_BYTES


def test_the_data_is_not_read(tmp_path: Path) -> None:
    size = 2**40
    path = tmp_path / "large.safetensors"
    header = json.dumps({"w": entry("U8", [size], 0, size)}).encode()
    with path.open("wb") as large:
        large.write(raw(header))
        large.truncate(8 + len(header) + size)
    assert total_bytes(read_header(path)) == size


def described(**tensors: object) -> bytes:
    return json.dumps(tensors).encode()


BROKEN = {
    "empty": (b"", "truncated, only 0 bytes"),
    "half a length": (b"\x10\0\0", "truncated, only 3 bytes"),
    "header longer than the file": (raw(b"{}", length=50), "truncated: the header has 50 bytes"),
    "data missing": (ONE[:-1], f"truncated: the tensors take {ONE_BYTES} bytes"),
    "data left over": (ONE + b"12", "2 bytes after the last tensor"),
    "not JSON": (raw(b"hello"), "is not JSON"),
    "not UTF-8": (raw(b'{"\xff": 1}'), "is not JSON"),
    "a number too long": (raw(b'{"a": ' + b"9" * 9999 + b"}"), "is not JSON"),
    "a list": (raw(b"[]"), "not an object of tensors"),
    "nests without end": (raw(b'{"a":' + b"[" * 200_000), "nests without end"),
    "nests deeply": (raw(b'{"a":' + b"[" * 90 + b"]" * 90 + b"}"), "not an object of tensors"),
    "unknown dtype": (raw(described(a=entry("F3", [1], 0, 1)), b"1"), "unknown dtype 'F3'"),
    "dtype no text": (raw(described(a=entry(["F32"], [1], 0, 4)), b"1234"), "unknown dtype"),
    "no entry": (raw(described(a=7)), "unknown dtype"),
    "no shape": (raw(described(a=entry("U8", None, 0, 1)), b"1"), "no shape"),
    "negative size": (raw(described(a=entry("U8", [-1, -1], 0, 1)), b"1"), "no shape"),
    "truth value as size": (raw(described(a=entry("U8", [True], 0, 1)), b"1"), "no shape"),
    "fraction as size": (raw(described(a=entry("U8", [1.0], 0, 1)), b"1"), "no shape"),
    "endless shape": (raw(described(a=entry("U8", [1] * 65, 0, 1)), b"1"), "no shape"),
    "one offset": (raw(described(a=entry("U8", [1], 0)), b"1"), "no data_offsets"),
    "offsets backwards": (raw(described(a=entry("U8", [1], 2, 1)), b"12"), "no data_offsets"),
    "negative offset": (raw(described(a=entry("U8", [1], -1, 0)), b"1"), "no data_offsets"),
    "bytes do not fit": (
        raw(described(a=entry("F32", [2], 0, 4)), b"1234"),
        "takes 4 bytes by its offsets, but 8",
    ),
    "overlap": (
        raw(described(a=entry("U8", [4], 0, 4), b=entry("U8", [4], 2, 6)), b"123456"),
        "tensor 'b' overlaps the tensor before it",
    ),
    "gap": (
        raw(described(a=entry("U8", [1], 0, 1), b=entry("U8", [1], 2, 3)), b"123"),
        "tensor 'b' leaves a gap",
    ),
    "beyond the end": (
        raw(described(a=entry("U8", [1], 0, 1), b=entry("U8", [9], 1, 10)), b"12"),
        "truncated: the tensors take 10 bytes, the file holds 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files(tmp_path: Path, case: str) -> None:
    data, message = BROKEN[case]
    path = file(tmp_path, data)
    with pytest.raises(CheckpointError) as raised:
        read_header(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("length", [HEADER_LIMIT_BYTES + 1, 2**40, 2**63, 2**64 - 1])
def test_an_absurd_length_is_not_allocated(tmp_path: Path, length: int) -> None:
    path = tmp_path / "absurd.safetensors"
    with path.open("wb") as sparse:
        sparse.write(raw(b"{}", length=length))
        sparse.truncate(min(length, 2**40) + 100)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="header would be"):
            read_header(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        read_header(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="must be a file, and is a directory"):
        read_header(tmp_path)


def test_any_change_of_a_byte_is_read_or_refused(tmp_path: Path) -> None:
    chance = random.Random(20260101)
    for dummy in range(500):
        data = bytearray(ONE)
        data[chance.randrange(len(data))] = chance.randrange(256)
        path = file(tmp_path, bytes(data[: chance.randrange(len(data) + 1)] or data))
        # Anything but this error fails the test.
        with suppress(CheckpointError):
            assert total_bytes(read_header(path)) >= 0
