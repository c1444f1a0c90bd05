# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What the files of a checkpoint say about the computed size of its weights.

The formulas know how weights are cut and copied; the files know how large they really are. The
files may hold another type than the one that is loaded, and parts that are not loaded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..checkpoint.result import Tensor
from .quantization import DTYPE_BYTES, Quantization
from .shape import ModelShape
from .weights import checkpoint_bytes

# Towers and projectors for images and sound, by the names of the families.
_ENCODER = re.compile(
    r"(^|\.)(visual|vision\w*|audio\w*|multi_modal_projector|mm_projector|embed_vision|embed_audio"
    r"|img_processor|patch_merger|pre_mm_projector_norm|connector|mlp1)\."
)
_DRAFT = re.compile(r"(^|\.)(mtp\w*|nextn\w*)\.")
_LAYER = re.compile(r"(^|\.)layers\.(\d+)\.")


@dataclass(frozen=True)
class Stored:
    """Bytes in the files: the language model, its encoders, and layers for drafting (MTP)."""

    language: int
    encoder: int = 0
    draft: int = 0


@dataclass(frozen=True)
class Measured:
    """The shape with the encoder's real size, and how the real sizes relate to the formulas.

    ``scale``: loaded bytes of the checkpoint, over those that the formulas give; ``draft_bytes``:
    loaded bytes of the layers for drafting, None where the formulas count.
    """

    shape: ModelShape
    scale: float = 1.0
    draft_bytes: float | None = None


def measure(
    shape: ModelShape, files: Quantization, size: int | None, tensors: Sequence[Tensor]
) -> Measured:
    """Compare a checkpoint with its shape.

    ``files``: the quantization that the files have, before any that is made while loading;
    ``size``: bytes of all tensors, None if not known.
    """
    if shape.missing_for_weights or size is None:
        return Measured(shape)
    if not tensors:
        return Measured(shape, size / _nearest(shape, files, size)[1])
    stored = sort_tensors(tensors, len(shape.layers))
    language = replace(shape, extra_params=0, mtp_layers=0)
    kept, computed = _nearest(language, files, stored.language)
    loaded = files.full_bytes / kept.full_bytes
    whole = replace(shape, extra_params=round(stored.encoder / kept.full_bytes))
    return Measured(whole, stored.language / computed, stored.draft * loaded)


def stored_bytes(shape: ModelShape, files: Quantization) -> float | None:
    """Bytes of the checkpoint's files when only the shape is known, in the type it was saved in."""
    if shape.missing_for_weights or has_unknown_format(files):
        return None
    if files.name:
        return checkpoint_bytes(shape, files)
    width = DTYPE_BYTES.get(shape.dtype, 2.0)
    return checkpoint_bytes(shape, replace(files, full_bytes=width, linear_bytes=width))


def has_unknown_format(quant: Quantization) -> bool:
    """A format whose bytes per parameter are not known (a mixed NVFP4 one is roughly known)."""
    return bool(quant.doubt) and quant.name != "nvfp4"


def _nearest(shape: ModelShape, files: Quantization, size: int) -> tuple[Quantization, float]:
    """The type that the files hold, told by their size, and the bytes that this type gives.

    An unquantized checkpoint in float32 is loaded in 16 bits unless dtype says otherwise
    (vllm/config/model.py), and the other way round.
    """
    kinds = [files]
    if not files.name:
        kinds = [replace(files, full_bytes=width, linear_bytes=width) for width in (2.0, 4.0)]
    sizes = [(kind, max(1.0, checkpoint_bytes(shape, kind))) for kind in kinds]
    return min(sizes, key=lambda entry: abs(math.log(max(1, size) / entry[1])))


def sort_tensors(tensors: Sequence[Tensor], layers: int) -> Stored:
    """Sort a checkpoint's tensors by their names; ``layers``: of the language model.

    DeepSeek and its followers put the layers for drafting behind the others.
    """
    sums = {"language": 0, "encoder": 0, "draft": 0}
    for tensor in tensors:
        layer = _LAYER.search(tensor.name)
        if _ENCODER.search(tensor.name):
            kind = "encoder"
        elif _DRAFT.search(tensor.name) or (layer and int(layer.group(2)) >= layers):
            kind = "draft"
        else:
            kind = "language"
        sums[kind] += tensor.size_bytes
    return Stored(**sums)
