# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Small configs of many families, and the bytes that vLLM's own classes allocate for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_DATA = yaml.safe_load(Path(__file__).with_name("vllm_parameters.yml").read_text(encoding="utf-8"))


def _config(entry: dict[str, Any]) -> dict[str, Any]:
    if "config" in entry:
        return dict(entry["config"])
    without = entry.get("without", [])
    base = {key: value for key, value in _DATA["base"].items() if key not in without}
    return {**base, **entry["change"]}


CONFIGS: dict[str, dict[str, Any]] = {
    name: _config(entry) for name, entry in _DATA["families"].items()
}
# By family and tensor parallel size.
BYTES: dict[str, dict[int, int]] = {
    name: entry["bytes"] for name, entry in _DATA["families"].items()
}
