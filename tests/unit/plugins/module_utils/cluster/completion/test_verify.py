# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From a watch to an outcome, against a scripted API server: no model waits for another."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion import ending
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.verify import (
    Outcome,
    verify,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch import stream
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import Store, fold

from ..fake_api import Answer, FakeApi, status_object
from ..models import model
from ..watch.replay import recording

KINDS = ("Deployment", "ReplicaSet", "Pod", "EndpointSlice", "Event", "PersistentVolumeClaim")
SERVED = "tiny-llama"
QUESTION = f"/api/v1/namespaces/llm/services/http:{SERVED}:8000/proxy/v1/completions"
LATE = {
    "metadata": {"name": "late", "uid": "late", "generation": 1},
    "spec": {"replicas": 1, "template": {"spec": {}}},
    "status": {"observedGeneration": 1},
}


def answered(text: str, **usage: int) -> Answer:
    chunk = {"choices": [{"text": text, "finish_reason": "length"}], "usage": usage}
    return Answer(body=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())


def served() -> dict[str, list[dict[str, Any]]]:
    """Return the objects of a model that is served, as they were recorded."""
    store = Store()
    for item in recording(SERVED):
        fold(store, item)
    return {kind: copy.deepcopy(store.all(kind)) for kind in KINDS if kind != "Event"}


def script(api: FakeApi, objects: dict[str, list[dict[str, Any]]]) -> None:
    """Answer each list with these objects, and each watch with nothing, for ever."""
    for kind in KINDS:
        body = {"metadata": {"resourceVersion": "1"}, "items": objects.get(kind, [])}
        api.on(known(kind).path("llm"), Answer(body=body))
    api.on(known("Node").path(), Answer(body={"metadata": {"resourceVersion": "1"}, "items": []}))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "CRASH_SHOWS_SECONDS", 3.0)
    monkeypatch.setattr(stream, "REOPEN_SECONDS", 0.05)


def outcome_of(
    api: FakeApi, *names: str, seconds: float = 5.0, with_completion: bool = True
) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    outcome = verify(
        api.client(),
        "llm",
        [model(name=name) for name in names],
        timeout_seconds=seconds,
        with_completion=with_completion,
        say=lines.append,
    )
    return outcome, lines


def test_a_model_is_asked_while_another_one_is_still_awaited(api: FakeApi) -> None:
    objects = served()
    script(api, objects | {"Deployment": [*objects["Deployment"], LATE]})
    api.on(QUESTION, answered(" jumps", completion_tokens=1))
    outcome, lines = outcome_of(api, "late", SERVED, "never-sent")
    assert [(row.name, row.answer) for row in outcome.rows] == [(SERVED, " jumps")]
    assert [(f.rule, f.subject) for f in outcome.findings] == [
        ("not_deployed", "Deployment llm/never-sent"),
        ("timeout", "late: Deployment late"),
    ]
    told = [line for line in lines if "answered" in line or "failed" in line]
    assert told[0].startswith("tiny-llama: answered in ")
    assert told[1].startswith("late: failed: is not ready after 5 s (observed: the new ReplicaSet")


def test_an_empty_answer_fails_that_model_only(api: FakeApi) -> None:
    script(api, served())
    api.on(QUESTION, answered("", completion_tokens=0))
    outcome, lines = outcome_of(api, SERVED)
    assert outcome.rows == []
    [finding] = outcome.findings
    assert finding.rule == "empty_answer"
    assert "tiny-llama: failed: answered with an empty text" in lines


def dying(api: FakeApi, pod: dict[str, Any], answer: Answer) -> None:
    """Give an answer, and from then on show the pod as one whose server has ended."""
    dead = copy.deepcopy(pod)
    dead["metadata"]["resourceVersion"] = "9"
    [status] = dead["status"]["containerStatuses"]
    exit_3 = {"exitCode": 3, "reason": "Error", "finishedAt": "2026-11-21T12:10:00Z"}
    status.update(ready=False, state={"terminated": exit_3})
    for entry in dead["status"]["conditions"]:
        entry["status"] = "False" if entry["type"] == "Ready" else entry["status"]
    change = json.dumps({"type": "MODIFIED", "object": dead}).encode()

    class Dying(list[Answer]):
        def pop(self, *_: Any) -> Answer:
            api.answers[known("Pod").path("llm")] = [Answer(body=change)]
            return super().pop(0)

    api.answers[QUESTION] = Dying([answer, answer])
    log = f"{known('Pod').path('llm', pod['metadata']['name'])}/log"
    api.on(log, Answer(body=b"the engine is gone"))


def test_a_server_that_ends_when_it_is_asked_is_named_by_its_exit(api: FakeApi) -> None:
    objects = served()
    script(api, objects)
    dying(api, objects["Pod"][0], Answer(500, {"error": {"message": "EngineCore died"}}))
    outcome, _lines = outcome_of(api, SERVED)
    [finding] = outcome.findings
    assert finding.rule == "crash_loop"
    assert finding.cause == "container vllm ended with exit code 3, just after it was ready"
    assert "log: the engine is gone" in finding.evidence
    assert finding.fix.startswith("see the last lines of the log above; the first request")


def test_a_server_that_ends_after_its_answer_does_not_count_as_served(api: FakeApi) -> None:
    objects = served()
    script(api, objects | {"Deployment": [*objects["Deployment"], LATE]})
    dying(api, objects["Pod"][0], answered(" jumps", completion_tokens=1))
    outcome, _lines = outcome_of(api, SERVED, "late", seconds=3.0)
    assert outcome.rows == []
    assert [finding.rule for finding in outcome.findings] == ["crash_loop", "timeout"]


def test_an_api_server_that_forbids_to_look_ends_the_wait_with_its_words(api: FakeApi) -> None:
    script(api, served())
    forbidden = Answer(403, status_object(403, "Forbidden", "cannot list pods"))
    api.answers[known("Pod").path("llm")] = [forbidden]
    outcome, _lines = outcome_of(api, SERVED)
    assert outcome.rows == []
    assert "cannot list pods" in outcome.findings[0].cause
