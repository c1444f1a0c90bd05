# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What reading a checkpoint can end in: a shape, or one clear reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class CheckpointError(ValueError):
    """A source that is there but wrong: the message names the file or model, and the fix."""


class CheckpointMissing(CheckpointError):
    """A source that has nothing to say; the next one is asked."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as a safetensors header describes it; ``size_bytes`` is its place in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class Checkpoint:
    """A model's shape and where it comes from.

    ``source`` is ``model`` (the inventory), ``directory`` (on the controller), ``node`` (a
    directory that a node of the cluster has), ``hub``, ``catalogue`` or ``none``; with ``none``
    the config is empty and ``notes`` says why. ``config`` has the fields of the
    checkpoint's config.json. ``weights_bytes`` is the sum over all tensors of the checkpoint,
    None where it is not known. ``revision`` is the Hub's commit. ``notes`` are sentences for
    the user: what was read, and why an earlier source did not serve.
    """

    source: str
    config: dict[str, Any]
    weights_bytes: int | None = None
    tensors: tuple[Tensor, ...] | None = None
    revision: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any source had a shape."""
        return self.source != "none"
