# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The plan as plain values and back: nothing is lost, nothing is calculated again."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from plan_values import Place, other_value, places, value_at, with_value
from sample_plans import MODELS, awkward_plans, changed, plans_of, sample_plans

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.server import server
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.storage import storage
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import (
    ModelPlan,
    StartupPlan,
    StoragePlan,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

PLANS = [*sample_plans(), *awkward_plans()]
NAMES = [plan.sources.name[:20] for plan in PLANS]


def through_json(plan: ModelPlan) -> ModelPlan:
    return ModelPlan.from_dict(json.loads(json.dumps(plan.as_dict(), sort_keys=True)))


@pytest.mark.parametrize("plan", PLANS, ids=NAMES)
def test_a_plan_that_has_travelled_is_the_same(plan: ModelPlan) -> None:
    assert ModelPlan.from_dict(plan.as_dict()) == plan
    assert through_json(plan) == plan
    # The types of the numbers too: 19 is not 19.0 for a digest.
    texts = [json.dumps(p.as_dict(), sort_keys=True) for p in (through_json(plan), plan)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("seed", range(40))
def test_any_figures_travel(seed: int) -> None:
    chance = random.Random(seed)
    values = chance.choice(PLANS).as_dict()
    for place in chance.sample(list(places(values)), k=8):
        value = value_at(values, place)
        choices = [other_value(value)]
        # Probes are whole or absent, and a list of texts holds texts only.
        if place[0] != "startup" and not isinstance(place[-1], int):
            choices.append(None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            choices.append(chance.randint(1, 10**6))
        values = with_value(values, place, chance.choice(choices))
    plan = ModelPlan.from_dict(values)
    assert through_json(plan) == plan


@pytest.mark.parametrize("plan", sample_plans(), ids=NAMES[:10])
def test_each_figure_is_read_as_it_was_written(plan: ModelPlan) -> None:
    """No figure follows from another one on the way back."""
    values = plan.as_dict()
    for place in places(values):
        if place[0] == "per_gpu":
            continue  # the first stage, once more
        edited = with_value(values, place, other_value(value_at(values, place)))
        found = ModelPlan.from_dict(edited).as_dict()
        if place[:2] == ("stages", 0) and place[2] != "gpus":
            edited["per_gpu"][place[2]] = value_at(edited, place)
        assert found == edited, place


def full_model(**keys: Any) -> Model:
    return parse_model({**MODELS["nvidia-berlin"][0], **keys})


def deployed(values: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The Deployment that a plan in plain values ends in."""
    found: dict[str, Any] = server(full_model(**keys), ModelPlan.from_dict(values), "vllm")[0]
    return found


SPEC = ("spec",)
POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)


@pytest.mark.parametrize(
    ("place", "value", "where", "shown"),
    [
        (
            ("startup", "startup", "failureThreshold"),
            77777,
            (*CONTAINER, "startupProbe", "failureThreshold"),
            77777,
        ),
        (
            ("startup", "progress_deadline_seconds"),
            77777,
            (*SPEC, "progressDeadlineSeconds"),
            77777,
        ),
        (
            ("startup", "termination_grace_period_seconds"),
            777,
            (*POD, "terminationGracePeriodSeconds"),
            777,
        ),
        (("replicas",), 77, (*SPEC, "replicas"), 77),
        (("rollout", "strategy", "type"), "Other", (*SPEC, "strategy", "type"), "Other"),
        (("host", "cpu"), 77, (*CONTAINER, "resources", "requests", "cpu"), "77"),
        (
            ("host", "memory_limit_gib"),
            777,
            (*CONTAINER, "resources", "limits", "memory"),
            "777Gi",
        ),
    ],
)
def test_a_figure_that_was_changed_is_what_is_deployed(
    place: Place, value: Any, where: Place, shown: Any
) -> None:
    values = plans_of(MODELS["nvidia-berlin"][:1])[0].as_dict()
    assert value_at(deployed(values), where) != shown
    assert value_at(deployed(with_value(values, place, value)), where) == shown


def test_flags_and_volumes_follow_the_plan_too() -> None:
    claim = {"storage": {"storage_class": "fast"}}
    values = plans_of([{**MODELS["nvidia-berlin"][0], **claim}])[0].as_dict()
    container = value_at(deployed(with_value(values, ("max_num_seqs",), 77)), CONTAINER)
    arguments = container["args"]
    assert arguments[arguments.index("--max-num-seqs") + 1] == "77"
    edited = ModelPlan.from_dict(with_value(values, ("storage", "size_gib"), 777))
    [made] = storage(full_model(**claim), edited, "vllm")
    assert made["spec"]["resources"]["requests"]["storage"] == "777Gi"


def test_what_a_plan_gives_away_does_not_change_it() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    before = json.dumps(plan.as_dict())
    values = plan.as_dict()
    values["startup"]["startup"]["failureThreshold"] = 77777
    values["stages"][0]["gpus"] = 5
    values["notes"].append("more")
    assert json.dumps(plan.as_dict()) == before


def test_the_part_that_a_deployment_carries() -> None:
    [plan] = plans_of(MODELS["amd-oslo"][1:2], "amd-oslo")
    assert plan.sources.checkpoint.notes
    assert plan.sources.gpu.notes
    part = plan.recorded()
    assert part.sources.cluster == ""
    assert part.sources.checkpoint.notes == part.sources.gpu.notes == ()
    assert part.recorded() == part
    restored = replace(
        part.sources,
        cluster="amd-oslo",
        checkpoint=replace(part.sources.checkpoint, notes=plan.sources.checkpoint.notes),
        gpu=replace(part.sources.gpu, notes=plan.sources.gpu.notes),
    )
    assert replace(part, sources=restored) == plan, "nothing else is left out"


def test_what_is_said_in_part_is_known_in_part() -> None:
    plan = ModelPlan.from_dict({"name": "x"})
    assert plan.memory.stages == ()
    assert plan.memory.per_gpu.total_gib is None
    assert plan.memory.fits is None
    assert plan.memory.confidence == "unknown"
    assert plan.startup == StartupPlan()
    assert plan.storage == StoragePlan()
    assert plan.rollout.replicas == 1
    assert ModelPlan.from_dict({}).sources.name == "unnamed"
    assert ModelPlan.from_dict({"replicas": 0}).rollout.replicas == 0


def test_the_models_own_start_up_is_no_probe() -> None:
    """As it comes from `model | combine(model | memory_plan)`."""
    startup = {"max_seconds": 1800, "compile_cache": "warm"}
    assert ModelPlan.from_dict({"startup": startup}).startup == StartupPlan(1800, None)


def test_a_plan_without_whole_probes_is_not_deployed() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    startup = plan.as_dict()["startup"]
    del startup["readiness"]
    with pytest.raises(ValueError, match="has no probes"):
        deployed({**plan.as_dict(), "startup": startup})


def test_the_figures_of_the_first_gpu_stand_for_all_without_stages() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    assert changed(plan, stages=[]) == plan
    assert changed(plan, stages=None) == plan


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (7, "^plan: 7 is not a mapping"),
        ({"host": {"cpu": "two"}}, r"^plan\.host\.cpu: 'two' is not a number"),
        ({"stages": [{}, {"gpus": 1.5}]}, r"^plan\.stages\[1\]\.gpus: 1.5 is not a whole number"),
        ({"rollout": {"strategy": "x"}}, r"^plan\.rollout\.strategy: 'x' is not a mapping"),
        ({"storage": {"size_gib": "1Gi"}}, r"^plan\.storage\.size_gib: '1Gi' is not a number"),
        ({"gpu": {"notes": "x"}}, r"^plan\.gpu\.notes: 'x' is not a list"),
        ({"reasons": [{"rule": 5}]}, r"^plan\.reasons\[0\]\.rule: 5 is not a text"),
        ({"startup": {"max_seconds": True}}, r"^plan\.startup\.max_seconds: True is not a number"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelPlan.from_dict(values)
