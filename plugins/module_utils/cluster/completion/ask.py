# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One real completion per model, through its Service, by way of the API server's service proxy."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...findings import FindingsError, failure
from ..api.errors import ApiError
from ..watch.stream import lines

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

# A pod that has just become ready may take a moment to be reachable through its Service.
RETRY_SECONDS = 15.0
RETRY_PAUSE_SECONDS = 0.5
ANSWER_TIMEOUT_SECONDS = 180.0


@dataclass(frozen=True)
class Answer:
    """An answered completion; ``response`` has the shape of one that was not streamed."""

    text: str
    tokens: int
    first_token_seconds: float
    total_seconds: float
    response: dict[str, Any]


def ask(client: Client, namespace: str, model: Model) -> Answer:
    """Send the model's check prompt and return the answer; raises ``FindingsError``."""
    compiled = _compiled(model)
    end = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            answer = _ask_once(client, namespace, model)
            break
        except ApiError as error:
            if error.status not in {502, 503} or time.monotonic() > end:
                raise _explained(client, namespace, model, error) from error
            time.sleep(RETRY_PAUSE_SECONDS)
    if compiled is not None and compiled.search(answer.response) is not True:
        raise failure(
            "unexpected_answer",
            f"{model.name}: check.expect",
            f"is not true for the answer: {model.check.expect}",
            evidence=[f"answer: {' '.join(answer.text.split())[:200]!r}"],
            fix="see whether the model answers what it should, or correct the expression",
        )
    return answer


def service_path(namespace: str, model: Model) -> str:
    """Return the API server's path to the model's Service."""
    return f"/api/v1/namespaces/{namespace}/services/http:{model.name}:{model.service.port}/proxy"


def _ask_once(client: Client, namespace: str, model: Model) -> Answer:
    body = {
        "model": model.served_name,
        "prompt": model.check.prompt,
        "max_tokens": model.check.max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    start = time.monotonic()
    first: float | None = None
    chunks: list[dict[str, Any]] = []
    path = f"{service_path(namespace, model)}/v1/completions"
    try:
        with client.stream(
            "POST",
            path,
            body=body,
            accept="text/event-stream",
            read_timeout_seconds=ANSWER_TIMEOUT_SECONDS,
        ) as response:
            for chunk in _chunks(lines(response), model):
                if first is None and chunk.get("choices"):
                    first = time.monotonic() - start
                chunks.append(chunk)
    except FindingsError as error:
        if time.monotonic() - start < ANSWER_TIMEOUT_SECONDS:
            raise
        raise _silent(namespace, model) from error
    total = time.monotonic() - start
    answer = _assembled(chunks, first if first is not None else total, total)
    if not answer.text:
        raise _empty(namespace, model, answer)
    return answer


def _chunks(stream: Iterator[bytes], model: Model) -> Iterator[dict[str, Any]]:
    """Yield the JSON chunks of a stream of server-sent events up to ``[DONE]``.

    A server or a gateway that does not stream answers with one JSON document: that is one chunk.
    The stream is read to its end: the API server takes less for an aborted request and logs it.
    """
    other: list[bytes] = []
    for line in stream:
        if not line.startswith(b"data:"):
            other.append(line)
            continue
        data = line[len(b"data:") :].strip()
        if data == b"[DONE]":
            deque(stream, maxlen=0)
            return
        try:
            chunk: dict[str, Any] = json.loads(data)
        except ValueError:
            break
        yield _without_error(model, chunk)
    else:
        document = _document(other)
        if document is not None:
            yield _without_error(model, document)
            return
    raise failure(
        "broken_answer",
        f"{model.name}: completion",
        "the answer broke off before its end",
        fix=f"see the server's log: kubectl logs deploy/{model.name}",
    )


def _without_error(model: Model, chunk: dict[str, Any]) -> dict[str, Any]:
    if "error" in chunk:
        raise _server_error(model, chunk["error"])
    return chunk


def _document(found: list[bytes]) -> dict[str, Any] | None:
    """Return the completion that is one JSON document; None for anything else."""
    try:
        document = json.loads(b"\n".join(found))
    except ValueError:
        return None
    is_answer = isinstance(document, dict) and document.keys() & {"choices", "error"}
    return document if is_answer else None


def _empty(namespace: str, model: Model, answer: Answer) -> FindingsError:
    [choice] = answer.response["choices"]
    return failure(
        "empty_answer",
        f"{model.name}: completion",
        "answered with an empty text",
        evidence=[
            f"finish_reason: {choice['finish_reason']}",
            f"usage: {json.dumps(answer.response['usage'])}",
        ],
        fix="set check.prompt to a text that the model goes on with, or raise check.max_tokens; "
        "if it stays empty, the weights, the tokenizer or the quantization are wrong: "
        f"see the server's log: kubectl logs -n {namespace} deploy/{model.name}",
    )


def _silent(namespace: str, model: Model) -> FindingsError:
    return failure(
        "no_answer",
        f"{model.name}: completion",
        f"no answer within {ANSWER_TIMEOUT_SECONDS:.0f} s, although the server says it is healthy",
        fix="its engine hangs or is overloaded; see its log: "
        f"kubectl logs -n {namespace} deploy/{model.name}",
    )


def _assembled(chunks: list[dict[str, Any]], first: float, total: float) -> Answer:
    """Put the chunks together into one response."""
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or []]
    text = "".join(str(choice.get("text") or "") for choice in choices)
    usage: dict[str, Any] = next(
        (chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), {}
    )
    reasons = [c["finish_reason"] for c in choices if c.get("finish_reason")]
    head = chunks[0] if chunks else {}
    response = {
        **{key: head.get(key) for key in ("id", "object", "created", "model")},
        "choices": [
            {"index": 0, "text": text, "finish_reason": reasons[-1] if reasons else None},
        ],
        "usage": usage,
    }
    tokens = int(usage.get("completion_tokens") or sum(1 for c in choices if c.get("text")))
    return Answer(text, tokens, first, total, response)


