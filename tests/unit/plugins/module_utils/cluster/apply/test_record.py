# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What an apply set remembers, and what it may conclude from it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import object_id
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.record import (
    Entry,
    Member,
    dump,
    entry,
    load,
    member,
    proves,
)

Object = dict[str, Any]


def applied(wanted: Object, **fields: Any) -> Object:
    """Return the object as an API server has it after we have applied it."""
    paths: Object = {
        f"f:{key}": {} for key in wanted if key not in {"kind", "apiVersion", "metadata"}
    }
    manager = {"manager": "llmops.vllm", "operation": "Apply", "fieldsV1": paths}
    return {**wanted, "metadata": {"managedFields": [manager]}, **fields}


def config(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def secret(**values: str) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_the_same_again_is_proven() -> None:
    wanted, live = config(a="1"), applied(config(a="1"))
    assert proves(entry(wanted, live), wanted, live)
    assert not proves(entry(wanted, live), config(a="2"), live)
    assert not proves(entry(wanted, live), wanted, applied(config(a="3")))


@pytest.mark.parametrize("known", [Entry(), Entry("x"), Entry("", "x"), Entry("x", "y")])
def test_an_entry_without_the_right_hashes_proves_nothing(known: Entry) -> None:
    assert not proves(known, config(a="1"), applied(config(a="1")))


def test_an_object_of_which_we_own_nothing_is_never_proven() -> None:
    wanted = config(a="1")
    assert not proves(entry(wanted, wanted), wanted, wanted)


def test_no_hash_depends_on_the_values_of_a_secret() -> None:
    one, other = (entry(item, applied(item)) for item in (secret(pin="1234"), secret(pin="9876")))
    assert one == other
    text = {**secret(), "stringData": {"pin": "1234"}}
    more = {**secret(), "stringData": {"pin": "9876"}}
    assert entry(text, applied(secret(pin="1234"))) == entry(more, applied(secret(pin="9876")))


@pytest.mark.parametrize(
    ("wanted", "live", "same"),
    [
        (secret(pin="1234"), secret(pin="1234"), True),
        (secret(pin="1234"), secret(pin="9876"), False),
        (secret(pin="1234"), secret(), False),
        (secret(pin="1234"), secret(pin="1234", theirs="x"), True),
        ({**secret(), "stringData": {"pin": "1234"}}, secret(pin="1234"), True),
        ({**secret(), "stringData": {"pin": "1234"}}, secret(pin="9876"), False),
        ({**secret(pin="0"), "stringData": {"pin": "1"}}, secret(pin="1"), True),
        ({**secret(pin="0"), "stringData": {"pin": "1"}}, secret(pin="0"), False),
        ({**secret(), "data": {"pin": "not base64"}}, secret(pin="1"), False),
        ({**secret(), "data": {"pin": 1}}, secret(pin="1"), False),
    ],
)
def test_the_values_of_a_secret_are_compared_with_the_live_ones(
    wanted: Object, live: Object, *, same: bool
) -> None:
    paths: Object = {"f:type": {}}
    manager = {"manager": "llmops.vllm", "operation": "Apply", "fieldsV1": paths}
    live["metadata"]["managedFields"] = [manager]
    assert proves(entry(wanted, live), wanted, live) is same


def test_a_member_has_no_version() -> None:
    old, new = (
        object_id({"apiVersion": f"autoscaling/{version}", "kind": "HorizontalPodAutoscaler"})
        for version in ("v2beta2", "v2")
    )
    assert member(old) == member(new) == Member("HorizontalPodAutoscaler.autoscaling", "", "")


def test_what_is_written_can_be_read() -> None:
    members = {
        Member("ConfigMap", "llm", "a"): Entry("s", "o"),
        Member("ConfigMap", "other", "a"): Entry(),
        Member("Namespace", "", "llm"): Entry("x", "y"),
    }
    assert load(dump(members)) == members
    assert load(dump({})) == {}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", "null", '{"a": 1}', '{"a": {"b": []}}', '{"a": {"b": {"c": 1}}}'],
)
def test_text_of_another_form_is_no_record(text: str) -> None:
    assert load(text) is None


def test_a_record_that_is_cut_off_is_none() -> None:
    text = dump({Member("ConfigMap", "llm", f"c-{n}"): Entry("s" * 16, "o" * 16) for n in range(9)})
    assert load(text) is not None
    assert all(load(text[:length]) is None for length in range(len(text)))


def test_a_thousand_models_fit_into_one_config_map() -> None:
    """Six objects each, with long names."""
    kinds = ["Deployment.apps", "Service", "PersistentVolumeClaim", "PersistentVolume", "Secret",
             "PodDisruptionBudget.policy"]  # fmt: skip
    members = {
        Member(kind, "a-namespace-of-models", f"{'a-long-name-of-a-model-' * 2}{number}"): Entry(
            "s" * 16, "o" * 16
        )
        for kind in kinds
        for number in range(1000)
    }
    assert len(dump(members).encode()) < 1_000_000
    assert json.loads(dump(members))["Service"]["a-namespace-of-models"]
