# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shipped catalogue: shapes of well-known checkpoints, for planning without a network."""

from __future__ import annotations

import copy

from .catalogue_dense import DENSE
from .catalogue_more import MORE
from .catalogue_shapes import SHAPES
from .result import Checkpoint

CATALOGUE = {**SHAPES, **DENSE, **MORE}
# The Hub does not tell upper case from lower case in the names of models either.
_NAMES = {name.casefold(): name for name in CATALOGUE}


def read_catalogue(name: str, revision: str | None = None) -> Checkpoint | None:
    """The shape of a model by its name on the Hub; None when it is not in the catalogue."""
    known = _NAMES.get(name.casefold())
    if known is None:
        return None
    shape = CATALOGUE[known]
    notes = [f"shape of {known} from the shipped catalogue ({shape.origin})"]
    if revision is not None:
        notes.append(f"the catalogue knows no revisions: {revision[:100]} was not looked at")
    return Checkpoint(
        "catalogue", copy.deepcopy(shape.config), shape.weights_bytes, notes=tuple(notes)
    )
