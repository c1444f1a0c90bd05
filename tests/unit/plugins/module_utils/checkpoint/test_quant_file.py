# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The file beside config.json that says the quantization, in a directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.directory import read_directory
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.quant_file import (
    QUANT_LIMIT_BYTES,
    QUANT_NAME,
    wants_quantization,
    with_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    CheckpointError,
    CheckpointMissing,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look import script

from .files import CONFIG, MODELOPT, single, write

LAYERS = {"model.layers.0.mlp.up_proj": {"quant_algo": "FP8"}}
MIXED = {"quant_algo": "MIXED_PRECISION", "quant_method": "modelopt"}
BROKEN = {
    "no-json": (b"{'a'}", "not JSON"),
    "empty": (b"", "not JSON"),
    "list": (b"[1]", "must be a JSON object, not a list"),
    "text": (b'{"a": "\xff"}', "not UTF-8 text at byte 7"),
    "deep": (b'{"a":' * 200_000, "nests more than 64 levels"),
    "65": (b'{"a":' * 65 + b"1" + b"}" * 65, "nests more than 64 levels"),
    "huge": (b" " * (QUANT_LIMIT_BYTES + 1), f"larger than {QUANT_LIMIT_BYTES} bytes"),
}


def files(config: dict[str, Any], beside: bytes) -> dict[str, bytes]:
    return single() | {"config.json": json.dumps(config).encode(), QUANT_NAME: beside}


def test_a_config_without_quantization_takes_it_from_beside(tmp_path: Path) -> None:
    found = read_directory(write(tmp_path, files(CONFIG, json.dumps(MODELOPT).encode())))
    assert found.config == CONFIG | {"quantization_config": MODELOPT}
    assert found.notes[-1] == "its quantization is that of hf_quant_config.json"


def test_a_config_that_says_it_wins(tmp_path: Path) -> None:
    config = CONFIG | {"quantization_config": {"quant_method": "fp8"}}
    found = read_directory(write(tmp_path, files(config, b"broken, and not read")))
    assert found.config == config
    assert found.notes == (f"read from {tmp_path}",)


def test_the_layers_of_a_mixed_checkpoint_may_be_beside(tmp_path: Path) -> None:
    beside = {"quantization": {"quant_algo": "other", "quantized_layers": LAYERS}}
    config = CONFIG | {"quantization_config": MIXED}
    found = read_directory(write(tmp_path, files(config, json.dumps(beside).encode())))
    assert found.config["quantization_config"] == MIXED | beside


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, True),
        ({"quantization_config": None}, True),
        ({"quantization_config": {}}, False),
        ({"quantization_config": []}, False),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, False),
        ({"quantization_config": {"quant_algo": 5}}, False),
        ({"quantization_config": MIXED}, True),
        ({"quantization_config": {"quant_algo": "mixed_precision"}}, True),
        ({"quantization_config": MIXED | {"quantized_layers": LAYERS}}, False),
    ],
)
def test_when_the_file_is_wanted(config: dict[str, Any], wanted: bool) -> None:
    assert wants_quantization(config) is wanted
    # The pod's script has a copy of the rule.
    text = json.dumps(config)
    for data in (text.encode(), text.encode("utf-8-sig")):
        assert script.wants_quantization(data) is wanted


def test_the_own_words_of_a_config_stay() -> None:
    config = {"a": 1, "quantization_config": {"quant_algo": "X"}}
    merged = with_quantization(config, {"quant_algo": "Y", "more": 2})
    assert merged == {"a": 1, "quantization_config": {"quant_algo": "X", "more": 2}}
    assert config == {"a": 1, "quantization_config": {"quant_algo": "X"}}


@pytest.mark.parametrize(("data", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(CheckpointError) as raised:
        read_directory(write(tmp_path, files(CONFIG, data)))
    assert message in str(raised.value)
    assert str(tmp_path / QUANT_NAME) in str(raised.value)
    assert not isinstance(raised.value, CheckpointMissing)


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, single())
    os.mkfifo(tmp_path / QUANT_NAME)
    with pytest.raises(CheckpointError, match="must be a file, and is a pipe"):
        read_directory(tmp_path)
