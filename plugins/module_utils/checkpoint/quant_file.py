# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The second file of ModelOpt's checkpoints, which says what config.json does not: the formats.

The server looks for it where config.json has no ``quantization_config`` and takes the whole of it
for that (get_config in vllm/transformers_utils/config.py, 0.11 to 0.33), and where the layers of a
mixed checkpoint are not listed (get_quant_config in model_loader/weight_utils.py, 0.19 to 0.33).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config_file import read_json_object
from .result import CheckpointError

QUANT_NAME = "hf_quant_config.json"
QUANT_NOTE = f"its quantization is that of {QUANT_NAME}"
# A mixed checkpoint lists every matrix of every expert: 22,000 of them take 3 MB.
QUANT_LIMIT_BYTES = 16 * 2**20
_MIXED = "MIXED_PRECISION"


def wants_quantization(config: Mapping[str, Any]) -> bool:
    """Whether the server looks for the second file beside this config."""
    stored = config.get("quantization_config")
    if not isinstance(stored, Mapping):
        return stored is None
    algo, layers = stored.get("quant_algo"), stored.get("quantized_layers")
    return isinstance(algo, str) and algo.upper() == _MIXED and layers is None


def with_quantization(config: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The config with what the second file says; the config's own words stay."""
    own = config.get("quantization_config")
    said = {**found, **own} if isinstance(own, Mapping) else dict(found)
    return {**config, "quantization_config": said}


def quantization_beside(directory: Path, config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The second file in a directory; None where it is not wanted or not there.

    Raises CheckpointError when it is there and cannot be used.
    """
    path = directory / QUANT_NAME
    try:
        if not wants_quantization(config) or not path.exists():
            return None
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or 'cannot be read'}") from None
    return read_json_object(path, QUANT_LIMIT_BYTES)
