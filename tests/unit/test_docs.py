# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages that people write must name every key that the code reads."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from ansible_collections.llmops.vllm.plugins.module_utils.spec import model

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def test_every_key_of_a_model_is_documented() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE.read_text(encoding="utf-8")))
    sections = (model.Model, model.Storage, model.Startup, model.Probes, model.Check, model.Service)
    keys = {entry.name for section in sections for entry in fields(section)}
    assert keys <= words, f"undocumented: {sorted(keys - words)}"
