# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What the files of a checkpoint say about the computed size of its weights.

The formulas know how weights are cut and copied; the files know how large they really are. The
files may hold another type than the one that is loaded, and parts that are not loaded. Where no
such difference explains the files' size, files and shape are not of one model, and nothing that
follows from them is certain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..checkpoint.result import Tensor
from .quantization import DTYPE_BYTES, Quantization
from .shape.model_shape import ModelShape
from .weights import checkpoint_bytes

# Towers and projectors for images and sound, by the names of the families.
_ENCODER = re.compile(
    r"(^|\.)(visual|vision\w*|audio\w*|multi_modal_projector|mm_projector|embed_vision|embed_audio"
    r"|img_processor|patch_merger|pre_mm_projector_norm|connector|mlp1)\."
)
_DRAFT = re.compile(r"(^|\.)(mtp\w*|nextn\w*)\.")
_LAYER = re.compile(r"(^|\.)layers\.(\d+)\.")
_HEAD = re.compile(r"(^|\.)(lm_head|embed_out|output_layer)\.|^output\.")
# Bytes of the files over those of the formulas: norms of single families, heads for drafting,
# scales and zero points account for this much. What config says otherwise has to fit better.
_LEAST, _MOST = 0.85, 1.2
_OTHERWISE = (0.95, 1.06)
# A tower for images is computed roughly; one that the config only names is not computed at all.
_MOST_WITH_TOWER, _MOST_WITH_UNKNOWN_TOWER = 1.5, 3.0
# Layers for drafting that config does not name, over the language model.
_MOST_DRAFT = 0.25
# How much better a difference to the config has to explain the size, as a logarithm.
_DIFFERENCE = 0.03


@dataclass(frozen=True)
class StoredBytes:
    """Bytes in the files: the language model, its encoders, and layers for drafting (MTP)."""

    language: int
    encoder: int = 0
    draft: int = 0


@dataclass(frozen=True)
class Measured:
    """The shape with the encoder's real size, and how the real sizes relate to the formulas.

    What the sizes make doubtful is among the shape's ``doubts``. ``scale``: loaded bytes of the
    checkpoint, over those that the formulas give; ``draft_bytes``: loaded bytes of the layers for
    drafting, None where the formulas count.
    """

    shape: ModelShape
    scale: float = 1.0
    draft_bytes: float | None = None


@dataclass(frozen=True)
class _Match:
    """What the files hold: their types, the shape that they are of, and ``scale`` (see above)."""

    shape: ModelShape
    kind: Quantization
    scale: float


def measure(
    shape: ModelShape, files: Quantization, size: int | None, tensors: Sequence[Tensor]
) -> Measured:
    """Compare a checkpoint with its shape.

    ``files``: the quantization that the files have, before any that is made while loading;
    ``size``: bytes of all tensors, None if not known.
    """
    if shape.missing_weight_fields or size is None:
        return Measured(shape)
    if not tensors:
        found = _match(shape, files, size, _ties(shape), _most(shape))
        return Measured(found.shape, found.scale)
    stored = sort_tensors(tensors, len(shape.layers))
    has_head = any(_HEAD.search(tensor.name) for tensor in tensors)
    most = _MOST_WITH_TOWER if shape.vision else _MOST
    language = replace(shape, extra_params=0, mtp_layers=0)
    ties = _ties(shape, has_head=has_head)
    found = _match(language, files, stored.language, ties, most)
    whole = replace(
        shape,
        tied=found.shape.tied,
        doubts=(*found.shape.doubts, *_too_many_layers(shape, stored)),
        extra_params=round(stored.encoder / found.kind.full_bytes),
    )
    loaded = files.full_bytes / found.kind.full_bytes
    return Measured(whole, found.scale, stored.draft * loaded)


def stored_bytes(shape: ModelShape, files: Quantization) -> float | None:
    """Bytes of the checkpoint's files when only the shape is known, in the type it was saved in."""
    if shape.missing_weight_fields or has_unknown_format(files):
        return None
    if files.name:
        return checkpoint_bytes(shape, files)
    width = DTYPE_BYTES.get(shape.dtype, 2.0)
    return checkpoint_bytes(shape, replace(files, full_bytes=width, linear_bytes=width))


