# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One kept-alive connection pool to one API server.

The ``kubernetes`` library reads the kubeconfig, authenticates and sets up TLS; requests go through
its urllib3 pool as plain JSON, so that none of its generated classes is ever loaded.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from ...findings import failure
from . import kubeconfig, transport_errors

try:
    import urllib3
except ImportError:  # the kubernetes library brings it; its absence is reported by connect()
    urllib3 = None  # type: ignore[assignment]

Json = Any
JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 60.0
POOL_SIZE = 16
ATTEMPTS = 4
LONGEST_PAUSE_SECONDS = 10.0
# A control plane with one API server restarts it within this time.
OUTAGE_SECONDS = 10.0
# Repeating these is harmless: a read, a server-side apply, a delete by name.
REPEATABLE = frozenset({"GET", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Reply:
    """A complete answer: HTTP status, headers with lower-case names, body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Sends JSON requests to one API server; safe to share between threads."""

    def __init__(self, loaded: kubeconfig.Loaded, origin: kubeconfig.Origin) -> None:
        self._pool = loaded.pool
        self._authorization = loaded.authorization
        self._temporary = loaded.temporary
        self._lock = threading.Lock()
        self._has_answered = False
        self.origin = origin
        self.warnings: list[str] = []

    def get(self, path: str, query: Mapping[str, Any] | None = None, **options: Any) -> Json:
        """GET a JSON document."""
        return self.request("GET", path, query=query, **options)

    def find(self, path: str) -> Json | None:
        """GET a JSON document, or None when there is none (404)."""
        reply = self.send("GET", path)
        return None if reply.status == 404 else self._decode("GET", path, reply)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Json:
        """Send a request and return the decoded JSON body; raise ``ApiError`` on 4xx and 5xx."""
        reply = self.send(
            method, path, query=query, body=body, content_type=content_type, accept=accept
        )
        return self._decode(method, path, reply)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json = None,
        content_type: str = JSON,
        accept: str = JSON,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        attempts: int = ATTEMPTS,
    ) -> Reply:
        """Send a request, repeat it while the server asks for patience, return any answer.

        A server that has answered before is waited for a few seconds when it is gone.
        """
        outage = _Outage(method, patience_seconds=OUTAGE_SECONDS if self._has_answered else 0.0)
        for attempt in count():
            try:
                response = self._open(
                    method,
                    path,
                    query=query,
                    body=body,
                    content_type=content_type,
                    accept=accept,
                    read_timeout_seconds=read_timeout_seconds,
                    preload=True,
                )
            except urllib3.exceptions.HTTPError as error:
                if not outage.may_repeat_after(error):
                    raise transport_errors.transport_error(error, self.origin) from error
                outage.pause()
                continue
            self._has_answered = True
            pause = _pause_seconds(method, response.status, response.headers, attempt)
            if pause is None or attempt + 1 >= attempts:
                return self._reply(response)
            time.sleep(pause)
        raise AssertionError  # the loop returns or raises

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json = None,
        accept: str = JSON,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> Iterator[Any]:
        """Open a streamed answer (a watch, server-sent events) as a urllib3 response.

        Raises ``ApiError`` for 4xx and 5xx. The connection is closed at the end, never reused.
        A body is sent in chunks: with a length, the API server's proxy sometimes drops an answer
        that begins before it has looked for the body's end (golang/go issue 40747).
        """
        try:
            response = self._open(
                method,
                path,
                query=query,
                body=body,
                accept=accept,
                read_timeout_seconds=read_timeout_seconds,
                preload=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise transport_errors.transport_error(error, self.origin) from error
        try:
            if response.status >= 400:
                raise transport_errors.api_error(
                    method, path, response.status, response.read(), self.origin
                )
            yield response
        finally:
            response.close()

    def warn(self, text: str) -> None:
        """Keep a warning for the user, once, beside those of the API server."""
        with self._lock:
            if text not in self.warnings:
                self.warnings.append(text)

    def close(self) -> None:
        """Close the idle connections, and forget credentials that were refreshed meanwhile."""
        self._pool.clear()
        self._temporary.remove()

    def _open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json = None,
        content_type: str = JSON,
        accept: str = JSON,
        read_timeout_seconds: float,
        preload: bool,
    ) -> Any:
        url = self.origin.server + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, "User-Agent": "llmops.vllm"}
        if body is not None:
            headers["Content-Type"] = content_type
        authorization = self._authorization()
        if authorization:
            headers["Authorization"] = authorization
        return self._pool.request(
            method,
            url,
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=read_timeout_seconds),
            retries=False,
            redirect=False,
            preload_content=preload,
            chunked=body is not None and not preload,
        )

    def _reply(self, response: Any) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        # One warning per header line; a comma inside a text is no separator.
        for line in response.headers.getlist("Warning"):
            self._remember_warning(line)
        return Reply(response.status, headers, response.data)

    def _remember_warning(self, line: str) -> None:
        """Keep the text of ``299 - "text"`` once."""
        self.warn(line.partition('"')[2].rpartition('"')[0].replace('\\"', '"') or line)

    def _decode(self, method: str, path: str, reply: Reply) -> Json:
        if reply.status >= 400:
            raise transport_errors.api_error(method, path, reply.status, reply.body, self.origin)
        try:
            return json.loads(reply.body) if reply.body else None
        except ValueError as error:
            raise failure(
                "not_json",
                f"API server {self.origin.server}",
                f"answered {method} {path} with something that is not JSON",
                evidence=[reply.body[:200].decode("utf-8", "replace")],
                fix="check that the address is a Kubernetes API server and not a login page",
            ) from error


