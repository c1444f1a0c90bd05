# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes are looked at, what the pod's script reports, and what is made of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey import inspect_directory
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
    given_nodes,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.inspect_directory import (
    Found,
    Look,
    find_directories,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.inspect_pod import (
    REPORT_LIMIT_BYTES,
    Report,
    inspection_pod,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.plan import inputs_digest
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model

from ...checkpoint.files import single, write
from ..fake_api import Answer, FakeApi, status_object
from .inspection import PATH, Inspection, at, node, run_script, with_directory

GOOD = Report([], 0, 5, config=True, weights=True, writable=False, owner=0, mode=0o755)


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["a", "b"]),
        ({"node_selector": {"disk": "fast"}}, ["b"]),
        ({"tolerations": [{"key": "gpu", "operator": "Exists"}]}, ["a", "b", "tainted"]),
        (
            {"tolerations": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
            ["a", "b", "tainted"],
        ),
        ({"tolerations": [{"key": "gpu", "value": "no"}]}, ["a", "b"]),
        ({"storage": {"node": "cordoned"}}, ["cordoned"]),
        ({"node_name": "tainted"}, ["tainted"]),
    ],
)
def test_candidates(options: dict[str, Any], names: list[str]) -> None:
    nodes = [
        node("b", labels={"disk": "fast"}),
        node("a"),
        node("tainted", taints=[TAINT]),
        node("cordoned", unschedulable=True),
        node("down", ready="Unknown"),
    ]
    assert Candidates(nodes).of(with_directory(**options)) == names


@pytest.mark.parametrize(
    ("candidates", "options", "text"),
    [
        (Candidates([node("a")]), {"storage": {"node": "z"}}, 'no node "z"'),
        (Candidates([node("a", ready="False")]), {}, "none of the 1 nodes is ready"),
        (Candidates([node(f"n{i}") for i in range(9)]), {}, "too many to look at"),
        (Candidates(None, "nodes is forbidden"), {}, "may not list the nodes"),
    ],
)
def test_no_candidates(candidates: Candidates, options: dict[str, Any], text: str) -> None:
    with pytest.raises(FindingsError) as caught:
        candidates.of(with_directory(**options))
    assert text in caught.value.first.cause
    assert "storage.node" in caught.value.first.fix


def test_given_nodes() -> None:
    models = [with_directory(name="a", storage={"node": "n1"}), with_directory(name="b")]
    assert given_nodes(models) == {"a": "n1"}


def test_a_node_is_taken_without_a_list_of_nodes_when_it_is_named() -> None:
    assert Candidates(None).of(with_directory(storage={"node": "z"})) == ["z"]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    directory = write(tmp_path / "model", single())
    (directory / "sub").mkdir()
    (directory / "sub" / "extra.txt").write_text("x")
    for path in (directory, *tmp_path.parents):
        if path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(0o755)
    return directory


