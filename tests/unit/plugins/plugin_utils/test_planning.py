# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""From models to plans: sources, refusals, and errors that do not hide each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapes import LLAMA_8B as CONFIG

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    Last,
    planned_memory,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.planning import (
    Plans,
    Surroundings,
    look_up,
    make_plans,
    refusal,
)

L4 = {"product": "L4"}


def models(*changes: dict[str, Any]) -> list[Model]:
    base = {"model": "org/llama", "config": CONFIG, "gpu": L4}
    return parse_models([{"name": f"m{n}", **base, **keys} for n, keys in enumerate(changes)])


def planned(*changes: dict[str, Any], **around: Any) -> Plans:
    wanted = models(*changes)
    return make_plans(wanted, look_up(wanted), Surroundings(**around), cluster="here")


def test_each_model_is_planned_and_each_mistake_is_told() -> None:
    wrong = {**CONFIG, "hidden_size": -4}
    plans = planned({}, {"config": wrong}, {"max_model_len": 4096}, {"config": {**CONFIG, **wrong}})
    assert [entry["name"] for entry in plans.entries] == ["m0", "m2"]
    assert [error.subject for error in plans.errors] == ["m1", "m3"]
    assert "hidden_size" in plans.errors[0].cause


def test_a_refusal_names_length_gpus_and_fix() -> None:
    [error] = planned({}, {"max_model_len": 4096}).refusals()
    text = " ".join(str(error).replace("|", "").split())
    assert text.startswith("m0: does not fit (kv_cache)")
    assert "max_model_len" in text
    assert "carry it as asked: 2" in text
    assert "fix: give a shorter max_model_len" in text
    assert "L4 with 22.03 GiB (from model)" in text


def test_a_refusal_tells_every_rule_that_fails() -> None:
    entry = planned({"tensor_parallel_size": 3, "gpu_memory_utilization": 0.999}).entries[0]
    rules = [reason["rule"] for reason in entry["reasons"]]
    assert len(rules) >= 2
    text = str(refusal(entry))
    assert all(reason["message"].split()[0] in text for reason in entry["reasons"])