def connect(kubeconfig_path: str | None = None, context: str | None = None) -> Client:
    """Read the kubeconfig and return a client; sends nothing yet.

    Without a kubeconfig path: the variable ``KUBECONFIG``, then ``~/.kube/config``, then the
    service account of the pod that this runs in. Raises ``FindingsError``.
    """
    with _library_log() as log:
        loaded = kubeconfig.load(kubeconfig_path, context, pool_size=POOL_SIZE)
    # An exec plugin that fails is only logged by the library; without it the error is a bare 401.
    origin = loaded.origin.with_notes(log)
    return Client(loaded, origin)


@contextmanager
def _library_log() -> Iterator[list[str]]:
    """Collect what the library logs as errors on the root logger."""
    lines: list[str] = []
    handler = logging.Handler(level=logging.ERROR)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


class _Outage:
    """Decides how often a request is repeated that gets no answer."""

    def __init__(self, method: str, *, patience_seconds: float) -> None:
        self._method = method
        self._patience_seconds = patience_seconds
        self._repeated = 0
        self._end = 0.0

    def may_repeat_after(self, error: Exception) -> bool:
        """Tell whether one more try is harmless and worth it."""
        if isinstance(error, urllib3.exceptions.SSLError | urllib3.exceptions.NameResolutionError):
            return False
        if isinstance(error, urllib3.exceptions.NewConnectionError):
            return self._repeated == 0 or time.monotonic() < self._end  # nothing was sent
        harmless = isinstance(error, urllib3.exceptions.ProtocolError) and (
            self._method in REPEATABLE
        )
        return harmless and self._repeated < ATTEMPTS

    def pause(self) -> None:
        """Wait before the next try, each time a little longer."""
        if not self._repeated:
            self._end = time.monotonic() + self._patience_seconds
        time.sleep(min(0.2 * 2**self._repeated, 1.0))
        self._repeated += 1


def _pause_seconds(
    method: str, status: int, headers: Mapping[str, str], attempt: int
) -> float | None:
    """Return how long to wait before the same request again, None for "do not repeat it"."""
    asked = headers.get("Retry-After", "")
    repeatable = method in REPEATABLE and status in {502, 503, 504}
    if status != 429 and not repeatable and not (status == 500 and asked):
        return None
    backoff = 0.2 * 2**attempt * random.uniform(1, 1.5)  # noqa: S311 - spreads clients, no secret
    return min(float(asked) if asked.isdigit() else backoff, LONGEST_PAUSE_SECONDS)