def has_unknown_format(quant: Quantization) -> bool:
    """A format whose bytes per parameter are not known (a mixed NVFP4 one is roughly known)."""
    return bool(quant.doubt) and quant.name != "nvfp4"


def _match(
    shape: ModelShape, files: Quantization, size: int, ties: Sequence[bool], most: float
) -> _Match:
    """What explains the size best; what nothing explains is a doubt, and the larger size counts.

    ``ties``: whether the output matrix may be the input's, the likelier answer first. ``most``:
    how much larger than computed the files may be.
    """
    found = []
    for kind, is_declared in _kinds(shape, files):
        for tied in ties:
            other = replace(shape, tied=tied)
            ratio = max(1, size) / max(1.0, checkpoint_bytes(other, kind))
            differences = (not is_declared) + (tied != ties[0])
            cost = abs(math.log(ratio)) + _DIFFERENCE * differences
            least, limit = _OTHERWISE if differences else (_LEAST, most)
            if least <= ratio <= limit and differences < 2:
                # A copy of the shared matrix in the files is not loaded (AutoWeightsLoader).
                kept = shape if shape.tied else other
                found.append((cost, _Match(kept, kind, ratio)))
    if found:
        return min(found, key=lambda entry: entry[0])[1]
    return _contradiction(shape, files, size)


def _contradiction(shape: ModelShape, files: Quantization, size: int) -> _Match:
    kind = _kinds(shape, files)[0][0]
    computed = max(1.0, checkpoint_bytes(shape, kind))
    if has_unknown_format(files):
        # That is in doubt anyway, and the files are all that there is to go by.
        return _Match(shape, kind, max(1, size) / computed)
    doubt = (
        f"the checkpoint has {size:,} bytes of weights, and by its config they would be about"
        f" {computed:,.0f}: weights_bytes, the files or config are not of this model; the larger"
        f" size is used"
    )
    shape = replace(shape, doubts=(*shape.doubts, doubt))
    return _Match(shape, kind, max(1.0, size / computed))


def _kinds(shape: ModelShape, files: Quantization) -> list[tuple[Quantization, bool]]:
    """The types that the files may hold, and whether config names them; that one comes first.

    An unquantized checkpoint in float32 is loaded in 16 bits unless dtype says otherwise
    (vllm/config/model.py), and the other way round.
    """
    if files.name:
        return [(files, True)]
    declared = DTYPE_BYTES.get(shape.dtype, 2.0)
    return [
        (replace(files, full_bytes=width, linear_bytes=width), width == declared)
        for width in sorted((2.0, 4.0), key=lambda width: width != declared)
    ]


def _ties(shape: ModelShape, *, has_head: bool | None = None) -> list[bool]:
    """Whether the files share the output matrix with the input; Qwen3-0.6B has a copy of it.

    ``has_head``: whether an output matrix is among the tensors, None if their names are not known.
    """
    if has_head is None:
        # An encoder could be taken for the copy.
        return [shape.tied] if shape.vision else [shape.tied, not shape.tied]
    if has_head:
        return [False]
    return [True] if shape.tied else [False, True]


def _most(shape: ModelShape) -> float:
    """How much larger than computed a checkpoint may be whose tensors are not known by name."""
    if not shape.vision:
        return _MOST
    return _MOST_WITH_TOWER if shape.extra_params else _MOST_WITH_UNKNOWN_TOWER


def _too_many_layers(shape: ModelShape, stored: StoredBytes) -> list[str]:
    """What lies behind the last layer is for drafting, unless it is too much for that."""
    if shape.mtp_layers or stored.draft <= _MOST_DRAFT * stored.language:
        return []
    doubt = (
        f"{stored.draft:,} bytes of the checkpoint lie behind the {len(shape.layers)} layers that"
        f" config names: the files or num_hidden_layers are not of this model"
    )
    return [doubt]


def sort_tensors(tensors: Sequence[Tensor], layers: int) -> StoredBytes:
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
    return StoredBytes(**sums)