def test_a_directory_on_the_controller_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    wanted = models({"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}})
    [entry] = make_plans(wanted, look_up(wanted), Surroundings()).entries
    assert entry["checkpoint"]["source"] == "directory"
    assert entry["per_gpu"]["weights_gib"] > 14


def test_a_broken_checkpoint_is_an_error_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{not json")
    wanted = models({"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}}, {})
    plans = make_plans(wanted, look_up(wanted), Surroundings())
    [error] = plans.errors
    assert error.subject == "m0: checkpoint"
    assert "config.json" in error.cause
    assert [entry["name"] for entry in plans.entries] == ["m1"]


def test_the_switch_that_skips_checks_is_named_only_where_it_helps(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{not json")
    wanted = models({"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}})
    assert "vllm_preflight=false" in str(look_up(wanted)["m0"])
    plain = str(look_up(wanted, may_skip=False)["m0"])
    assert "vllm_preflight" not in plain
    assert plain.endswith("give `config` in the model")


def test_what_a_node_has_counts_where_the_controller_has_nothing() -> None:
    keys = {"model": "/nowhere/at/all", "config": {}, "storage": {"host_path": "/x"}}
    on_node = {"m0": Checkpoint("node", CONFIG, notes=("read on node-7",))}
    [entry] = planned(keys, checkpoints=on_node).entries
    assert entry["checkpoint"]["source"] == "node"
    [entry] = planned({}, checkpoints=on_node).entries
    assert entry["checkpoint"]["source"] == "model"
    [entry] = planned({**keys, "weights_bytes": 2**34}, checkpoints=on_node).entries
    assert entry["per_gpu"]["weights_gib"] == pytest.approx(16, abs=0.2)
    unread = {"m0": Checkpoint("none", {}, notes=("the log may not be read",))}
    [entry] = planned(keys, checkpoints=unread).entries
    assert len(entry["checkpoint"]["notes"]) > 1
    assert entry["checkpoint"]["notes"][-1] == "the log may not be read"


@pytest.mark.parametrize(
    ("around", "words"),
    [
        ({"why_not": "the cluster was not asked"}, "was not asked"),
        ({"nodes": Candidates(None, "nodes is forbidden")}, "nodes is forbidden"),
        ({"nodes": Candidates([])}, "no node that takes the model"),
    ],
)
def test_a_gpu_that_nobody_knows_is_said(around: dict[str, Any], words: str) -> None:
    [entry] = planned({"gpu": {}}, **around).entries
    assert entry["gpu"]["source"] == "none"
    assert words in entry["gpu"]["notes"][0]
    assert entry["confidence"] == "unknown"
    assert entry["fits"]


def test_a_claim_that_exists_keeps_its_size() -> None:
    storage = {"storage": {"storage_class": "fast"}}
    last = {"m0": Last(claim_gib=50.0)}
    plans = planned(storage, last=last)
    assert plans.entries[0]["storage"]["claim_gib"] == 50
    assert plans.warnings == []
    small = planned(storage, last={"m0": Last(claim_gib=5.0)})
    assert small.entries[0]["storage"]["claim_gib"] == 5
    assert "the volume has 5 GiB" in small.warnings[0]


def test_a_volume_that_the_user_made_too_small_is_a_warning() -> None:
    assert "give storage.size_gib" in planned({"storage": {"size_gib": 3}}).warnings[0]
    assert planned({"storage": {"size_gib": 40}}).warnings == []
    filled = {"model": "/models/x", "storage": {"host_path": "/models/x", "size_gib": 1}}
    assert planned(filled).warnings == []


@pytest.mark.parametrize(
    "annotation", ["", "7", "[]", "{}", '{"memory": 5}', "[" * 100_000, '{"memory": null}']
)
def test_an_annotation_that_is_no_plan_counts_as_absent(annotation: str) -> None:
    deployment = {"metadata": {"annotations": {"llmops.vllm/plan": annotation}}}
    assert planned_memory(deployment) is None
    assert planned_memory({"metadata": {}}) is None
    assert planned_memory(None) is None


def test_what_lies_on_the_node_wins_over_a_copy_on_the_controller(tmp_path: Path) -> None:
    keys = {"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}}
    on_node = {"m0": Checkpoint("node", CONFIG, notes=("read on node-7",))}
    for copy in (json.dumps({**CONFIG, "num_hidden_layers": 2}), "{broken"):
        (tmp_path / "config.json").write_text(copy)
        plans = planned(keys, checkpoints=on_node)
        assert plans.errors == []
        assert plans.entries[0]["checkpoint"]["source"] == "node"


def gpu_node(name: str, product: str, memory_mib: int) -> dict[str, Any]:
    labels = {
        "kubernetes.io/hostname": name,
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.memory": str(memory_mib),
        "nvidia.com/gpu.count": "1",
    }
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"nvidia.com/gpu": "1"},
        "capacity": {"nvidia.com/gpu": "1"},
    }
    return {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": status}


NODES = Candidates(
    [gpu_node("big", "NVIDIA-H100-80GB-HBM3", 81559), gpu_node("small", "Tesla-T4", 15360)]
)


def test_the_gpu_is_that_of_the_node_which_the_volume_is_on() -> None:
    path = {"gpu": {}, "model": "/x", "storage": {"host_path": "/x"}}
    [entry] = planned(path, nodes=NODES, places={"m0": "big"}).entries
    assert entry["gpu"]["product"] == "NVIDIA-H100-80GB-HBM3"
    named = {**path, "storage": {"host_path": "/x", "node": "small"}}
    [entry] = planned(named, nodes=NODES).entries
    assert entry["gpu"]["product"] == "Tesla-T4"


def test_a_refusal_on_mixed_cards_says_that_there_are_others() -> None:
    [error] = planned({"gpu": {}, "max_model_len": 4096}, nodes=NODES).refusals()
    text = " ".join(str(error).replace("|", "").split())
    assert "2 different cards" in text
    assert "vllm_preflight=false" in text


@pytest.mark.parametrize(
    "limits", [{"nvidia.com/mig-3g.40gb": 1}, {"nvidia.com/gpu": 0, "example.com/gpu": 1}]
)
def test_another_resource_than_whole_gpus_is_not_planned_for_them(limits: dict[str, Any]) -> None:
    [entry] = planned({"gpu": {}, "resources": {"limits": limits}}, nodes=NODES).entries
    assert entry["gpu"]["source"] == "none"
    assert "resources say nvidia.com/" in entry["gpu"]["notes"][0]
    assert entry["fits"]


def test_ranks_that_only_a_flag_asks_for_get_no_gpus() -> None:
    [warning] = planned({"extra_args": ["-tp", 2]}).warnings
    assert "2 GPUs, and its pod asks for 1" in warning
    assert planned({"tensor_parallel_size": 2}).warnings == []
    own = {"extra_args": ["-tp", 2], "resources": {"limits": {"nvidia.com/gpu": 2}}}
    assert planned(own).warnings == []
