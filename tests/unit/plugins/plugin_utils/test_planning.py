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
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import Found
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    Listing,
    Snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, errors_in
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.plan.verdict import refusals
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.planning import (
    Planned,
    Surroundings,
    look_up,
    plan_models,
)

L4 = {"product": "L4"}


def models(*changes: dict[str, Any]) -> list[Model]:
    base = {"model": "org/llama", "config": CONFIG, "gpu": L4}
    return parse_models([{"name": f"m{n}", **base, **keys} for n, keys in enumerate(changes)])


def planned(*changes: dict[str, Any], strict: bool = True, **around: Any) -> Planned:
    wanted = models(*changes)
    found = Found(nodes=around.pop("places", {}), checkpoints=around.pop("checkpoints", {}))
    why_not = around.pop("why_not", "")
    snapshot = Snapshot("ns", **around) if around else None
    surroundings = Surroundings(snapshot, why_not, found)
    return plan_models(wanted, look_up(wanted), surroundings, cluster="here", strict=strict)


def only(plans: Planned) -> ModelPlan:
    [plan] = plans.plans.values()
    return plan


def errors(plans: Planned) -> list[Finding]:
    return errors_in(plans.findings)


def warnings(plans: Planned) -> list[str]:
    return [found.line for found in plans.findings if found not in errors(plans)]


def test_each_model_is_planned_and_each_mistake_is_told() -> None:
    wrong = {**CONFIG, "hidden_size": -4}
    plans = planned({}, {"config": wrong}, {"max_model_len": 4096}, {"config": {**CONFIG, **wrong}})
    assert list(plans.plans) == ["m0", "m2"]
    assert [error.subject for error in errors(plans)] == ["m1", "m3"]
    assert "hidden_size" in errors(plans)[0].cause


def test_what_cannot_be_planned_is_a_warning_where_nobody_wants_to_be_stopped() -> None:
    plans = planned({"config": {**CONFIG, "hidden_size": -4}}, strict=False)
    assert errors(plans) == []
    assert "hidden_size" in warnings(plans)[0]
    plan = only(plans)
    assert plan.memory.confidence == "unknown"
    assert plan.startup.probes is not None
    assert plan.memory.host.shm_gib


