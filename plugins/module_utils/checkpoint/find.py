# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Where a model's shape comes from: the inventory, a directory, the Hub, or the catalogue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..spec.model import Model
from .catalogue import read_catalogue
from .directory import read_directory
from .hub import read_hub
from .hub_errors import HubError
from .result import Checkpoint, CheckpointMissing

# With one of these the server asks another Hub, or with other rights, than the controller.
_OWN_ACCESS = {
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "VLLM_USE_MODELSCOPE",
}


def find_checkpoint(
    model: Model, *, offline: bool = False, cache_dir: Path | None = None
) -> Checkpoint:
    """The shape of a model from the first source that has it.

    A directory is looked for on the controller under the model's path, and under the
    ``host_path`` that is mounted there. ``offline`` keeps the Hub from being asked;
    ``cache_dir`` is where its answers are kept (the user's cache directory otherwise). When no
    source serves, the result's source is ``none`` and its notes say why.

    Raises CheckpointError when a source is there but wrong, and HubError when the Hub says
    that the model is gated or missing, no other source has it, and the server in the cluster
    would hear the same.
    """
    if model.config:
        note = "`config` as given in the model"
        return Checkpoint("model", dict(model.config), model.weights_bytes, notes=(note,))
    if model.is_local_path:
        found = _in_directory(model)
    else:
        found = _by_name(model, offline=offline, cache_dir=cache_dir)
    if model.weights_bytes is None:
        return found
    note = "`weights_bytes` as given in the model"
    return replace(
        found, weights_bytes=model.weights_bytes, tensors=None, notes=(*found.notes, note)
    )


def _in_directory(model: Model) -> Checkpoint:
    """The checkpoint at the model's path, as far as the controller has that."""
    notes = []
    for directory in _directories(model):
        try:
            found = read_directory(directory)
        except CheckpointMissing as error:
            notes.append(f"not on the controller: {error}")
        else:
            return replace(found, notes=(*notes, *found.notes))
    notes.append(f"give `config` in the model, or make {model.model} readable on the controller")
    return Checkpoint("none", {}, notes=tuple(notes))


def _directories(model: Model) -> list[Path]:
    """Where the model's path can be on the controller, the node's directory first."""
    path = PurePosixPath(model.model)
    found = [Path(path)]
    mounted = PurePosixPath(model.mount_path)
    if model.storage.host_path and path.is_relative_to(mounted):
        found.insert(0, Path(model.storage.host_path) / path.relative_to(mounted))
    return list(dict.fromkeys(found))


def _by_name(model: Model, *, offline: bool, cache_dir: Path | None) -> Checkpoint:
    """The checkpoint by its name: from the Hub, or else from the catalogue."""
    try:
        return read_hub(model.model, model.revision, offline=offline, cache_dir=cache_dir)
    except HubError as error:
        found = read_catalogue(model.model, model.revision)
        if found is not None:
            return replace(found, notes=(str(error), *found.notes))
        if error.definite and not _has_own_access(model):
            raise
        notes = (str(error), f"{model.model} is not in the shipped catalogue")
        return Checkpoint("none", {}, notes=notes)


def _has_own_access(model: Model) -> bool:
    """Whether the server may get from the Hub, or elsewhere, what the controller does not."""
    by_flag = any(str(word).startswith("--hf-token") for word in model.extra_args)
    by_env = any(entry.get("name") in _OWN_ACCESS for entry in model.env)
    has_cache = model.storage.claim_name is not None or model.storage.host_path is not None
    own_way = bool(model.command) or model.hf_token_secret is not None
    return own_way or has_cache or by_flag or by_env
