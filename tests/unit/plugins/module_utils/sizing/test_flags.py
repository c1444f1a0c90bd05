# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What extra_args, a command and the environment say beside a model's keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.flags import (
    fold_flags,
    read_flags,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.flags import readable_int
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

MTP = {"method": "mtp", "num_speculative_tokens": 2}
L4 = {"product": "L4"}
GAP = {key: value for key, value in LLAMA.items() if key != "vocab_size"}
HYBRID = {
    **LLAMA,
    "model_type": "qwen3_5_text",
    "full_attention_interval": 4,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
}


def plan(*extra_args: str, **model: Any) -> dict[str, Any]:
    return memory_plan({"config": LLAMA, "gpu": L4, **model, "extra_args": list(extra_args)})


def folded(*extra_args: str, **model: Any) -> Any:
    raw = {"name": "a", "model": "a/b", "config": LLAMA, **model, "extra_args": list(extra_args)}
    return fold_flags(parse_model(raw))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        (["--tensor-parallel-size", "4"], "tensor_parallel_size", 4),
        (["-tp", "4"], "tensor_parallel_size", 4),
        (["-tp=4"], "tensor_parallel_size", 4),
        (["-pp", "2"], "pipeline_parallel_size", 2),
        (["--data_parallel_size=3"], "data_parallel_size", 3),
        (["-dp", "3"], "data_parallel_size", 3),
        (["-ep"], "enable_expert_parallel", True),
        (["--max-model-len", "8k"], "max_model_len", 8000),
        (["--max_model_len=8K"], "max_model_len", 8192),
        (["--max-model-len 4096"], "max_model_len", 4096),
        (["--max-model-len", "4096", "--max-model-len=2048"], "max_model_len", 2048),
        (["--max-num-seqs", "8"], "max_num_seqs", 8),
        (["--max-num-batched-tokens", "2k"], "max_num_batched_tokens", 2000),
        (["--gpu-memory-utilization", "0.5"], "gpu_memory_utilization", 0.5),
        (["--kv-cache-memory-bytes", "2G"], "kv_cache_memory_gib", 2.0),
        (["--kv-cache-dtype", "fp8"], "kv_cache_dtype", "fp8"),
        (["--block-size", "32"], "block_size", 32),
        (["--dtype", "float32"], "dtype", "float32"),
        (["-q", "fp8"], "quantization", "fp8"),
        (["--quantization=fp8"], "quantization", "fp8"),
        (["--enforce-eager"], "enforce_eager", True),
        (["--enforce-eager", "--no-enforce-eager"], "enforce_eager", False),
        (["--no-enforce-eager", "--enforce-eager"], "enforce_eager", True),
        (["--enable-prefix-caching"], "enable_prefix_caching", True),
        (["--no-enable-prefix-caching"], "enable_prefix_caching", False),
        (["--speculative-config", json.dumps(MTP)], "speculative_config", MTP),
        (
            ["--speculative-config.method", "mtp", "--speculative_config.num_speculative_tokens=2"],
            "speculative_config",
            MTP,
        ),
        (["--speculative-config", "None"], "speculative_config", {}),
        (["--spec-method", "mtp", "--spec-tokens", "2"], "speculative_config", MTP),
    ],
)
def test_flags_are_read_as_keys(arguments: list[str], key: str, value: Any) -> None:
    told = folded(*arguments)
    assert getattr(told.model, key) == value
    assert told.blind == ()


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        (["--max-model-len=8192"], "max_model_len", 131072),
        (["--kv-cache-dtype", "fp8", "--max-model-len=8192"], "kv_cache_dtype", "bfloat16"),
        (["-tp", "4"], "tensor_parallel_size", 1),
        (["--gpu-memory-utilization", "0.8"], "gpu_memory_utilization", 0.9),
        (["--no-enforce-eager"], "enforce_eager", True),
    ],
)
def test_flags_win_over_keys(arguments: list[str], key: str, value: Any) -> None:
    assert plan(*arguments, **{key: value}) == plan(*arguments)
    assert plan(*arguments, **{key: value}) != plan(**{key: value})


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("1k", 1000), ("1K", 1024), ("25.6k", 25600), ("2M", 2**21)]
)
def test_numbers_as_vllm_writes_them(text: str, number: int) -> None:
    assert readable_int(text) == number