def _compiled(model: Model) -> Any:
    """Compile ``check.expect`` before anything is sent; None when there is none."""
    if model.check.expect is None:
        return None
    try:
        import jmespath
    except ImportError as error:
        raise failure(
            "missing_library",
            f"{model.name}: check.expect",
            "needs the Python library jmespath",
            fix="pip install jmespath (into the Python environment that runs Ansible)",
        ) from error
    try:
        return jmespath.compile(model.check.expect)
    except jmespath.exceptions.JMESPathError as error:
        raise failure(
            "invalid_expression",
            f"{model.name}: check.expect",
            f"is not a JMESPath expression: {model.check.expect}",
            evidence=str(error).splitlines()[:3],
            fix="an example: contains(choices[0].text, 'fox')",
        ) from error


def _explained(client: Client, namespace: str, model: Model, error: ApiError) -> FindingsError:
    """Say what an error answer to the completion means."""
    if error.status == 404 and not error.reason:
        return _wrong_name(client, namespace, model, error)
    if error.status == 404:
        return failure(
            "missing_service",
            f"Service {namespace}/{model.name}",
            error.message,
            fix="deploy the model first; its Service carries the model's name",
        )
    if error.status == 403:
        return failure(
            "missing_rights",
            f"{model.name}: completion",
            error.message,
            evidence=error.first.evidence,
            fix="ask for the right to create services/proxy in this namespace, or set "
            "vllm_check=rollout to wait for the rollout only",
        )
    return failure(
        "server_error",
        f"{model.name}: completion",
        f"the server answered with {error.status}: {error.message}",
        fix=f"see the server's log: kubectl logs -n {namespace} deploy/{model.name}",
    )


def _wrong_name(client: Client, namespace: str, model: Model, error: ApiError) -> FindingsError:
    """Explain a 404 of the server itself: it serves another name than was asked for."""
    try:
        served = client.get(f"{service_path(namespace, model)}/v1/models")
        names = [str(item.get("id")) for item in served.get("data", [])]
    except FindingsError:
        names = []
    known = ", ".join(names) or "could not be read"
    return failure(
        "wrong_name",
        f"{model.name}: completion",
        f'the server does not know the model "{model.served_name}"',
        evidence=[f"/v1/models: {known}", error.message[:200]],
        fix="set served_model_names to one of these names",
    )


def _server_error(model: Model, error: Any) -> FindingsError:
    message = error.get("message") if isinstance(error, dict) else error
    return failure(
        "server_error",
        f"{model.name}: completion",
        f"the server reports an error: {message}",
        fix=f"see the server's log: kubectl logs deploy/{model.name}",
    )
