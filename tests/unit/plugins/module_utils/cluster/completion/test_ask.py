# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A completion against a scripted server: what the answer holds, and each way it goes wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion import (
    ask as completion,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.ask import ask
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.verify import (
    Served,
    table,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.report.text import columns

from ..fake_api import Answer, FakeApi, status_object
from ..models import model

PROXY = "/api/v1/namespaces/llm/services/http:tiny:8000/proxy"
PATH = f"{PROXY}/v1/completions"


def events(*chunks: dict[str, Any], done: bool = True) -> Answer:
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Answer(body="".join([*lines, "data: [DONE]\n\n" if done else ""]).encode())


def said(text: str, reason: str | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "text": text, "finish_reason": reason}]
    return {"id": "1", "object": "text_completion", "model": "org/tiny", "choices": choices}


USAGE = {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}}
GOOD = events(said(" jumps"), said(" over", "length"), USAGE)


def test_the_answer_is_assembled(api: FakeApi) -> None:
    api.on(PATH, GOOD)
    answer = ask(api.client(), "llm", model(check={"prompt": "The fox", "max_tokens": 2}))
    assert (answer.text, answer.tokens) == (" jumps over", 2)
    assert answer.response["choices"][0]["finish_reason"] == "length"
    assert 0 < answer.first_token_seconds <= answer.total_seconds
    [sent] = api.bodies
    assert (sent["model"], sent["prompt"], sent["max_tokens"]) == ("org/tiny", "The fox", 2)
    assert sent["stream"] is True


def test_the_question_is_sent_in_chunks(api: FakeApi) -> None:
    """With a length, the API server's proxy loses about one answer in two hundred."""
    api.on(PATH, GOOD)
    ask(api.client(), "llm", model())
    assert api.chunked == [PATH]


def test_the_answer_is_read_to_its_end() -> None:
    stream = iter([b"data: [DONE]", b"", b": the end"])
    assert list(completion._chunks(stream, model())) == []
    assert list(stream) == []


@pytest.mark.parametrize("status", [502, 503])
def test_a_service_that_is_not_there_yet_is_asked_again(
    api: FakeApi, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "RETRY_PAUSE_SECONDS", 0.01)
    unavailable = Answer(status, status_object(status, "ServiceUnavailable", "no endpoints"))
    api.on(PATH, unavailable, unavailable, GOOD)
    assert ask(api.client(), "llm", model()).text == " jumps over"


