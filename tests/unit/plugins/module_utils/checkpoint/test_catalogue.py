# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shipped catalogue."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint import catalogue
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import (
    CATALOGUE,
    read_catalogue,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

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
    assert (shape.missing_fields, shape.doubts) == ((), ())


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


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("google/gemma-3-4b-it", 0.42e9),
        ("google/gemma-3-27b-it", 0.42e9),
        ("mistralai/Mistral-Small-3.1-24B-Instruct-2503", 0.44e9),
        ("mistralai/Mistral-Small-3.2-24B-Instruct-2506", 0.44e9),
        ("nvidia/Gemma-4-31B-IT-NVFP4", 0.57e9),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 0.86e9),
        ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", 0.86e9),
        ("Qwen/Qwen2.5-VL-32B-Instruct", 0.69e9),
    ],
)
def test_a_checkpoint_with_a_tower_has_its_weights(name: str, params: float) -> None:
    # Sizes that the model cards name for tower and projector.
    assert read_shape(CATALOGUE[name].config).extra_params == pytest.approx(params, rel=0.03)


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_entry_has_a_tower_without_sizes(name: str) -> None:
    config = CATALOGUE[name].config
    assert config.get("vision_config") != {}
    if "ForConditionalGeneration" in config.get("architectures", [""])[0]:
        assert read_shape(config).extra_params > 0.1e9


@pytest.mark.parametrize("name", CATALOGUE)
def test_shapes_are_plain_and_plausible(name: str) -> None:
    found = read_catalogue(name.upper())
    assert found is not None
    assert json.loads(json.dumps(found.config)) == found.config
    config = found.config | found.config.get("text_config", {})
    numbers = {
        key: value
        for key, value in config.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    # Of these Gemma 4 says that it has none.
    none = {"hidden_size_per_layer_input", "num_kv_shared_layers"}
    assert {key for key, value in numbers.items() if value <= 0} <= none
    assert config["num_hidden_layers"] > 0
    if "layer_types" in config:
        assert len(config["layer_types"]) == config["num_hidden_layers"]
    if {"num_key_value_heads", "num_attention_heads"} <= config.keys():
        assert config["num_attention_heads"] % config["num_key_value_heads"] == 0


def test_a_shape_that_is_changed_by_its_reader_stays_in_the_catalogue() -> None:
    first = read_catalogue("google/gemma-3-27b-it")
    assert first is not None
    first.config["text_config"]["layer_types"].clear()
    second = read_catalogue("google/gemma-3-27b-it")
    assert second is not None
    assert second.config["text_config"]["layer_types"].count("full_attention") == 10
    assert second.weights_bytes == 2 * 27425663808


def test_the_entries_are_published() -> None:
    galaxy = yaml.safe_load((EXAMPLE.parents[2] / "galaxy.yml").read_text(encoding="utf-8"))
    files = [path.name for path in Path(catalogue.__file__).parent.glob("catalogue_data/*")]
    assert len(files) == len(CATALOGUE)
    ignored = galaxy["build_ignore"]
    assert not [name for name in files for pattern in ignored if fnmatch.fnmatch(name, pattern)]
