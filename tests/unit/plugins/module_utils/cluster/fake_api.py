# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server that answers from a script: for faults that a real one will not show."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)


@dataclass
class Answer:
    """One scripted answer; ``cut`` closes the connection before the end of the body."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    cut: bool = False


# What an API server says to a request whose Accept leaves out the form of its errors.
NOT_ACCEPTABLE = Answer(406, {"kind": "Status", "code": 406, "reason": "NotAcceptable"})


class FakeApi:
    """Answers each path with its list of answers in turn, the last one for ever.

    With ``after_seconds`` it begins to listen only after that time.
    """

    def __init__(self, directory: Path, *, port: int = 0, after_seconds: float = 0.0) -> None:
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.chunked: list[str] = []
        self._directory = directory
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler(), False)
        self._after_seconds = after_seconds
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._clients: list[Client] = []
        if not after_seconds:
            self._listen()

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self._server.server_port)

    def stop(self) -> None:
        """Go away: refuse new connections and close the open ones of its clients."""
        for client in self._clients:
            client.close()
        self._server.shutdown()
        self._server.server_close()

    def _listen(self) -> None:
        self._server.server_bind()
        self._server.server_activate()

    def _serve(self) -> None:
        if self._after_seconds:
            time.sleep(self._after_seconds)
            self._listen()
        self._server.serve_forever()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    def on(self, path: str, *answers: Answer) -> None:
        """Script the answers of a path (without its query)."""
        self.answers[path] += answers

    def wrap(self, tls: ssl.SSLContext) -> int:
        """Speak TLS from now on; return the port."""
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        return self._server.server_port

    def client(self) -> Client:
        """Return a client of this server."""
        path = self._directory / "kubeconfig"
        path.write_text(kubeconfig(f"http://127.0.0.1:{self._server.server_port}"))
        self._clients.append(connect(str(path)))
        return self._clients[-1]

    def _next(self, path: str) -> Answer:
        script = self.answers[path]
        if not script:
            return Answer(404, status_object(404, "NotFound", f"no script for {path}"))
        return script.pop(0) if len(script) > 1 else script[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

            def answer(self) -> None:
                body = self._body()
                api.bodies.append(json.loads(body) if body else None)
                api.requests.append((self.command, self.path))
                path = self.path.partition("?")[0]
                found = api._next(path) if self._accepts_errors(path) else NOT_ACCEPTABLE
                text = (
                    found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
                )
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                for warning in found.warnings:
                    self.send_header("Warning", warning)
                self.send_header("Content-Length", str(len(text) + (10 if found.cut else 0)))
                self.end_headers()
                self.wfile.write(text)
                self.close_connection = found.cut

            def _accepts_errors(self, path: str) -> bool:
                """Say whether a JSON error may be sent; a proxied server decides for itself."""
                accept = self.headers.get("Accept", "*/*")
                return "/proxy/" in path or "json" in accept or "*/*" in accept

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.chunked.append(self.path)
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the base class

        return Handler


def kubeconfig(server: str, **user: str) -> str:
    """Return a kubeconfig for one server, as JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "here",
        }
    )


def status_object(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """Return a Status as an API server sends it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "details": details,
    }