@pytest.mark.parametrize("text", ["", "x", "1.5K", "0", "-3", "9" * 5000, "9" * 400 + "t", "1e3"])
def test_what_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        readable_int(text)


@pytest.mark.parametrize("value", ["auto", "AUTO", "-1"])
def test_auto_takes_the_longest_context_that_fits(value: str) -> None:
    assert not plan()["fits"]
    found = plan("--max-model-len", value)
    assert found["fits"]
    assert found["confidence"] == plan()["confidence"]
    assert found["kv_cache"]["request_tokens"] == plan()["max_model_len_that_fits"]
    assert found["max_model_len_that_fits"] == plan()["max_model_len_that_fits"]
    assert 1 <= found["kv_cache"]["max_concurrency"] < 1.01
    assert plan("--max-model-len", value, max_model_len=131072) == found
    roomy = plan("--max-model-len", value, gpu={"product": "H100"})
    assert roomy["kv_cache"]["request_tokens"] == 131072
    nothing = plan("--max-model-len", value, gpu={"memory_gib": 12})
    assert not nothing["fits"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-model-len", "long"],
        ["--max-num-seqs", "²"],
        ["--max-num-seqs", "0"],
        ["-tp", "many"],
        ["--gpu-memory-utilization", "1.5"],
        ["--gpu-memory-utilization", "nan"],
        ["--kv-cache-memory-bytes", "1.5G"],
        ["--dtype", "int3"],
        ["--speculative-config", "{"],
        ["--speculative-config", "[1]"],
        ["--spec-tokens", "x"],
        ["--enforce-eager=perhaps"],
        ["--tensor-parallel", "2"],
        ["--hf-overrides", '{"num_hidden_layers": 2}'],
        ["--hf-overrides.num_hidden_layers", "2"],
        ["--config", "file.yaml"],
        ["--num-gpu-blocks-override", "10"],
        ["--kv_cache_dtype_skip_layers", "0"],
        ["--revision", "other"],
        ["--disable-sliding-window"],
    ],
)
def test_what_cannot_be_read_makes_the_plan_unknown(arguments: list[str]) -> None:
    found = plan(*arguments, gpu={"memory_gib": 12}, tensor_parallel_size=3)
    assert found["confidence"] == "unknown"
    name = arguments[0].lstrip("-").partition("=")[0].partition(".")[0].replace("_", "-")
    assert f"extra_args: --{'tensor-parallel-size' if name == 'tp' else name}" in found["notes"][0]
    assert found["fits"]
    assert found["reasons"] == []
    assert found["host"]["memory_limit_gib"] is None
    assert found["kv_cache"]["tokens"] is None
    assert found["minimum_gpus"] is None


def test_flags_without_effect_on_memory_leave_the_plan_alone() -> None:
    args = ["--port", "9", "--api-key=x", "-", "--", "= ", "--trust-remote-code", "--seed", "-1"]
    assert plan(*args) == plan()


def test_a_command_of_the_users_own_says_nothing_of_our_keys() -> None:
    own = {"command": ["vllm", "serve", "a/b"], "tensor_parallel_size": 3}
    for config in (LLAMA, HYBRID):
        found = plan("--max-model-len", "x", **own, config=config, gpu={"memory_gib": 12})
        assert found["confidence"] == "unknown"
        assert "the command is the user's own" in found["notes"][0]
        assert found["fits"]
        assert found["reasons"] == []
        assert found["host"]["memory_limit_gib"] is None
        assert found["max_num_seqs"] is None
        assert found["per_gpu"]["kv_cache_gib"] is None
    assert plan(**own)["reasons"] == []
    assert plan(tensor_parallel_size=3)["reasons"]


def test_a_hybrid_model_whose_flags_are_not_known_gets_no_number() -> None:
    tight: dict[str, Any] = {"config": HYBRID, "gpu": {"memory_gib": 19.5}, "max_model_len": 4096}
    assert plan(**tight)["max_num_seqs"] is not None
    assert plan("--config", "f", **tight)["max_num_seqs"] is None


