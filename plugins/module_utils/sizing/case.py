# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a memory plan is made from: shape, quantization and settings of one model, resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..spec.model import Gpu, Model
from .quantization import Quantization, read_quantization
from .settings import (
    Settings,
    is_first_mla,
    model_dtype,
    pick_card,
    read_settings,
    resolve_release,
)
from .shape import ModelShape, read_shape
from .weights import checkpoint_bytes


@dataclass(frozen=True)
class Case:
    """One model with its settings, and what the checkpoint's real size says about the formulas.

    ``scale``: bytes of the checkpoint as given, over those that the shape would give.
    """

    shape: ModelShape
    quant: Quantization
    settings: Settings
    weights_bytes: int | None
    scale: float = 1.0


def read_case(model: Model, gpu: Gpu | None, version: str | None) -> Case:
    """Resolve a model; ``gpu`` and ``version`` win over its own. Raises ValueError."""
    dtype = model_dtype(model)
    try:
        shape = read_shape(model.config)
        quant = read_quantization(model.config, model.quantization, dtype)
    except RecursionError as error:
        raise ValueError("config nests without end") from error
    if shape.mla and is_first_mla(resolve_release(model, version)):
        shape = replace(shape, mla=replace(shape.mla, fused=True))
    given, own = gpu or Gpu(product=None, memory_gib=None, count=None), model.gpu
    # A card that is given replaces the model's as a whole: half of each would be a third card.
    chosen = given if given.product or given.memory_gib else own
    card = pick_card(model, chosen.product, chosen.memory_gib)
    settings = read_settings(model, shape, quant, version=version, card=card)
    return Case(shape, quant, settings, model.weights_bytes, _scale(shape, quant, model))


def _scale(shape: ModelShape, quant: Quantization, model: Model) -> float:
    """What the checkpoint's real size says about the computed one."""
    if model.weights_bytes is None or shape.missing_for_weights:
        return 1.0
    computed = checkpoint_bytes(shape, quant)
    return model.weights_bytes / computed if computed > 0 else 1.0


def has_unknown_format(case: Case) -> bool:
    """A format whose bytes per parameter are not known (a mixed NVFP4 one is roughly known)."""
    return bool(case.quant.doubt) and case.quant.name != "nvfp4"
