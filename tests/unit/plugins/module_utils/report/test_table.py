# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of plans: what it says, and that it stays within the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from sample_plans import (
    H100,
    LLAMA_70B,
    MODELS,
    awkward_plans,
    changed,
    plans_of,
    sample_plans,
)

from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import shown_plans
from ansible_collections.llmops.vllm.plugins.module_utils.report.table import plan_lines
from ansible_collections.llmops.vllm.plugins.module_utils.report.text import columns


def row(lines: list[str], name: str, number: int = 0) -> list[str]:
    """The cells behind a name in the first or second table."""
    return [line.split() for line in lines if line.startswith(f"{name} ")][number][1:]


def words_of(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_each_gpu_each_pod_and_the_verdict() -> None:
    plans = {plan.sources.name: plan for plan in sample_plans()}
    lines = plan_lines(list(plans.values()))
    plan = plans["llama-70b"].as_dict()
    gpu, host = plan["per_gpu"], plan["host"]
    keys = "weights_gib activation_gib cuda_graph_gib non_torch_gib kv_cache_gib".split()
    free = gpu["total_gib"] - sum(gpu[key] for key in keys)
    assert row(lines, "llama-70b") == ["2", *(f"{gpu[key]:.2f}" for key in keys), f"{free:.2f}"]
    request, limit = host["memory_request_gib"], host["memory_limit_gib"]
    assert row(lines, "llama-70b", 1) == [
        f"{plan['kv_cache']['tokens']:,}",
        f"{plan['kv_cache']['max_concurrency']:.1f}",
        f"{request:g}/{limit:g}",
        str(host["cpu"]),
        f"{host['shm_gib']:g}",
        str(plan["storage"]["claim_gib"]),
        "yes",
    ]
    assert row(lines, "llama-8b", 1)[-1] == "NO"
    assert row(lines, "in-house", 1)[-1] == "unknown"
    assert "nvidia-berlin - 6 models: 3 fit, 3 do not fit" in lines
    assert "amd-oslo - 3 models: 1 fits, 2 not known" in lines


def test_no_reason_fix_or_note_is_cut() -> None:
    plans = sample_plans() + awkward_plans()
    found = words_of(plan_lines(plans)).replace(" ", "")
    for plan in [plan.as_dict() for plan in plans]:
        texts = list(plan.get("notes", []))
        for reason in plan.get("reasons", []):
            texts += [reason["message"], reason["fix"]]
        texts += [plan["name"], plan.get("model", "")]
        assert [text for text in texts if text.replace(" ", "") not in found] == []


def test_the_way_out_is_said() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][1:2])
    text = words_of(plan_lines([plan]))
    fits, gpus = plan.memory.max_model_len_that_fits, plan.memory.minimum_gpus
    assert f"room up to {fits:,} tokens fit; {gpus} GPUs carry what is asked for" in text
    assert "at once" in text
    assert f"GPU L4, {plan.memory.per_gpu.total_gib:.2f} GiB, from the inventory" in text
    assert "shape from the shipped catalogue" in text


def test_what_will_be_set_is_said() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    assert "max-num-seqs" not in words_of(plan_lines([plan]))
    assert "sets --max-num-seqs 43" in words_of(plan_lines([changed(plan, max_num_seqs=43)]))


@pytest.mark.parametrize("copies", [1, 20])
def test_no_line_is_wider_than_the_terminal(copies: int) -> None:
    lines = plan_lines((sample_plans() + awkward_plans()) * copies)
    assert [line for line in lines if columns(line) > 80] == []
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


def test_long_names_keep_their_ends() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    names = [f"meta-llama-3.3-70b-instruct-on-h100-{end}" for end in ("fp8", "bf16")]
    lines = plan_lines([changed(plan, name=name) for name in names])
    assert (
        len({line.split()[0] for line in lines if line.startswith("meta-") and "yes" in line}) == 2
    )


def test_what_is_not_known_is_a_dash() -> None:
    lines = plan_lines(shown_plans([{"name": "nothing"}]))
    assert set(row(lines, "nothing")) == {"-"}
    assert set(row(lines, "nothing", 1)) == {"-", "unknown"}
    assert "None" not in words_of(lines)
    assert "nothing: not known" in lines