def test_the_script_sees_a_good_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    report = run_script(at(checkpoint), tmp_path).report
    assert (report.bad_count, report.files) == (0, 3)
    assert (report.config, report.weights) == (True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run as another user")
def test_the_script_sees_what_another_user_cannot_read(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "model.safetensors").chmod(0o600)
    (checkpoint / "sub").chmod(0o700)
    tmp_path.chmod(0o755)
    report = run_script(at(checkpoint), tmp_path, uid=2000).report
    seen = {name: (mode, owner) for name, mode, owner, error in report.bad}
    assert seen == {"model.safetensors": (0o600, 0), "sub": (0o700, 0)}
    assert not report.writable


def test_the_report_fits_the_kubelets_limit(checkpoint: Path, tmp_path: Path) -> None:
    for number in range(200):
        (checkpoint / f"{'long-name-' * 20}{number}").symlink_to("nowhere")
    for number in range(20):
        (checkpoint / f"{number}{chr(0x6A21) * 80}.safetensors").write_bytes(b"")
    seen = run_script(at(checkpoint), tmp_path)
    assert (seen.report.bad_count, seen.report.bad[0][3]) == (200, "No such file or directory")
    assert seen.report.checkpoint is not None
    assert seen.report.checkpoint.fault_count == 20
    assert len(seen.message.encode()) <= REPORT_LIMIT_BYTES == 4096


def test_one_path_of_any_length_fits_the_report(checkpoint: Path, tmp_path: Path) -> None:
    deep = checkpoint.joinpath(*[chr(0x6A21) * 80] * 10)
    deep.mkdir(parents=True)
    (deep / "link").symlink_to("nowhere")
    seen = run_script(at(checkpoint), tmp_path)
    assert seen.report.bad[0][0].startswith(chr(0x6A21) * 80 + "/")
    assert len(seen.message.encode()) <= REPORT_LIMIT_BYTES


def test_the_pod_is_restricted_but_for_its_volume() -> None:
    pod = inspection_pod(with_directory(), "n1")
    spec = pod["spec"]
    assert spec["nodeName"] == "n1"
    assert spec["securityContext"]["runAsUser"] == 2000
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["volumes"][0]["hostPath"] == {"path": PATH, "type": "Directory"}
    [container] = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mount = {"name": "directory", "mountPath": PATH, "readOnly": True}
    assert container["volumeMounts"] == [mount]


def judge(wanted: Model, *looks: Look, bound_to: str | None = None) -> Found:
    found = Found()
    inspect_directory._judge(wanted, list(looks), bound_to, Candidates([]), found)
    return found


def test_the_first_good_node_is_taken_or_the_one_of_the_live_volume() -> None:
    wanted = with_directory()
    looks = [Look(wanted, name, GOOD, mounted=True) for name in ("a", "b")]
    assert judge(wanted, *looks).nodes == {"tiny": "a"}
    assert judge(wanted, *looks, bound_to="b").nodes == {"tiny": "b"}


def test_a_directory_on_no_node() -> None:
    wanted = with_directory()
    found = judge(wanted, *[Look(wanted, name, mounted=False) for name in ("a", "b")])
    text = " ".join(str(found.errors[0]).split())
    assert "missing model directory: /models/x is on none of the nodes a, b" in text


def test_an_unreadable_file() -> None:
    wanted = with_directory()
    bad = Report(
        [("model.safetensors", 0o600, 0, "Permission denied")], 1, 5, True, True, False, 0, 0
    )
    found = judge(wanted, Look(wanted, "n", bad, mounted=True))
    text = " ".join(str(found.errors[0]).split())
    assert "/models/x/model.safetensors is not readable by uid 2000 (mode 0600, owner 0)" in text
    assert "fix: chmod -R a+rX /models/x on node n" in text


def test_a_readable_node_wins_over_an_unreadable_one() -> None:
    wanted = with_directory()
    bad = Report([("f", 0o600, 0, "x")], 1, 5, True, True, False, 0, 0)
    looks = [Look(wanted, "a", bad, mounted=True), Look(wanted, "b", GOOD, mounted=True)]
    assert judge(wanted, *looks).nodes == {"tiny": "b"}


@pytest.mark.parametrize(
    ("config", "weights", "text"), [(False, True, "config.json"), (True, False, "weights")]
)
def test_an_incomplete_checkpoint(config: bool, weights: bool, text: str) -> None:
    wanted = with_directory()
    report = Report([], 0, 3, config, weights, False, 0, 0o755)
    [error] = judge(wanted, Look(wanted, "n", report, mounted=True)).errors
    assert f"has no {text}" in error.cause


def test_a_cache_must_be_writable_and_needs_no_checkpoint() -> None:
    wanted = with_directory(model="org/tiny")
    empty = Report([], 0, 0, False, False, False, 0, 0o755)
    [error] = judge(wanted, Look(wanted, "n", empty, mounted=True)).errors
    assert "not writable by uid 2000 (mode 0755, owner 0)" in error.cause
    writable = Report([], 0, 0, False, False, True, 2000, 0o755)
    assert judge(wanted, Look(wanted, "n", writable, mounted=True)).nodes == {"tiny": "n"}


def test_an_image_that_cannot_look_is_a_warning_when_the_directory_is_there() -> None:
    wanted = with_directory()
    found = judge(wanted, Look(wanted, "n", mounted=True, problem="ErrImagePull: denied"))
    assert found.nodes == {"tiny": "n"}
    assert "were not looked at: ErrImagePull" in found.warnings[0]


def test_a_simulated_node_is_taken_without_a_look(api: FakeApi) -> None:
    api.on("/api/v1/nodes", Answer(body={"items": [node("k", simulated=True)]}))
    found = find_directories(api.client(), "llm", [with_directory()], lambda _: None)
    assert found.nodes == {"tiny": "k"}
    assert "simulated" in found.warnings[0]


@pytest.mark.parametrize("same_words", [True, False])
def test_a_served_model_is_looked_at_again_only_for_other_words(
    api: FakeApi, same_words: bool
) -> None:
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n7"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    spec = {"hostPath": {"path": PATH}, "nodeAffinity": affinity}
    labels = {"app.kubernetes.io/instance": "tiny"}
    api.on(
        "/api/v1/persistentvolumes/llm-tiny",
        Answer(body={"metadata": {"labels": labels}, "spec": spec}),
    )
    template = {"spec": {"securityContext": {"runAsUser": 2000, "runAsGroup": 0}}}
    digest = inputs_digest(with_directory()) if same_words else "other"
    plan = json.dumps({"memory": {"inputs": digest}})
    live = {
        "metadata": {"annotations": {"llmops.vllm/plan": plan}},
        "spec": {"replicas": 1, "template": template},
        "status": {"availableReplicas": 1},
    }
    api.on("/apis/apps/v1/namespaces/llm/deployments/tiny", Answer(body=live))
    api.on("/api/v1/nodes", Answer(body={"items": []}))
    found = find_directories(api.client(), "llm", [with_directory()], lambda _: None)
    asked = {request[1].partition("?")[0] for request in api.requests}
    assert ("/api/v1/nodes" in asked) is not same_words
    if same_words:
        assert found.nodes == {"tiny": "n7"}
        assert {request[0] for request in api.requests} == {"GET"}


def test_a_missing_directory_is_seen_before_any_pull(api: FakeApi) -> None:
    message = "MountVolume.SetUp failed: hostPath type check failed: /models/x is not a directory"
    event = {"involvedObject": {"uid": "u"}, "reason": "FailedMount", "message": message}
    inspection = Inspection(api, [event], {"phase": "Pending"})
    [error] = inspection.run().errors
    assert error.subject == "tiny: missing model directory"
    assert inspection.deleted() == ["llmops-vllm-preflight-old", "pre-1"]


def test_the_namespace_is_removed_after_a_crash(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspection = Inspection(api, [], {})

    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(inspect_directory, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        inspection.run()
    assert inspection.deleted()[-1] == "pre-1"


def test_without_the_right_to_make_a_namespace_it_says_so(api: FakeApi) -> None:
    inspection = Inspection(api, [], {})
    forbidden = Answer(403, status_object(403, "Forbidden", "cannot create namespaces"))
    api.answers["/api/v1/namespaces"] = [forbidden]
    found = inspection.run()
    assert "nobody could look for /models/x" in found.errors[0].cause
    assert "cannot create namespaces" in found.warnings[0]


def test_the_node_is_given_by_the_label_that_volumes_match() -> None:
    labelled = node("ip-10-0-0-1.internal")
    labelled["metadata"]["labels"] = {"kubernetes.io/hostname": "gpu-7"}
    candidates = Candidates([labelled])
    assert candidates.hostname("ip-10-0-0-1.internal") == "gpu-7"
    assert candidates.hostname("another") == "another"
