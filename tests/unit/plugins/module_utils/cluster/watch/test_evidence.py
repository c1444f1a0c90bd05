# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is fetched after a verdict."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch import evidence
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.evidence import (
    explained,
    telling_lines,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import facts
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules.table import RULES
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import (
    Suspicion,
    Verdict,
    judged,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Reader,
    Store,
    fold,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding

from ..fake_api import Answer, FakeApi, status_object
from .replay import recording, target

POD = "crash-loop-7f7d9775bf-fl4ns"
LOG = f"/api/v1/namespaces/rec/pods/{POD}/log"
NEVER_RAN = Answer(400, status_object(400, "BadRequest", "previous container not found"))


def test_the_last_error_above_the_tail_is_shown() -> None:
    lines = ["start", "ERROR the cause", *[f"line {i}" for i in range(30)]]
    shown = telling_lines(lines)
    assert shown[0] == "ERROR the cause"
    assert shown[-1] == "line 29"


def crashed(statuses: dict[str, Any], **containers: Any) -> Verdict:
    """Judge the model of a recording whose pod has other containers and states."""
    store = Store()
    for item in recording("crash-loop"):
        fold(store, item)
    store.containers.clear()
    pod = copy.deepcopy(store.all("Pod")[0])
    pod["spec"].update(containers)
    pod["status"].update({"containerStatuses": [], **statuses})
    fold(store, Observation(50.0, "MODIFIED", pod))
    return judged(facts(Reader(store), target("crash-loop")), 50.0, RULES, None)


def ended(name: str, code: int = 1, **more: Any) -> dict[str, Any]:
    last = {"exitCode": code, "reason": "Error", "finishedAt": "2026-11-21T12:02:57Z", **more}
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return {"name": name, "restartCount": 2, "state": state, "lastState": {"terminated": last}}


INIT = {"initContainers": [{"name": "download", "image": "i:1"}]}
SIDECAR = {"initContainers": [{"name": "proxy", "image": "i:1", "restartPolicy": "Always"}]}
CASES = {
    "init": ("download", crashed({"initContainerStatuses": [ended("download")]}, **INIT)),
    "sidecar": ("proxy", crashed({"initContainerStatuses": [ended("proxy", 0)]}, **SIDECAR)),
    "main": ("vllm", crashed({"containerStatuses": [ended("vllm")]})),
}


def told(api: FakeApi, verdict: Verdict) -> Finding:
    [suspicion] = verdict.confirmed()
    assert isinstance(suspicion, Suspicion)
    return explained(api.client(), "rec", "crash-loop", suspicion)


@pytest.mark.parametrize("case", CASES)
def test_the_log_of_the_container_that_crashed_is_shown(api: FakeApi, case: str) -> None:
    container, verdict = CASES[case]
    api.on(LOG, Answer(body=b"ValueError: hf_abcdefghijklmn is wrong\n"))
    finding = told(api, verdict)
    assert f"container={container}&" in api.requests[-1][1]
    assert finding.subject == f"crash-loop: Pod {POD}"
    assert f"container {container} ended with exit code" in finding.cause
    origin = "log" if container == "vllm" else f"log of {container}"
    assert finding.evidence[-1] == f"{origin}: ValueError: <hidden> is wrong"
    assert finding.fix == "see the last lines of the log above"


@pytest.mark.parametrize(
    "first",
    [
        NEVER_RAN,
        Answer(body=b"\n"),
        Answer(body=b"unable to retrieve container logs for containerd://1"),
    ],
)
def test_the_present_run_is_asked_where_the_last_one_is_gone(api: FakeApi, first: Answer) -> None:
    api.on(LOG, first, Answer(body=b"no such file"))
    assert told(api, CASES["init"][1]).evidence[-1] == "log of download: no such file"


def test_a_container_that_was_just_removed_is_asked_for_again(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kubelet was seen to name the removed one for both runs until its next status."""
    monkeypatch.setattr(evidence, "LOG_PAUSE_SECONDS", 0.0)
    removed = Answer(body=b"unable to retrieve container logs for containerd://1")
    api.on(LOG, removed, removed, removed, Answer(body=b"no such file"))
    assert told(api, CASES["init"][1]).evidence[-1] == "log of download: no such file"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (NEVER_RAN, ()),
        (
            Answer(403, status_object(403, "Forbidden", "cannot get pods/log")),
            ("log of download: not readable: this user may not get pods/log",),
        ),
    ],
)
def test_without_a_line_the_fix_says_where_the_log_is(
    api: FakeApi, answer: Answer, shown: tuple[str, ...]
) -> None:
    api.on(LOG, answer)
    finding = told(api, CASES["init"][1])
    assert finding.evidence == shown
    assert finding.fix == f"see its log: kubectl logs -n rec {POD} -c download --previous"


def test_an_init_container_that_worked_in_the_end_is_not_to_blame() -> None:
    done = ended("download") | {"state": {"terminated": {"exitCode": 0, "finishedAt": "z"}}}
    statuses = {"initContainerStatuses": [done], "containerStatuses": [ended("vllm", 3)]}
    [suspicion] = crashed(statuses, **INIT).confirmed()
    assert "container vllm ended with exit code 3" in suspicion.evidence.cause


@pytest.mark.parametrize(
    ("container", "fix"),
    [
        (
            {"name": "vllm", "resources": {"limits": {"memory": "4Gi"}}},
            "raise resources.limits.memory of the model: its limit is 4Gi",
        ),
        (
            {"name": "vllm"},
            (
                "the node ran out of memory: set resources.limits.memory of the model, with a "
                "request as large, to what it needs"
            ),
        ),
    ],
)
def test_out_of_memory_names_the_limit(container: dict[str, Any], fix: str) -> None:
    status = ended("vllm", 137, reason="OOMKilled")
    verdict = crashed({"containerStatuses": [status]}, containers=[container])
    [suspicion] = verdict.confirmed()
    assert (suspicion.rule, suspicion.fix) == ("oom_killed", fix)


def test_a_server_that_runs_again_after_it_was_killed_long_ago_is_not_blamed() -> None:
    status = ended("vllm", 137, reason="OOMKilled")
    running = {"state": {"running": {"startedAt": "z"}}, "restartCount": 1}
    verdict = crashed({"containerStatuses": [status | running]})
    assert not verdict.confirmed()
