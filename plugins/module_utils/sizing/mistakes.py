# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is impossible in a model's own words, found before anything is looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..spec.model import Model
from .case import read_case

# How the messages of the sizing begin: the key, then what is wrong with it.
_KEY = re.compile(r"(config(?:\.\w+)*|quantization|extra_args|env):? (.*)", re.DOTALL)
_MOST = 20


def find_mistakes(model: Model) -> list[tuple[str, str]]:
    """Keys of the model (such as ``config.hidden_size``, or none) and what is wrong with them.

    Of a configuration with several bad values all are found. One that contradicts itself is told
    only when each value is right by itself: another value may be the reason.
    """
    found: list[tuple[str, str]] = []
    while len(found) < _MOST:
        try:
            read_case(model, None, None)
        except ValueError as error:
            key, message = _parted(str(error))
            is_value = key.startswith("config.") and message.startswith("is ")
            if found and not is_value:
                break
            found.append((key, message))
            config = _without(model.config, key.rpartition(".")[2])
            if not is_value or config == model.config:
                break
            model = replace(model, config=config)
        else:
            break
    return found


def _parted(message: str) -> tuple[str, str]:
    match = _KEY.match(message)
    return (match.group(1), match.group(2)) if match else ("", message)


def _without(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The configuration without a field, wherever it lies."""
    return {
        key: _without(value, name) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key != name
    }
