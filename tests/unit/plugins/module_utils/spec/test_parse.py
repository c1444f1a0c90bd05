# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Reading models: what is taken, and one clear error for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.spec.errors import SpecErrors
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import (
    parse_model,
    parse_models,
)


def model(**keys: Any) -> dict[str, Any]:
    return {"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}


def errors_of(*raw: Any) -> dict[str, str]:
    with pytest.raises(SpecErrors) as caught:
        parse_models(list(raw))
    return {error.path: error.message for error in caught.value.errors}


def test_a_name_and_a_model_are_enough() -> None:
    (read,) = parse_models([model()])
    assert read.served_name == "Qwen/Qwen3-8B"
    assert read.server_image == "vllm/vllm-openai:v0.32.0"
    assert (read.run_as_user, read.run_as_group, read.gpus_per_pod) == (2000, 0, 1)


def test_a_path_is_served_under_the_models_name() -> None:
    read = parse_model(model(model="/models/x", storage={"host_path": "/data/x/"}))
    assert read.served_name == "qwen"
    assert read.mount_path == "/models/x"
    assert read.storage.host_path == "/data/x"
    assert read.volume_is_read_only


def test_null_counts_as_left_out() -> None:
    assert parse_model(model(max_model_len=None, storage=None)) == parse_model(model())


def test_digits_and_words_as_text_are_taken() -> None:
    read = parse_model(
        model(max_model_len="4096", enforce_eager="yes", gpu_memory_utilization="0.8")
    )
    assert (read.max_model_len, read.enforce_eager, read.gpu_memory_utilization) == (
        4096,
        True,
        0.8,
    )


def test_env_is_a_mapping_or_a_list() -> None:
    wanted = [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]
    assert parse_model(model(env={"A": 1, "B": True})).env == wanted
    assert parse_model(model(env=wanted)).env == wanted


def test_every_mistake_is_named_at_once() -> None:
    errors = errors_of(
        model(max_modle_len=1, replicas="two", storage={"sise_gib": 1}),
        {"name": "Bad Name"},
        "just a text",
    )
    assert errors == {
        "vllm_models[0].max_modle_len": "unknown key; did you mean `max_model_len`?",
        "vllm_models[0].replicas": "'two' is not allowed; give a whole number of at least 0",
        "vllm_models[0].storage.sise_gib": "unknown key; did you mean `size_gib`?",
        "vllm_models[1].name": "'Bad Name' is not allowed; give a name of at most 63 lower-case"
        " letters, digits and '-', that starts with a letter",
        "vllm_models[1].model": "is missing; it has no default",
        "vllm_models[2]": "'just a text' is not allowed; give a mapping",
    }


@pytest.mark.parametrize("raw", [None, [], "qwen", {"name": "qwen"}, 3])
def test_no_list_of_models_is_an_error(raw: Any) -> None:
    with pytest.raises(SpecErrors, match="a list with at least one model"):
        parse_models(raw)


def test_two_models_with_one_name() -> None:
    assert errors_of(model(), model()) == {
        "vllm_models[1].name": "'qwen' is the name of vllm_models[0] too; rename one",
    }


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ({"replicas": True}, "replicas", "True is not allowed"),
        ({"replicas": 1.5}, "replicas", "1.5 is not allowed"),
        ({"replicas": -1}, "replicas", "-1 is not allowed"),
        ({"max_model_len": "4k"}, "max_model_len", "'4k' is not allowed"),
        ({"gpu_memory_utilization": 1.01}, "gpu_memory_utilization", "at most 1"),
        ({"gpu_memory_utilization": float("nan")}, "gpu_memory_utilization", "nan is not"),
        ({"accelerator": "tpu"}, "accelerator", "one of nvidia, amd, cpu"),
        ({"enforce_eager": "maybe"}, "enforce_eager", "true or false"),
        ({"extra_args": "--x"}, "extra_args", "a list"),
        ({"env": [{"value": "1"}]}, "env[0].name", "an EnvVar needs a name"),
        ({"env": {"A": []}}, "env.A", "a text or a number"),
        ({"storage": {"host_path": "data"}}, "storage.host_path", "an absolute path"),
        ({"storage": {"host_path": "/a/../b"}}, "storage.host_path", "without '..'"),
        ({"storage": {"access_modes": ["RWO"]}}, "storage.access_modes[0]", "ReadWriteOnce"),
        ({"storage": {"host_path": "/a", "claim_name": "b"}}, "storage", "give one"),
        ({"storage": {"node": "a"}}, "storage.node", "give host_path too"),
        ({"storage": {"claim_name": "b", "size_gib": 1}}, "storage.claim_name", "leave those out"),
        ({"storage": {"size_gib": 1}, "replicas": 2}, "storage.access_modes", "ReadWriteMany"),
        ({"model": "/x"}, "storage", "no volume holds it"),
        (
            {"model": "/x/y", "storage": {"host_path": "/a", "mount_path": "/x/z"}},
            "storage.mount_path",
            "at or above the model",
        ),
        ({"probes": {"timeout_seconds": 11}}, "probes.timeout_seconds", "would overlap"),
        ({"accelerator": "cpu", "gpu": {"count": 1}}, "gpu.count", "leave it out"),
        ({"autoscaling": {"enabled": True}}, "autoscaling", "is not supported by this version"),
        ({"hf_token_secret": {"key": "x"}}, "hf_token_secret.name", "is missing"),
    ],
)
def test_one_mistake(keys: dict[str, Any], path: str, message: str) -> None:
    errors = errors_of(model(**keys))
    assert list(errors) == [f"vllm_models[0].{path}"]
    assert message in errors[f"vllm_models[0].{path}"]