def test_no_room_for_a_cache_is_not_a_negative_size() -> None:
    lines = plan_lines(plans_of(MODELS["nvidia-berlin"][-1:]))
    cells = row(lines, "llama-70b-o...small-card")
    assert cells[-2:] == ["none", "none"]


def test_the_gpus_of_stages_and_copies() -> None:
    """Copies of the model come one after the other: each has all stages."""
    model = {"name": "m", "model": LLAMA_70B, "max_model_len": 1024, "gpu": H100}
    sizes = {"tensor_parallel_size": 2, "pipeline_parallel_size": 2, "data_parallel_size": 2}
    lines = plan_lines(plans_of([{**model, **sizes}]))
    assert any(line.startswith("m ") and "GPU 0-1, 4-5 " in line for line in lines)
    assert any(line.lstrip().startswith("GPU 2-3, 6-7 ") for line in lines)


def test_stages_have_numbers_where_their_gpus_are_many_ranges() -> None:
    model = {"name": "m", "model": LLAMA_70B, "max_model_len": 1024, "gpu": H100}
    sizes = {"tensor_parallel_size": 8, "pipeline_parallel_size": 2, "data_parallel_size": 7}
    text = words_of(plan_lines(plans_of([{**model, **sizes}])))
    assert "m stage 1 " in text
    assert " stage 2 " in text
    assert "GPU 0" not in text


def test_without_stages_the_first_gpu_stands_for_all() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    assert plan_lines([changed(plan, stages=[])]) == plan_lines([plan])


def test_what_is_not_said_is_not_an_answer() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    lines = plan_lines([changed(plan, fits=None)])
    assert row(lines, "llama-70b", 1)[-1] == "unknown"
    assert "llama-70b: not known (exact)" in lines
    assert "2 GPUs carry what is asked for" in words_of(lines)


def test_no_models() -> None:
    assert plan_lines([]) == ["No models to plan."]


@pytest.mark.parametrize(
    ("plans", "message"),
    [
        ("text", "plans: 'text' is not a list of plans"),
        ({}, "plans: {} is not a list of plans"),
        ([1], r"plans\[0\]: 1 is not a mapping"),
        ([{"name": 3}], r"plans\[0\].name: 3 is not a text"),
        ([{}, {"host": {"shm_gib": "2Gi"}}], r"plans\[1\].host.shm_gib: '2Gi' is not a number"),
        ([{"kv_cache": {"tokens": 1.5}}], r"plans\[0\].kv_cache.tokens: 1.5 is not a whole number"),
        ([{"replicas": True}], r"plans\[0\].replicas: True is not a number"),
        ([{"stages": [{"total_gib": float("nan")}]}], r"stages\[0\].total_gib: nan is not a fin"),
        ([{"notes": [None]}], r"plans\[0\].notes: \[None\] is not a list of texts"),
        ([{"reasons": "because"}], r"plans\[0\].reasons: 'because' is not a list"),
        ([{"fits": "yes"}], r"plans\[0\].fits: 'yes' is not true or false"),
    ],
)
def test_what_cannot_be_shown_is_named(plans: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_lines(shown_plans(plans))


def test_control_characters_do_not_reach_the_terminal() -> None:
    lines = plan_lines(shown_plans([{"name": "a\x1b[31mb\u202ec", "notes": ["one\ntwo\x07"]}]))
    assert all(line.isprintable() for line in lines)
    assert "one two" in words_of(lines)


def test_the_plan_alone_decides_what_is_shown() -> None:
    """Figures that nobody would compute are shown as they are."""
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    cache = {**plan.as_dict()["kv_cache"], "tokens": 77_777, "max_concurrency": 777.0}
    lines = plan_lines([changed(plan, kv_cache=cache, replicas=77)])
    assert row(lines, "llama-70b", 1)[:2] == ["77,777", "777"]
    assert "77 pods with 2 GPUs each" in words_of(lines)


def test_a_list_of_one_model_twice_has_both() -> None:
    [plan] = plans_of(MODELS["laptop"])
    assert isinstance(plan, ModelPlan)
    assert "2 models: 2 fit" in plan_lines([plan, plan])