def test_a_service_that_never_answers_is_an_error(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "RETRY_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(completion, "RETRY_SECONDS", 0.1)
    api.on(PATH, Answer(503, status_object(503, "ServiceUnavailable", "no endpoints available")))
    with pytest.raises(FindingsError, match=r"no\s+endpoints\s+available"):
        ask(api.client(), "llm", model())


def test_a_wrong_name_lists_what_is_served(api: FakeApi) -> None:
    api.on(PATH, Answer(404, {"error": {"message": "The model `org/tiny` does not exist."}}))
    api.on(f"{PROXY}/v1/models", Answer(body={"data": [{"id": "real-name"}]}))
    with pytest.raises(FindingsError) as caught:
        ask(api.client(), "llm", model())
    assert caught.value.first.evidence[0] == "/v1/models: real-name"
    assert "served_model_names" in caught.value.first.fix


def test_a_missing_service_is_named(api: FakeApi) -> None:
    api.on(PATH, Answer(404, status_object(404, "NotFound", 'services "tiny" not found')))
    with pytest.raises(FindingsError, match=r"Service\s+llm/tiny"):
        ask(api.client(), "llm", model())


def test_a_missing_right_names_the_way_out(api: FakeApi) -> None:
    api.on(PATH, Answer(403, status_object(403, "Forbidden", "cannot create services/proxy")))
    with pytest.raises(FindingsError) as caught:
        ask(api.client(), "llm", model())
    assert "vllm_check=rollout" in caught.value.first.fix


def test_an_answer_that_breaks_off_is_an_error(api: FakeApi) -> None:
    api.on(PATH, events(said("half"), done=False))
    with pytest.raises(FindingsError, match="broke off"):
        ask(api.client(), "llm", model())


def test_a_chunk_that_is_cut_is_an_error(api: FakeApi) -> None:
    api.on(PATH, Answer(body=b'data: {"choices": [{"text": "ha'))
    with pytest.raises(FindingsError, match="broke off"):
        ask(api.client(), "llm", model())


def test_an_empty_text_is_no_answer(api: FakeApi) -> None:
    api.on(PATH, events(said("", "stop"), {"choices": [], "usage": {"completion_tokens": 1}}))
    with pytest.raises(FindingsError, match="answered with an empty text") as caught:
        ask(api.client(), "llm", model())
    assert caught.value.first.evidence == ("finish_reason: stop", 'usage: {"completion_tokens": 1}')
    assert "check.prompt" in caught.value.first.fix


def test_white_space_is_an_answer(api: FakeApi) -> None:
    api.on(PATH, events(said("\n", "length")))
    assert ask(api.client(), "llm", model()).text == "\n"


@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_that_is_not_streamed_is_one(api: FakeApi, indent: int | None) -> None:
    document = said(" jumps over", "length") | {"usage": {"completion_tokens": 2}}
    api.on(PATH, Answer(body=json.dumps(document, indent=indent).encode()))
    expect = "usage.completion_tokens == `2` && choices[0].finish_reason == 'length'"
    answer = ask(api.client(), "llm", model(check={"expect": expect}))
    assert (answer.text, answer.tokens) == (" jumps over", 2)
    assert answer.first_token_seconds == pytest.approx(answer.total_seconds, abs=0.05)


def test_an_error_that_is_not_streamed_is_an_error(api: FakeApi) -> None:
    api.on(PATH, Answer(body={"error": {"message": "EngineCore died"}}))
    with pytest.raises(FindingsError, match="EngineCore died"):
        ask(api.client(), "llm", model())


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b'"fine"', b'{"status": "ok"}'])
def test_a_document_that_is_no_completion_is_no_answer(api: FakeApi, body: bytes) -> None:
    api.on(PATH, Answer(body=body))
    with pytest.raises(FindingsError, match="broke off"):
        ask(api.client(), "llm", model())


def test_an_error_in_the_stream_is_an_error(api: FakeApi) -> None:
    api.on(PATH, events({"error": {"message": "EngineCore died"}}))
    with pytest.raises(FindingsError, match="EngineCore died"):
        ask(api.client(), "llm", model())


def test_an_expectation_that_holds(api: FakeApi) -> None:
    api.on(PATH, GOOD)
    expect = "contains(choices[0].text, 'over') && usage.completion_tokens == `2`"
    assert ask(api.client(), "llm", model(check={"expect": expect})).tokens == 2


@pytest.mark.parametrize("expect", ["contains(choices[0].text, 'dog')", "choices[0].text"])
def test_an_expectation_must_be_true_and_not_only_truthy(api: FakeApi, expect: str) -> None:
    api.on(PATH, GOOD)
    with pytest.raises(FindingsError) as caught:
        ask(api.client(), "llm", model(check={"expect": expect}))
    assert caught.value.first.evidence == ("answer: 'jumps over'",)


def test_a_broken_expectation_is_refused_before_anything_is_sent(api: FakeApi) -> None:
    with pytest.raises(FindingsError, match=r"not\s+a\s+JMESPath\s+expression"):
        ask(api.client(), "llm", model(check={"expect": "contains(choices"}))
    assert api.requests == []


def test_the_table_fits_a_terminal() -> None:
    rows = [
        Served("a" * 60, 12, 1234.5, 0.123, 123.456, "jumps over\nthe lazy dog " * 9),
        Served("b", 1, None),
        Served("c", 1, 30.0, 0.1, 0.2, "漢字" * 50),
    ]
    lines = table(rows)
    assert all(columns(line) <= 80 for line in lines)
    assert lines[0].split() == ["model", "replicas", "start-up", "first", "total", "answer"]
    assert "1234 s" in lines[2]
    assert lines[3].split() == ["b", "1", "-", "-", "-", "-"]
