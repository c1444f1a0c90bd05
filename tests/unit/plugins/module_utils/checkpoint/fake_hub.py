# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A Hub on loopback that speaks what huggingface_hub needs to read a model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
NOT_FOUND = {"repo": "RepoNotFound", "revision": "RevisionNotFound", "entry": "EntryNotFound"}


@dataclass
class FakeHub:
    """What the server has and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    model: str = "acme/tiny"
    gated: bool = False
    lists_files: bool = True
    status: int = 0
    page: bytes = b""
    stalls: bool = False
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.requests.append(f"{self.command} {path}")
        hub.tokens.append(self.headers.get("Authorization", ""))
        if hub.stalls:
            hub.released.wait(30)
        elif hub.status:
            self.answer(hub.status, b"")
        elif hub.page:
            self.answer(200, hub.page)
        elif path.startswith(f"/api/models/{hub.model}/revision/"):
            self.info(path.rsplit("/", 1)[1])
        elif path.startswith(f"/{hub.model}/resolve/{COMMIT}/"):
            self.file(path.rsplit("/", 1)[1])
        else:
            self.answer(404, b"", {"X-Error-Code": NOT_FOUND["repo"]})

    def info(self, revision: str) -> None:
        if revision not in ("main", COMMIT):
            self.answer(404, b"", {"X-Error-Code": NOT_FOUND["revision"]})
            return
        listed = self.hub.files if self.hub.lists_files else {}
        siblings = [{"rfilename": name, "size": len(data)} for name, data in listed.items()]
        info = {"id": self.hub.model, "sha": COMMIT, "siblings": siblings, "tags": []}
        self.answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def file(self, name: str) -> None:
        if self.hub.gated:
            self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
            return
        if name not in self.hub.files:
            self.answer(404, b"", {"X-Error-Code": NOT_FOUND["entry"]})
            return
        data, status = self.hub.files[name], 200
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{name}"', "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            begin, end = wanted[6:].split("-")
            data, status = data[int(begin) : int(end) + 1 if end else None], 206
        self.answer(status, data, headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: the requests are noted."""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """The Hub on a port of loopback, gone afterwards."""
    handler = type("BoundHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