def test_flags_for_graphs_are_a_doubt_of_their_size() -> None:
    near: dict[str, Any] = {"max_model_len": 40000}
    assert not plan(**near)["fits"]
    found = plan("-cc.cudagraph_mode", "NONE", "-O0", **near)
    assert found["confidence"] == "estimate"
    assert "--compilation-config and --optimization-level" in found["notes"][0]
    assert found["fits"]
    assert not plan("-O0", max_model_len=131072)["fits"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kv-transfer-config", "{}"],
        ["--kv-transfer-config.kv_connector", "x"],
        ["--enable-sleep-mode"],
        ["--load-format", "runai_streamer"],
        ["--api-server-count=4"],
    ],
)
def test_host_memory_that_nobody_can_tell_has_no_limit(arguments: list[str]) -> None:
    plain, found = plan(max_model_len=8192), plan(*arguments, max_model_len=8192)
    assert found["host"] == {**plain["host"], "memory_limit_gib": None}
    assert found["confidence"] == plain["confidence"]


def test_no_limit_beside_lmcache_or_without_a_shape() -> None:
    assert plan(env={"OTHER": "1"})["host"]["memory_limit_gib"] is not None
    assert plan(env={"LMCACHE_CHUNK_SIZE": "1"})["host"]["memory_limit_gib"] is None
    assert plan("--load-format", "safetensors")["host"]["memory_limit_gib"] is not None
    assert plan(config=GAP, weights_bytes=2**34)["host"]["memory_limit_gib"] is None
    odd = {**LLAMA, "model_type": "odd"}
    assert plan(config=odd, weights_bytes=2**34)["host"]["memory_limit_gib"] is None


@pytest.mark.parametrize(
    ("arguments", "model", "more"),
    [
        (["--kv-offloading-size", "64"], {}, 64),
        (["--kv-offloading-size", "64"], {"tensor_parallel_size": 2}, 64),
        (["--kv-offloading-size", "64"], {"data_parallel_size": 2}, 128),
        (["--swap-space", "16"], {"tensor_parallel_size": 2}, 32),
        (["--cpu-offload-gb", "10"], {"tensor_parallel_size": 1}, 10),
        (["--cpu-offload-gb", "5"], {"tensor_parallel_size": 2}, 10),
        (["--cpu-offload-gb", "100"], {}, 15),
    ],
)
def test_host_memory_for_what_leaves_the_gpu(
    arguments: list[str], model: dict[str, Any], more: float
) -> None:
    plain, found = plan(**model)["host"], plan(*arguments, **model)["host"]
    for key in ("memory_request_gib", "memory_limit_gib"):
        assert found[key] > max(16.0, plain["memory_request_gib"])
    assert found["memory_request_gib"] == pytest.approx(plain["memory_request_gib"] + more, abs=0.2)


def test_the_first_engine_swaps_unless_told_otherwise() -> None:
    new, old = (plan(vllm_version=version)["host"] for version in ("0.8.0", "0.6.3"))
    assert old["memory_request_gib"] == new["memory_request_gib"] + 4
    none = plan("--swap-space=0", vllm_version="0.6.3")["host"]
    assert none["memory_request_gib"] == new["memory_request_gib"]


def test_no_more_than_the_weights_is_offloaded() -> None:
    found = plan("--cpu-offload-gb", "100")
    assert found["per_gpu"]["weights_gib"] == 0
    assert plan("--cpu-offload-gb=4")["per_gpu"]["weights_gib"] == pytest.approx(10.99, abs=0.01)


@pytest.mark.parametrize("flag", ["cpu-offload-gb", "kv-offloading-size", "mm-processor-cache-gb"])
@pytest.mark.parametrize("value", ["inf", "nan", "-5", "1e400", "much", ""])
def test_sizes_of_the_host_that_are_none_are_errors(flag: str, value: str) -> None:
    with pytest.raises(AnsibleFilterError, match=rf"extra_args: --{flag} is .*GiB, 0 or more"):
        plan(f"--{flag}={value}")


def test_more_ranks_than_any_cluster_has_are_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="at most 10000"):
        plan("-pp", "1000000000")


def on_cpu(*extra_args: str, **model: Any) -> dict[str, Any]:
    return plan(*extra_args, accelerator="cpu", max_model_len=4096, **model)


