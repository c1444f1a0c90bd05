# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Reading models: what is taken, and one clear error for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import (
    parse_model,
    parse_models,
)


def model(**keys: Any) -> dict[str, Any]:
    return {"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}


def errors_of(*raw: Any) -> dict[str, str]:
    with pytest.raises(FindingsError) as caught:
        parse_models(list(raw))
    return {
        found.subject: found.line.removeprefix(f"{found.subject}: ")
        for found in caught.value.findings
    }


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
    with pytest.raises(FindingsError, match="a list with at least one model"):
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
        ({"max_model_len": 10**400}, "max_model_len", "0000 is not allowed; give a whole number"),
        ({"max_model_len": "9" * 400}, "max_model_len", "from 1 to 1000000000000000"),
        ({"tensor_parallel_size": 10**5000}, "tensor_parallel_size", "thousands of digits"),
        ({"weights_bytes": 1e300}, "weights_bytes", "from 1 to 1000000000000000"),
        ({"replicas": float("inf")}, "replicas", "inf is not allowed"),
        ({"block_size": 2**40}, "block_size", "from 1 to 1048576"),
        ({"dtype": "foo16"}, "dtype", "one of auto, half"),
        ({"vllm_version": 0.32}, "vllm_version", "0.32 is not allowed; give a string in quotes"),
        ({"vllm_version": 0.32}, "vllm_version", "as in '0.32'"),
        ({"vllm_version": True}, "vllm_version", "a non-empty string"),
        ({"revision": 1234567}, "revision", "as in '1234567'"),
        ({"env": {"A": 10**5000}}, "env.A", "thousands of digits is not allowed"),
        ({"probes": {"period_seconds": "x"}}, "probes.period_seconds", "a number above 0"),
        ({"accelerator": "tpu"}, "accelerator", "one of nvidia, amd, cpu"),
        ({"enforce_eager": "maybe"}, "enforce_eager", "true or false"),
        ({"extra_args": "--x"}, "extra_args", "a list"),
        ({"env": [{"value": "1"}]}, "env[0].name", "an EnvVar needs a name"),
        ({"env": {"A": []}}, "env.A", "a string or a number"),
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
        (
            {"pod_security_context": {"runAsUser": "root"}},
            "pod_security_context.runAsUser",
            "'root' is not allowed; give a whole number",
        ),
        ({"pod_security_context": {"runAsGroup": -1}}, "pod_security_context.runAsGroup", "-1 is"),
        ({"accelerator": "cpu", "gpu": {"count": 1}}, "gpu.count", "leave it out"),
        ({"autoscaling": {"enabled": True}}, "autoscaling", "is not supported by this version"),
        ({"hf_token_secret": {"key": "x"}}, "hf_token_secret.name", "is missing"),
    ],
)
def test_one_mistake(keys: dict[str, Any], path: str, message: str) -> None:
    errors = errors_of(model(**keys))
    assert list(errors) == [f"vllm_models[0].{path}"]
    assert message in errors[f"vllm_models[0].{path}"]


@pytest.mark.parametrize(
    "key",
    [
        "gpu.memory_gib", "kv_cache_memory_gib", "gpu_memory_utilization", "storage.size_gib",
        "storage.read_gib_per_second", "storage.download_gib_per_second", "startup.max_seconds",
        "probes.period_seconds", "probes.timeout_seconds", "probes.initial_delay_seconds",
        "probes.drain_seconds",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "value",
    [1e300, 1e308, pytest.param(10**400, id="1e400"), float("inf"), float("nan"), -1, "much"],
)
def test_numbers_that_no_machine_has(key: str, value: Any) -> None:
    outer, dummy, inner = key.partition(".")
    errors = errors_of(model(**{outer: {inner: value} if inner else value}))
    assert list(errors) == [f"vllm_models[0].{key}"]
    assert "is not allowed; give a" in errors[f"vllm_models[0].{key}"]


def test_large_numbers_keep_their_last_digit() -> None:
    assert parse_model(model(weights_bytes=2**49 + 1)).weights_bytes == 2**49 + 1
    assert parse_model(model(max_model_len="4e3", replicas=-0.0)).max_model_len == 4000


def test_a_further_check_is_told_with_the_other_mistakes() -> None:
    def check(read: Any) -> list[tuple[str, str]]:
        return [("config.a", "is odd"), ("", "is late")] if read.config else []

    with pytest.raises(FindingsError) as caught:
        parse_models([model(replicas=-1), model(name="b", config={"a": 1})], check=check)
    assert [error.line for error in caught.value.findings] == [
        "vllm_models[0].replicas: -1 is not allowed; give a whole number of at least 0",
        "vllm_models[1].config.a: is odd",
        "vllm_models[1]: is late",
    ]
