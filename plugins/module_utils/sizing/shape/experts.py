# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The experts of a model, under the names that the families give to them."""

from __future__ import annotations

from dataclasses import dataclass

from .family import CHOSEN, EXPERTS, SHARED, SHARED_WIDTHS
from .fields import Fields


@dataclass(frozen=True)
class Moe:
    """A mixture of experts; ``shared`` is the width of the experts that always run.

    ``latent``: the experts' own hidden size, where they have one (nemotron_h.py). ``beside``:
    what always runs is a plain feed-forward part outside of the module of the experts.
    """

    experts: int
    top_k: int
    intermediate: int
    shared: int
    latent: int = 0
    beside: bool = False


def read_moe(fields: Fields) -> Moe | None:
    """The experts, or None for a dense model. Raises ValueError where the counts disagree."""
    experts = fields.integer(*EXPERTS, minimum=0)
    if not experts or not fields.flag("enable_moe_block", default=True):
        return None
    top_k = fields.integer(*CHOSEN, minimum=0) or 1
    if top_k > experts:
        raise ValueError(
            f"config contradicts itself: num_experts_per_tok {top_k} is above {experts} experts"
        )
    names = ("moe_intermediate_size", "expert_ffn_hidden_size")
    width = fields.integer(*names, minimum=0) or 0
    if not width and fields.family.experts_of_dense_width:
        width = fields.integer("intermediate_size", "ffn_hidden_size", minimum=0) or 0
    return Moe(
        experts=experts,
        top_k=top_k,
        intermediate=width,
        shared=_shared_width(fields, width),
        latent=fields.integer("moe_latent_size", minimum=0) or 0,
        beside=fields.family.experts_outside,
    )


def _shared_width(fields: Fields, width: int) -> int:
    """Width of what runs beside the chosen experts; ``width`` is that of an expert."""
    if fields.family.dense_beside_experts:
        return fields.integer("intermediate_size", minimum=0) or 0
    always = fields.integer(*SHARED, minimum=0)
    each = fields.integer("moe_shared_expert_intermediate_size", minimum=0)
    if each is not None:
        # nemotron_h.py and bailing_moe.py: so many experts of this width.
        return each * (1 if always is None else always)
    shared = fields.integer(*SHARED_WIDTHS, minimum=0)
    if shared is not None:
        return shared
    return width if fields.family.shared_like_expert else (always or 0) * width
