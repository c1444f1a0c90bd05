# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A plan that comes back is the one that left, or it is not used, and the reason is said."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from plan_values import other_value, places, value_at, with_value
from sample_plans import MODELS, awkward_plans, changed, plans_of, sample_plans

from ansible_collections.llmops.vllm.plugins.module_utils.plan import seal
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import (
    FORMAT,
    NotTrustedError,
    sealed,
    sealed_text,
    shown_plan,
    shown_plans,
    unsealed,
    unsealed_text,
)

CHANGED = "^here: was changed or cut off after it had been made$"
[PLAN] = plans_of(MODELS["nvidia-berlin"][2:3], "nvidia-berlin")


def resealed(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the digest that belongs to them, as a program could write them."""
    content = {key: value for key, value in values.items() if key != "digest"}
    return {**content, "digest": seal._digest(content)}


@pytest.mark.parametrize("plan", [*sample_plans(), *awkward_plans()])
def test_a_sealed_plan_comes_back(plan: ModelPlan) -> None:
    assert unsealed(sealed(plan)) == plan
    assert unsealed(json.loads(json.dumps(sealed(plan), indent=2, sort_keys=True))) == plan
    assert unsealed_text(sealed_text(plan)) == plan.recorded()


def test_a_sealed_plan_is_the_plan_and_two_keys_more() -> None:
    values = sealed(PLAN)
    assert (values.pop("format"), len(values.pop("digest"))) == (FORMAT, 16)
    assert values == PLAN.as_dict()


def test_any_value_that_was_changed_is_noticed() -> None:
    values = sealed(PLAN)
    for place in places(values):
        value = value_at(values, place)
        other = 1 if value in (None, [], {}) else other_value(value)
        reason = "another version" if place == ("format",) else CHANGED
        with pytest.raises(NotTrustedError, match=reason):
            unsealed(with_value(values, place, other), "here")


def test_any_key_that_was_removed_or_added_is_noticed() -> None:
    values = sealed(PLAN)
    for place in places(values):
        edited = copy.deepcopy(values)
        del value_at(edited, place[:-1])[place[-1]]
        reason = "another version" if place == ("format",) else CHANGED
        with pytest.raises(NotTrustedError, match=reason):
            unsealed(edited, "here")
    with pytest.raises(NotTrustedError, match=CHANGED):
        unsealed({**values, "comment": "mine"}, "here")


def test_a_text_that_was_cut_off_is_noticed() -> None:
    text = sealed_text(PLAN)
    for end in [*range(0, len(text), 13), len(text) - 1]:
        with pytest.raises(NotTrustedError, match=r"^here: is not JSON; it may have been cut off$"):
            unsealed_text(text[:end], "here")


@pytest.mark.parametrize("form", [0, FORMAT + 1, str(FORMAT), None, [FORMAT]])
def test_another_form_is_named(form: Any) -> None:
    message = rf"^here: was made by another version .* \(form .*, this one writes {FORMAT}\)$"
    with pytest.raises(NotTrustedError, match=message):
        unsealed(resealed({**sealed(PLAN), "format": form}), "here")


def test_a_form_that_only_equals_the_number_is_an_edit() -> None:
    with pytest.raises(NotTrustedError, match=CHANGED):
        unsealed({**sealed(PLAN), "format": True}, "here")


def test_a_plan_without_its_form_is_of_another_version() -> None:
    with pytest.raises(NotTrustedError, match="form 'unknown'"):
        unsealed(PLAN.as_dict(), "here")


@pytest.mark.parametrize("digest", [None, "", 7, "0" * 16])
def test_a_digest_that_is_none_is_noticed(digest: Any) -> None:
    with pytest.raises(NotTrustedError, match=CHANGED):
        unsealed({**sealed(PLAN), "digest": digest}, "here")


@pytest.mark.parametrize("digest", [None, ""])
@pytest.mark.parametrize("value", [dt.date(2026, 1, 1), {1: 2, "a": 3}, object()])
def test_content_that_no_plan_has_is_never_trusted(value: Any, digest: Any) -> None:
    with pytest.raises(NotTrustedError, match=CHANGED):
        unsealed({"format": FORMAT, "digest": digest, "name": value}, "here")


@pytest.mark.parametrize("values", [None, 7, "text", []])
def test_what_is_no_plan_is_named(values: Any) -> None:
    with pytest.raises(NotTrustedError, match=r"^here: is not a plan$"):
        unsealed(values, "here")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("1" * 10_000, "is not JSON"),
        ("7", "is not a plan"),
        ("[]", "is not a plan"),
        ("null", "is not a plan"),
        ("{}", "another version"),
        ('{"memory": 5}', "another version"),
    ],
)
def test_an_annotation_that_is_no_plan_is_not_trusted(text: str, reason: str) -> None:
    with pytest.raises(NotTrustedError, match=reason):
        unsealed_text(text)


@pytest.mark.parametrize("size", [float("nan"), float("inf"), "7", True, [], {}])
def test_a_wrong_type_under_the_right_digest_is_named(size: Any) -> None:
    values = with_value(sealed(PLAN), ("host", "memory_limit_gib"), size)
    with pytest.raises(NotTrustedError, match=r"^here\.host\.memory_limit_gib: .* is not a "):
        unsealed(resealed(values), "here")


def test_the_same_plan_is_the_same_text() -> None:
    [again] = plans_of(MODELS["nvidia-berlin"][2:3], "nvidia-berlin")
    assert sealed_text(again) == sealed_text(PLAN)
    assert sealed_text(unsealed_text(sealed_text(PLAN))) == sealed_text(PLAN)


def test_what_differs_from_one_run_to_the_next_is_not_in_the_text() -> None:
    [elsewhere] = plans_of(MODELS["nvidia-berlin"][2:3], "other-cluster")
    source = {**elsewhere.as_dict()["checkpoint"], "notes": ["the Hub took long"]}
    gpu = {**elsewhere.as_dict()["gpu"], "notes": ["one node is away"], "count": 4}
    other = changed(elsewhere, checkpoint=source, gpu=gpu)
    assert other != PLAN
    assert sealed_text(other) == sealed_text(PLAN)
    assert sealed_text(changed(PLAN, replicas=3)) != sealed_text(PLAN)


def test_a_plan_that_is_shown_need_not_be_sealed() -> None:
    assert shown_plan(PLAN.as_dict()) == shown_plan(sealed(PLAN)) == PLAN
    assert shown_plan({"name": "x"}).sources.name == "x"


@pytest.mark.parametrize("left", ["digest", "format"])
def test_a_part_of_the_seal_makes_it_a_sealed_plan(left: str) -> None:
    other = {"digest": "format", "format": "digest"}[left]
    values = {key: value for key, value in sealed(PLAN).items() if key != other}
    with pytest.raises(NotTrustedError, match=r"^plans\[0\]: was (changed|made by another)"):
        shown_plan(values, "plans[0]")


def test_a_list_of_plans_names_the_one_that_is_wrong() -> None:
    assert shown_plans([sealed(PLAN), {"name": "x"}]) == [PLAN, shown_plan({"name": "x"})]
    assert shown_plans([]) == []
    with pytest.raises(ValueError, match=r"^plans\[1\]\.host\.cpu: 'two' is not a number"):
        shown_plans([{}, {"host": {"cpu": "two"}}])
    with pytest.raises(NotTrustedError, match=r"^plans\[1\]: was changed"):
        shown_plans([sealed(PLAN), {**sealed(PLAN), "replicas": 9}])
    with pytest.raises(ValueError, match=r"^plans: 'text' is not a list of plans$"):
        shown_plans("text")
