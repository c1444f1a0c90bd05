# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shape of a checkpoint that lies in a directory."""

from __future__ import annotations

from pathlib import Path

from .config_file import CONFIG_NAME, read_config, read_json_object
from .result import Checkpoint, CheckpointError, Tensor
from .safetensors_header import read_header, total_bytes

INDEX_NAME = "model.safetensors.index.json"
# The index names every tensor; that of a model with 384 experts in 60 layers has 17 MB.
INDEX_LIMIT_BYTES = 128 * 2**20


def read_directory(directory: Path) -> Checkpoint:
    """Config and tensors of the checkpoint in a directory.

    Raises CheckpointMissing when the directory has no config.json that can be read, and
    CheckpointError when what it has is wrong.
    """
    config = read_config(directory / CONFIG_NAME)
    notes = [f"read from {directory}"]
    shards = _shards(directory)
    if not shards:
        notes.append(f"{directory} has no safetensors files: the size of the weights is computed")
        return Checkpoint("directory", config, notes=tuple(notes))
    tensors = _tensors(shards, notes)
    return Checkpoint(
        "directory", config, total_bytes(tensors), tensors=tensors, notes=tuple(notes)
    )


def _shards(directory: Path) -> list[Path]:
    """The safetensors files that make up the model: those of the index, or else all."""
    index = directory / INDEX_NAME
    try:
        if index.exists():
            return [directory / name for name in _index_files(index)]
        files = sorted(directory.glob("*.safetensors"))
    except OSError as error:
        raise CheckpointError(f"{directory}: {error.strerror or 'cannot be read'}") from None
    # Mistral ships the same weights a second time under this name.
    others = [file for file in files if not file.name.startswith("consolidated")]
    return others or files


def _index_files(index: Path) -> list[str]:
    """The names of the files that an index lists. Raises CheckpointError."""
    weight_map = read_json_object(index, INDEX_LIMIT_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index}: has no weight_map; copy the file again")
    names = {name if isinstance(name, str) else "" for name in weight_map.values()}
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors") or "\0" in name:
            raise CheckpointError(
                f"{index}: {name[:200]!r} is not the name of a safetensors file beside it"
            )
    return sorted(names)


def _tensors(shards: list[Path], notes: list[str]) -> tuple[Tensor, ...]:
    """All tensors of all shards, each name once (the server loads one of them)."""
    tensors: dict[str, Tensor] = {}
    twice: set[str] = set()
    for shard in shards:
        for tensor in read_header(shard):
            if tensor.name in tensors:
                twice.add(tensor.name)
            tensors[tensor.name] = tensor
    if twice:
        notes.append(
            f"{len(twice)} tensors are in more than one file and counted once, "
            f"such as {min(twice)[:200]!r}"
        )
    return tuple(tensors.values())
