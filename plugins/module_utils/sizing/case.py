# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a memory plan is made from: shape, quantization and settings of one model, resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..checkpoint.result import Tensor
from ..spec.model import Gpu, Model
from .checkpoint_size import measure, stored_bytes
from .flags import Told, fold_flags
from .quantization import Quantization, on_card, read_quantization
from .settings import (
    Settings,
    is_first_mla,
    model_dtype,
    pick_card,
    read_settings,
    resolve_release,
)
from .shape.model_shape import ModelShape
from .shape.reader import read_shape

_ANY_GPU = Gpu(product=None, memory_gib=None, count=None)


@dataclass(frozen=True)
class Case:
    """One model with its settings, and what the checkpoint's real size says about the formulas.

    ``files_bytes``: size of the checkpoint's files, None if not known; ``scale`` and
    ``draft_bytes``: see ``checkpoint_size.Measured``. ``blind``: see ``flags.Told``. ``gpu``: as
    it was asked for.
    """

    shape: ModelShape
    quant: Quantization
    settings: Settings
    told: Told
    version: str | None
    weights_bytes: int | None
    files_bytes: float | None
    scale: float = 1.0
    draft_bytes: float | None = None
    blind: tuple[str, ...] = ()
    gpu: Gpu = _ANY_GPU


def read_case(
    model: Model, gpu: Gpu | None, version: str | None, tensors: Sequence[Tensor] = ()
) -> Case:
    """Resolve a model; ``gpu`` and ``version`` win over its own. Raises ValueError."""
    told = fold_flags(model)
    model = told.model
    dtype = model_dtype(model)
    try:
        shape = read_shape(model.config)
        quant = read_quantization(model.config, model.quantization, dtype)
        files = read_quantization(model.config, None, dtype)
    except RecursionError as error:
        raise ValueError("config nests without end") from error
    if shape.mla and is_first_mla(resolve_release(model, version)):
        shape = replace(shape, mla=replace(shape.mla, fused=True))
    given, own = gpu or _ANY_GPU, model.gpu
    # A card that is given replaces the model's as a whole: half of each would be a third card.
    chosen = given if given.product or given.memory_gib else own
    card = pick_card(model, chosen.product, chosen.memory_gib)
    settings = read_settings(told, shape, quant, version=version, card=card)
    size = model.weights_bytes
    measured = measure(shape, files, size, tensors)
    # With --language-model-only the encoder is not loaded.
    loaded = replace(measured.shape, extra_params=0) if settings.text_only else measured.shape
    kept = on_card(quant, card.capability if card else 0, settings.release)
    return Case(
        loaded,
        # Without text to write there is no output matrix (models/adapters.py).
        replace(kept, head=0.0) if told.pools else kept,
        settings,
        told,
        version,
        weights_bytes=size,
        files_bytes=stored_bytes(shape, files) if size is None else size,
        scale=measured.scale,
        draft_bytes=measured.draft_bytes,
        blind=told.blind,
        gpu=replace(chosen, count=given.count or own.count),
    )


def retold(case: Case, **keys: Any) -> Case:
    """The case of the same checkpoint and card if the model had other keys."""
    fit_length = case.told.fit_length and "max_model_len" not in keys
    told = replace(case.told, model=replace(case.told.model, **keys), fit_length=fit_length)
    settings = read_settings(
        told, case.shape, case.quant, version=case.version, card=case.settings.card
    )
    return replace(case, told=told, settings=settings)
