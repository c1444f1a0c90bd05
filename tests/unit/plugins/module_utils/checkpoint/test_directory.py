# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""config.json and checkpoints in directories, the sound and the broken."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.config_file import (
    CONFIG_LIMIT_BYTES,
    read_config,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.directory import read_directory
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    CheckpointError,
    CheckpointMissing,
)

from .files import (
    CONFIG,
    ONE,
    ONE_BYTES,
    TWO,
    TWO_BYTES,
    raw,
    safetensors,
    sharded,
    single,
    write,
)


def test_config_as_it_is_written(tmp_path: Path) -> None:
    text = '\ufeff{"time_step_limit": [0.0, Infinity], "deep": {"a": [{"b": 1}]}}'
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    config = read_config(tmp_path / "config.json")
    assert config == {"time_step_limit": [0.0, float("inf")], "deep": {"a": [{"b": 1}]}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b'{"a": 1,\n oops}', "not JSON (Expecting property name enclosed in double quotes"),
        (b"<html>Sign in</html>", "not JSON"),
        (b"[1]", "must be a JSON object, not a list"),
        (b"null", "must be a JSON object, not a NoneType"),
        (b"{}", "the config is empty"),
        (b'{"a": "\xff"}', "not UTF-8 text at byte 7"),
        (b'{"a":' * 200_000, "nests more than 64 levels"),
        (b"[" * 300_000, "nests more than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nests more than 64 levels"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of absurd length"),
        (b" " * (CONFIG_LIMIT_BYTES + 1), f"larger than {CONFIG_LIMIT_BYTES} bytes"),
    ],
)
def test_broken_configs(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as raised:
        read_config(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert not isinstance(raised.value, CheckpointMissing)


def test_a_huge_config_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as sparse:
        sparse.truncate(2**28)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="larger than"):
            read_config(path)
        assert tracemalloc.get_traced_memory()[1] < 3 * CONFIG_LIMIT_BYTES
    finally:
        tracemalloc.stop()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match="must be a file, and is a pipe"):
        read_config(tmp_path / "config.json")


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, single())
    shard = tmp_path / "model.safetensors"
    shard.unlink()
    os.mkfifo(shard)
    with pytest.raises(CheckpointError, match="must be a file, and is a pipe"):
        read_directory(tmp_path)
    shard.unlink()
    shard.symlink_to(os.devnull)
    with pytest.raises(CheckpointError, match="must be a file, and is a device"):
        read_directory(tmp_path)


def test_one_file(tmp_path: Path) -> None:
    found = read_directory(write(tmp_path, single()))
    assert (found.source, found.config, found.weights_bytes) == ("directory", CONFIG, ONE_BYTES)
    assert found.tensors is not None
    assert [tensor.name for tensor in found.tensors] == ["a", "b", "scalar"]
    assert found.notes == (f"read from {tmp_path}",)


def test_shards_of_an_index(tmp_path: Path) -> None:
    # What the index does not list is not part of the model.
    found = read_directory(write(tmp_path, {**sharded(), "adapter.safetensors": b"broken"}))
    assert found.weights_bytes == ONE_BYTES + TWO_BYTES
    assert found.tensors is not None
    assert len(found.tensors) == 6


def test_several_files_without_an_index(tmp_path: Path) -> None:
    files = sharded()
    del files["model.safetensors.index.json"]
    found = read_directory(write(tmp_path, {**files, "consolidated.safetensors": ONE}))
    assert found.weights_bytes == ONE_BYTES + TWO_BYTES


@pytest.mark.parametrize(
    ("there", "total", "absent"),
    [
        ((1, 2), "00003", "model-00003-of-00003"),
        ((2, 3), "00003", "model-00001-of-00003"),
        ((0, 2), "00003", "model-00001-of-00003"),
        ((1,), "000163", "model-000002-of-000163"),
        ((7,), "999999999", "model-000000001-of-999999999"),
    ],
)
def test_an_interrupted_download_is_told(
    tmp_path: Path, there: tuple[int, ...], total: str, absent: str
) -> None:
    shards = {f"model-{n:05}-of-{total}.safetensors": ONE for n in there}
    write(tmp_path, {"config.json": json.dumps(CONFIG).encode(), **shards})
    told = f"has {len(there)} of {int(total)} files; '{absent}.safetensors' is not there"
    with pytest.raises(CheckpointError, match=told):
        read_directory(tmp_path)


@pytest.mark.parametrize("numbers", [(1, 2), (0, 1)])
def test_parts_may_be_counted_from_zero(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    parts = {f"model-{n}-of-2.safetensors": ONE for n in numbers}
    files = {"config.json": json.dumps(CONFIG).encode(), **parts, "adapter.safetensors": TWO}
    assert read_directory(write(tmp_path, files)).weights_bytes == ONE_BYTES + TWO_BYTES


def test_names_that_only_the_index_has_are_a_note(tmp_path: Path) -> None:
    files = sharded()
    index = json.loads(files["model.safetensors.index.json"])
    index["weight_map"]["ghost.weight"] = "model-00001-of-00002.safetensors"
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    found = read_directory(write(tmp_path, files))
    assert "lists tensors that no file has (1, such as 'ghost.weight')" in found.notes[-1]
    assert found.weights_bytes == ONE_BYTES + TWO_BYTES


def test_files_without_weights_are_no_checkpoint(tmp_path: Path) -> None:
    for empty in (raw(b"{}"), safetensors(nothing=("F16", [0, 7]))):
        files = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": empty}
        with pytest.raises(CheckpointError, match="hold no weights; copy the checkpoint again"):
            read_directory(write(tmp_path, files))


def test_a_tensor_in_two_files_counts_once(tmp_path: Path) -> None:
    found = read_directory(write(tmp_path, {**single(), "again.safetensors": ONE}))
    assert found.weights_bytes == ONE_BYTES
    assert "3 tensors are in more than one file and counted once" in found.notes[-1]


def test_other_formats_have_a_config_only(tmp_path: Path) -> None:
    files = {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"pickle"}
    found = read_directory(write(tmp_path, files))
    assert (found.config, found.weights_bytes, found.tensors) == (CONFIG, None, None)
    assert "has no safetensors files" in found.notes[-1]


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    files = sharded()
    del files["model-00002-of-00002.safetensors"]
    with pytest.raises(
        CheckpointError, match=r"00002-of-00002\.safetensors: there is no such file"
    ):
        read_directory(write(tmp_path, files))


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"weight_map": []},
        {"weight_map": {}},
        {"weight_map": {"a": 3}},
        {"weight_map": {"a": "../config.json"}},
        {"weight_map": {"a": "../../secret.safetensors"}},
        {"weight_map": {"a": "/root/x.safetensors"}},
        {"weight_map": {"a": "sub/x.safetensors"}},
        {"weight_map": {"a": "x\0.safetensors"}},
        {"weight_map": {"a": ""}},
    ],
)
def test_an_index_names_files_beside_it(tmp_path: Path, index: object) -> None:
    files = {**single(), "model.safetensors.index.json": json.dumps(index).encode()}
    with pytest.raises(CheckpointError, match=r"index\.json"):
        read_directory(write(tmp_path, files))


def test_no_config_lets_the_next_source_speak(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "none"):
        with pytest.raises(CheckpointMissing, match="No such file"):
            read_directory(directory)