def test_a_directory_on_the_controller_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    wanted = models({"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}})
    plan = only(plan_models(wanted, look_up(wanted), Surroundings()))
    assert plan.sources.checkpoint.source == "directory"
    assert (plan.memory.per_gpu.weights_gib or 0) > 14


def test_a_broken_checkpoint_is_an_error_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{not json")
    wanted = models({"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}}, {})
    plans = plan_models(wanted, look_up(wanted), Surroundings())
    [error] = errors(plans)
    assert error.subject == "m0: checkpoint"
    assert "config.json" in error.cause
    assert list(plans.plans) == ["m1"]


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
    plan = only(planned(keys, checkpoints=on_node))
    assert plan.sources.checkpoint.source == "node"
    plan = only(planned({}, checkpoints=on_node))
    assert plan.sources.checkpoint.source == "model"
    plan = only(planned({**keys, "weights_bytes": 2**34}, checkpoints=on_node))
    assert plan.memory.per_gpu.weights_gib == pytest.approx(16, abs=0.2)
    unread = {"m0": Checkpoint("none", {}, notes=("the log may not be read",))}
    plan = only(planned(keys, checkpoints=unread))
    assert len(plan.sources.checkpoint.notes) > 1
    assert plan.sources.checkpoint.notes[-1] == "the log may not be read"


@pytest.mark.parametrize(
    ("around", "words"),
    [
        ({"why_not": "the cluster was not asked"}, "was not asked"),
        ({"nodes": Listing(None, "nodes is forbidden")}, "nodes is forbidden"),
        ({"nodes": Listing(())}, "no node that takes the model"),
    ],
)
def test_a_gpu_that_nobody_knows_is_said(around: dict[str, Any], words: str) -> None:
    plan = only(planned({"gpu": {}}, **around))
    assert plan.sources.gpu.source == "none"
    assert words in plan.sources.gpu.notes[0]
    assert plan.memory.confidence == "unknown"
    assert plan.memory.fits


def claim(size: str) -> Listing:
    spec = {"resources": {"requests": {"storage": size}}}
    return Listing(({"metadata": {"name": "m0"}, "spec": spec},))


def test_a_claim_that_exists_keeps_its_size() -> None:
    storage = {"storage": {"storage_class": "fast"}}
    plans = planned(storage, claims=claim("50Gi"))
    assert only(plans).storage.size_gib == 50
    assert warnings(plans) == []
    small = planned(storage, claims=claim("5Gi"))
    assert only(small).storage.size_gib == 5
    assert "the volume has 5 GiB" in warnings(small)[0]


def test_a_volume_that_the_user_made_too_small_is_a_warning() -> None:
    assert "give storage.size_gib" in warnings(planned({"storage": {"size_gib": 3}}))[0]
    assert warnings(planned({"storage": {"size_gib": 40}})) == []
    filled = {"model": "/models/x", "storage": {"host_path": "/models/x", "size_gib": 1}}
    assert warnings(planned(filled)) == []


@pytest.mark.parametrize(
    "annotation", ["", "7", "[]", "{}", '{"memory": 5}', "[" * 100_000, '{"memory": null}']
)
def test_an_annotation_that_is_no_plan_is_named_and_counts_as_absent(annotation: str) -> None:
    meta = {"name": "m0", "namespace": "ns", "annotations": {"llmops.vllm/plan": annotation}}
    deployment = {"kind": "Deployment", "metadata": meta}
    plans = planned({}, deployments=Listing((deployment,)))
    [told] = warnings(plans)
    assert told.startswith("Deployment ns/m0: annotation llmops.vllm/plan: plan: ")
    assert told.endswith("; it is not used")
    assert only(plans) == only(planned({}, deployments=Listing(())))


def test_a_deployment_without_a_plan_is_nothing_to_tell() -> None:
    deployment = {"kind": "Deployment", "metadata": {"name": "m0"}}
    assert warnings(planned({}, deployments=Listing((deployment,)))) == []


def test_what_lies_on_the_node_wins_over_a_copy_on_the_controller(tmp_path: Path) -> None:
    keys = {"model": str(tmp_path), "config": {}, "storage": {"host_path": "/x"}}
    on_node = {"m0": Checkpoint("node", CONFIG, notes=("read on node-7",))}
    for copy in (json.dumps({**CONFIG, "num_hidden_layers": 2}), "{broken"):
        (tmp_path / "config.json").write_text(copy)
        plans = planned(keys, checkpoints=on_node)
        assert errors(plans) == []
        assert only(plans).sources.checkpoint.source == "node"


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


NODES = Listing(
    (gpu_node("big", "NVIDIA-H100-80GB-HBM3", 81559), gpu_node("small", "Tesla-T4", 15360))
)


def test_the_gpu_is_that_of_the_node_which_the_volume_is_on() -> None:
    path = {"gpu": {}, "model": "/x", "storage": {"host_path": "/x"}}
    plan = only(planned(path, nodes=NODES, places={"m0": "big"}))
    assert plan.sources.gpu.product == "NVIDIA-H100-80GB-HBM3"
    named = {**path, "storage": {"host_path": "/x", "node": "small"}}
    plan = only(planned(named, nodes=NODES))
    assert plan.sources.gpu.product == "Tesla-T4"


def test_a_refusal_on_mixed_cards_says_that_there_are_others() -> None:
    [error] = refusals(only(planned({"gpu": {}, "max_model_len": 4096}, nodes=NODES)))
    text = " ".join(str(error).replace("|", "").split())
    assert "2 different cards" in text
    assert "vllm_preflight=false" in text


@pytest.mark.parametrize(
    "limits", [{"nvidia.com/mig-3g.40gb": 1}, {"nvidia.com/gpu": 0, "example.com/gpu": 1}]
)
def test_another_resource_than_whole_gpus_is_not_planned_for_them(limits: dict[str, Any]) -> None:
    plan = only(planned({"gpu": {}, "resources": {"limits": limits}}, nodes=NODES))
    assert plan.sources.gpu.source == "none"
    assert "resources say nvidia.com/" in plan.sources.gpu.notes[0]
    assert plan.memory.fits


def test_ranks_that_only_a_flag_asks_for_get_no_gpus() -> None:
    [warning] = warnings(planned({"extra_args": ["-tp", 2]}))
    assert "2 GPUs, and its pod asks for 1" in warning
    assert warnings(planned({"tensor_parallel_size": 2})) == []
    own = {"extra_args": ["-tp", 2], "resources": {"limits": {"nvidia.com/gpu": 2}}}
    assert warnings(planned(own)) == []
