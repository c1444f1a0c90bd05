# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages that people write must name every key that the code reads."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.spec import model

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "models.md"


def test_every_key_of_a_model_is_documented() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE.read_text(encoding="utf-8")))
    sections = (model.Model, model.Storage, model.Startup, model.Probes, model.Check, model.Service)
    keys = {entry.name for section in sections for entry in fields(section)}
    assert keys <= words, f"undocumented: {sorted(keys - words)}"


QUOTED = re.compile(r"<!-- from: (\S+) -->\n```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(
    ("file", "code"), QUOTED.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
)
def test_what_contributing_quotes_stands_in_the_code(file: str, code: str) -> None:
    assert (ROOT / file).read_text(encoding="utf-8").count(code) == 1


def test_contributing_quotes_the_code() -> None:
    """None would be checked if the form of the quotes changed."""
    assert len(QUOTED.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))) == 8
