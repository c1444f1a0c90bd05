# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole way of a look into a directory, in a scripted cluster."""

from __future__ import annotations

import pytest
from rendered import planned

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look import follow
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed_text

from ..fake_api import Answer, FakeApi, status_object
from .inspection import (
    PATH,
    Inspection,
    errors,
    look_for,
    node,
    script_lists,
    warnings,
    with_directory,
)


def test_a_simulated_node_is_taken_without_a_look(api: FakeApi) -> None:
    script_lists(api, nodes=[node("k", simulated=True)])
    found = look_for(api, with_directory())
    assert found.nodes == {"tiny": "k"}
    assert "simulated" in warnings(found)[0]


@pytest.mark.parametrize("same_words", [True, False])
def test_a_served_model_is_looked_at_again_only_for_other_words(
    api: FakeApi, same_words: bool
) -> None:
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n7"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    spec = {"hostPath": {"path": PATH}, "nodeAffinity": affinity}
    labels = {"app.kubernetes.io/instance": "tiny"}
    volume = {"metadata": {"name": "llm-tiny", "labels": labels}, "spec": spec}
    template = {"spec": {"securityContext": {"runAsUser": 2000, "runAsGroup": 0}}}
    words = with_directory() if same_words else with_directory(max_model_len=99)
    plan = sealed_text(planned(words, node="n7"))
    live = {
        "metadata": {"name": "tiny", "annotations": {"llmops.vllm/plan": plan}},
        "spec": {"replicas": 1, "template": template},
        "status": {"availableReplicas": 1},
    }
    script_lists(api, nodes=[node("n")], volumes=[volume], deployments=[live])
    api.on("/api/v1/namespaces", Answer(403, status_object(403, "Forbidden", "no")))
    found = look_for(api, with_directory())
    # Only a look makes something: its namespace first of all.
    assert ("POST" in {method for method, path in api.requests}) is not same_words
    assert (found.nodes == {"tiny": "n7"}) is same_words
    assert (found.findings == []) is same_words


def test_a_missing_directory_is_seen_before_any_pull(api: FakeApi) -> None:
    message = "MountVolume.SetUp failed: hostPath type check failed: /models/x is not a directory"
    event = {"involvedObject": {"uid": "u"}, "reason": "FailedMount", "message": message}
    inspection = Inspection(api, [event], {"phase": "Pending"})
    [error] = errors(inspection.run())
    assert error.subject == "tiny: missing model directory"
    assert inspection.deleted() == ["llmops-vllm-preflight-old", "pre-1"]


def test_the_namespace_is_removed_after_a_crash(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspection = Inspection(api, [], {})

    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(follow, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        inspection.run()
    assert inspection.deleted()[-1] == "pre-1"


def test_without_the_right_to_make_a_namespace_it_says_so(api: FakeApi) -> None:
    inspection = Inspection(api, [], {})
    forbidden = Answer(403, status_object(403, "Forbidden", "cannot create namespaces"))
    api.answers["/api/v1/namespaces"] = [forbidden]
    found = inspection.run()
    assert "nobody could look for /models/x" in errors(found)[0].cause
    assert "cannot create namespaces" in warnings(found)[0]