def test_on_a_cpu_weights_count_as_they_are_loaded_for_each_copy() -> None:
    plain = on_cpu(kv_cache_memory_gib=4)
    request = plain["host"]["memory_request_gib"]
    assert request == pytest.approx(4 + 14.99 + 7.5, abs=0.1)
    wide = on_cpu("--dtype", "float32", kv_cache_memory_gib=4)["host"]["memory_request_gib"]
    assert wide == pytest.approx(request + 14.96, abs=0.1)
    two = on_cpu("-dp", "2", kv_cache_memory_gib=4)["host"]["memory_request_gib"]
    assert two == pytest.approx(2 * (4 + 14.99) + 4 + 7 + 0.65, abs=0.1)


def test_on_a_cpu_the_environment_wins_over_the_key() -> None:
    space = {"VLLM_CPU_KVCACHE_SPACE": "40"}
    found = on_cpu(env=space, kv_cache_memory_gib=4)
    assert found["per_gpu"]["kv_cache_gib"] == 40
    assert found == on_cpu(env=space)
    for nothing in ("0", ""):
        empty = on_cpu(env={"VLLM_CPU_KVCACHE_SPACE": nothing}, kv_cache_memory_gib=4)
        assert empty["per_gpu"]["kv_cache_gib"] is None
    # A whole number goes by the environment, which beats the flag there.
    assert (
        on_cpu("--kv-cache-memory-bytes=8G", kv_cache_memory_gib=4)["per_gpu"]["kv_cache_gib"] == 4
    )
    assert on_cpu("--kv-cache-memory-bytes=8G")["per_gpu"]["kv_cache_gib"] == 8


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "4.5", "much"])
def test_a_space_that_is_no_number_is_an_error(value: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"VLLM_CPU_KVCACHE_SPACE is .*GiB, 0 or more"):
        on_cpu(env={"VLLM_CPU_KVCACHE_SPACE": value})


def test_on_a_cpu_the_fix_names_what_there_is() -> None:
    (reason,) = plan(accelerator="cpu", kv_cache_memory_gib=4)["reasons"]
    assert reason["rule"] == "kv_cache"
    assert "kv_cache_memory_gib" in reason["fix"]
    assert "GPU" not in reason["fix"] + reason["message"]
    assert "gpu_memory" not in reason["fix"] + reason["message"]


def test_of_a_switch_and_its_opposite_the_last_counts() -> None:
    assert read_flags(["--a-b", "--no-a_b", "--x=1", "--x", "2"]) == {"no-a-b": "", "x": "2"}


@pytest.mark.parametrize(
    ("arguments", "pools"),
    [
        ([], False),
        (["--runner", "pooling"], True),
        (["--runner=generate", "--convert", "embed"], False),
        (["--runner", "auto"], False),
        (["--convert", "embed"], True),
        (["--convert", "classify"], True),
        (["--convert=none"], False),
        (["--task", "embed"], True),
        (["--task", "score"], True),
        (["--task", "generate"], False),
        (["--task", "auto"], False),
    ],
)
def test_a_server_that_writes_no_text_is_told(arguments: list[str], pools: bool) -> None:
    assert folded(*arguments).pools is pools
    assert not folded(*arguments).blind


@pytest.mark.parametrize(
    ("name", "pools"),
    [
        ("Qwen3ForCausalLM", False),
        ("Gemma3ForConditionalGeneration", False),
        ("InternVLChatModel", False),
        ("GPT2LMHeadModel", False),
        ("ChatGLMModel", False),
        ("LlamaModel", False),
        ("Qwen3Model", True),
        ("Qwen3ForSequenceClassification", True),
        ("LlamaForTokenClassification", True),
        ("Qwen2ForRewardModel", True),
        ("T5ForTextEncoding", True),
        ("Unheard", False),
    ],
)
def test_the_architecture_says_whether_a_model_writes_text(name: str, pools: bool) -> None:
    config = {**LLAMA, "architectures": [name]}
    assert folded(config=config).pools is pools
    assert folded("--runner", "generate", config=config).pools is False
    assert folded("--runner", "pooling", config=config).pools is True


@pytest.mark.parametrize("architectures", [None, [], "LlamaForCausalLM", [7], {"a": 1}])
def test_architectures_that_cannot_be_read_change_nothing(architectures: Any) -> None:
    assert folded(config={**LLAMA, "architectures": architectures}).pools is False
