# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The only input of the watch: one thread for each kind, all into one queue."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from ...findings import Finding, FindingsError
from ..api.errors import ApiError
from ..api.kinds import known
from .store import Observation

if TYPE_CHECKING:
    from ..api.connection import Client

# Without these there is only less evidence.
HELPFUL = ("Event", "EndpointSlice", "PersistentVolumeClaim")
# Read once: what nodes there are tells "never" from "not now".
NODE = "Node"
WATCH_SECONDS = 300
# The API server sends a bookmark about every minute; a longer silence is a dead connection.
SILENCE_SECONDS = 90.0
POLL_SECONDS = 2.0
REOPEN_SECONDS = 0.2
# One change of a model shows in several objects within this time: they are judged together.
TOGETHER_SECONDS = 0.1
# An API server that restarts is back within this time; after that the wait ends with its error.
OUTAGE_SECONDS = 60.0


class Streams:
    """Watches one namespace until it is closed."""

    def __init__(self, client: Client, namespace: str, needed: Sequence[str]) -> None:
        """Watch the ``needed`` kinds, without which there is no verdict, and those that help."""
        self._client = client
        self._needed = frozenset(needed)
        self._closed = threading.Event()
        self._responses: dict[str, Any] = {}
        self.seen: queue.Queue[Observation | FindingsError] = queue.Queue()
        self._threads = [
            threading.Thread(
                target=self._run, args=(kind, known(kind).path(namespace)), daemon=True
            )
            for kind in [*needed, *HELPFUL]
        ]
        self._threads.append(threading.Thread(target=self._nodes_once, daemon=True))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        del error
        self._closed.set()
        for response in list(self._responses.values()):
            # Wakes a thread that waits for the next line; urllib3 before 2.3 cannot, and the
            # thread, a daemon, then ends with its watch.
            if hasattr(response, "shutdown"):
                try:
                    response.shutdown()
                except (OSError, ValueError, RuntimeError):
                    continue
        for thread in self._threads:
            thread.join(timeout=2.0)

    def next(self, timeout_seconds: float) -> list[Observation | FindingsError]:
        """Return what was seen, all that waits at once; empty when nothing came in time."""
        try:
            found = [self.seen.get(timeout=timeout_seconds)]
        except queue.Empty:
            return []
        self._closed.wait(TOGETHER_SECONDS)
        while True:
            try:
                found.append(self.seen.get_nowait())
            except queue.Empty:
                return found

    def _run(self, kind: str, path: str) -> None:
        """List, watch, and list again when the watch ends, until closed or hopeless."""
        down_since: float | None = None
        while not self._closed.is_set():
            try:
                version = self._list(kind, path)
                down_since = None
                self._watch_from(kind, path, version)
            except ApiError as error:
                if error.status == 410:
                    continue
                if error.status in {401, 403, 404}:
                    self._give_up(kind, error)
                    return
                down_since = self._pause(error, down_since)
            except FindingsError as error:
                down_since = self._pause(error, down_since)

    def _watch_from(self, kind: str, path: str, version: str) -> None:
        """Watch from one list to the next; each end of a watch goes on where it stopped."""
        while not self._closed.is_set():
            try:
                version = self._watch(kind, path, version)
                # A proxy that ends every watch at once must not be asked without a pause.
                self._closed.wait(REOPEN_SECONDS)
            except ApiError as error:
                if error.status != 403:
                    raise
                # Reading is allowed and watching is not: look again and again.
                self._closed.wait(POLL_SECONDS)
                version = self._list(kind, path)

    def _list(self, kind: str, path: str) -> str:
        answer = self._client.get(path)
        items = answer.get("items") or []
        self._put("LISTED", {"kind": kind, "items": items})
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self, kind: str, path: str, version: str) -> str:
        query = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": WATCH_SECONDS,
        }
        with self._client.stream(
            "GET", path, query=query, read_timeout_seconds=SILENCE_SECONDS
        ) as response:
            self._responses[kind] = response
            if self._closed.is_set():
                # Opened too late to be woken up at the end.
                return version
            for line in lines(response):
                seen = _decoded(line)
                if seen is None:
                    break
                if seen["type"] == "ERROR":
                    raise _watch_error(path, seen["object"])
                version = seen["object"]["metadata"]["resourceVersion"]
                if seen["type"] != "BOOKMARK":
                    self._put(seen["type"], {**seen["object"], "kind": kind})
        return version

    def _nodes_once(self) -> None:
        try:
            self._list(NODE, known(NODE).path())
        except FindingsError:
            self._put("DENIED", {"kind": NODE})

    def _put(self, kind: str, item: dict[str, Any]) -> None:
        self.seen.put(Observation(time.monotonic(), kind, item))

    def _give_up(self, kind: str, error: ApiError) -> None:
        if kind in self._needed:
            self.seen.put(error)
        else:
            self._put("DENIED", {"kind": kind})

    def _pause(self, error: FindingsError, since: float | None) -> float:
        """Wait a little after a failure; report it when it has lasted too long."""
        now = time.monotonic()
        since = since or now
        if now - since > OUTAGE_SECONDS and not self._closed.is_set():
            self.seen.put(error)
            self._closed.set()
        self._closed.wait(1.0)
        return since


def lines(response: Any) -> Iterator[bytes]:
    """Yield the lines of a streamed response; a cut or silent connection ends them."""
    import urllib3

    rest = b""
    try:
        # read1 hands over what has come; read would wait for a full buffer.
        while chunk := response.read1(65536):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line for line in whole if line.strip())
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
        return
    if rest.strip():
        yield rest


def _decoded(line: bytes) -> dict[str, Any] | None:
    """Decode one line of a watch; None for what is none, such as a line that was cut off."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found if {"type", "object"} <= found.keys() else None


def _watch_error(path: str, status: dict[str, Any]) -> ApiError:
    finding = Finding.error("watch_ended", f"watch of {path}", str(status.get("message", "ended")))
    return ApiError(finding, status=int(status.get("code") or 500))
