# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a plan was made from, as a digest: a plan counts only for the words that it was made for."""

from __future__ import annotations

import hashlib
import json

from ..spec.inputs import sizing_inputs
from ..spec.model import Model


def inputs_digest(model: Model) -> str:
    """A short sum over the user's words that decide a size."""
    words = json.dumps(sizing_inputs(model), sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:16]
