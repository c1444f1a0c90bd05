# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shipped catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import (
    CATALOGUE,
    read_catalogue,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape import read_shape

EXAMPLE = Path(__file__).resolve().parents[5] / "inventories" / "example" / "hosts.yml"
HOSTS = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["vllm_clusters"]["hosts"]
MODELS = [model for host in HOSTS.values() for model in host["vllm_models"]]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["name"])
def test_the_example_is_planned_without_a_network(model: dict[str, Any]) -> None:
    config = model.get("config")
    if config is None:
        found = read_catalogue(model["model"])
        assert found is not None
        config = found.config
    shape = read_shape(config)
    assert (shape.missing, shape.doubts) == ((), ())


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_entry_names_its_origin_and_is_a_copy(name: str) -> None:
    found = read_catalogue(name.upper())
    assert found is not None
    assert CATALOGUE[name].origin in found.notes[0]
    assert found.config == CATALOGUE[name].config
    found.config["num_hidden_layers"] = 0
    again = read_catalogue(name)
    assert again is not None
    assert again.config == CATALOGUE[name].config
