# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shape of a checkpoint that lies in a directory."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .config_file import CONFIG_NAME, read_config, read_json_object
from .quant_file import QUANT_NOTE, quantization_beside, with_quantization
from .result import Checkpoint, CheckpointError, Tensor
from .safetensors_header import read_header, total_bytes

INDEX_NAME = "model.safetensors.index.json"
# The index names every tensor; that of a model with 384 experts in 60 layers has 17 MB.
INDEX_LIMIT_BYTES = 128 * 2**20
# One of several files, such as model-00001-of-00003.safetensors; some count from 0.
_PART = re.compile(r"(.*)-(\d{1,9})-of-(\d{1,9})\.safetensors")


def read_directory(directory: Path) -> Checkpoint:
    """Config and tensors of the checkpoint in a directory.

    Raises CheckpointMissing when the directory has no config.json that can be read, and
    CheckpointError when what it has is wrong.
    """
    config = read_config(directory / CONFIG_NAME)
    notes = [f"read from {directory}"]
    quantization = quantization_beside(directory, config)
    if quantization is not None:
        config = with_quantization(config, quantization)
        notes.append(QUANT_NOTE)
    listed = _listed(directory / INDEX_NAME)
    shards = _shards(directory, listed)
    if not shards:
        notes.append(f"{directory} has no safetensors files: the size of the weights is computed")
        return Checkpoint("directory", config, notes=tuple(notes))
    tensors = _tensors(shards, notes)
    notes += _left_over(directory / INDEX_NAME, listed, tensors)
    size = total_bytes(tensors)
    if not size:
        raise CheckpointError(
            f"{directory}: its safetensors files hold no weights; copy the checkpoint again"
        )
    return Checkpoint("directory", config, size, tensors=tensors, notes=tuple(notes))


def _shards(directory: Path, listed: Mapping[str, str]) -> list[Path]:
    """The safetensors files that make up the model: those of the index, or else all."""
    if listed:
        return [directory / name for name in sorted(set(listed.values()))]
    try:
        files = sorted(directory.glob("*.safetensors"))
    except OSError as error:
        raise CheckpointError(f"{directory}: {error.strerror or 'cannot be read'}") from None
    # Mistral ships the same weights a second time under this name.
    others = [file for file in files if not file.name.startswith("consolidated")]
    chosen = others or files
    absent = _absent({file.name for file in chosen})
    if absent:
        raise CheckpointError(f"{directory}: {absent}; copy the checkpoint again")
    return chosen


def _absent(names: Collection[str]) -> str:
    """Which of the parts that the names count are not there, "" for none."""
    parts: dict[tuple[str, str], set[int]] = {}
    for match in filter(None, map(_PART.fullmatch, names)):
        parts.setdefault((match[1], match[3]), set()).add(int(match[2]))
    for (stem, total), numbers in sorted(parts.items()):
        count = int(total)
        if len(numbers) < count:
            number = next(number for number in range(1, count + 1) if number not in numbers)
            name = f"{stem}-{number:0{len(total)}}-of-{total}.safetensors"
            return f"has {len(numbers)} of {count} files; {name[:200]!r} is not there"
    return ""


def _listed(index: Path) -> Mapping[str, str]:
    """Tensors and their files as an index lists them; empty without one. Raises CheckpointError."""
    try:
        if not index.exists():
            return {}
    except OSError as error:
        raise CheckpointError(f"{index}: {error.strerror or 'cannot be read'}") from None
    weight_map = read_json_object(index, INDEX_LIMIT_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index}: has no weight_map; copy the file again")
    names = {name if isinstance(name, str) else "" for name in weight_map.values()}
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors") or "\0" in name:
            raise CheckpointError(
                f"{index}: {name[:200]!r} is not the name of a safetensors file beside it"
            )
    return weight_map


def _left_over(index: Path, listed: Mapping[str, str], tensors: Sequence[Tensor]) -> list[str]:
    """A note on what an index lists and no file has.

    No error: the server opens the files and does not look for these names (weight_utils.py, 0.32),
    which may be left from before weights were merged or layers for drafting dropped.
    """
    absent = listed.keys() - {tensor.name for tensor in tensors}
    if not absent:
        return []
    shown = f"{len(absent)}, such as {min(absent)[:200]!r}"
    return [f"{index} lists tensors that no file has ({shown})"]


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
