# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A real headless Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

BROUGHT = Path(__file__).resolve().parents[2] / ".cache" / "browser" / "chromium"
# The first is there if `make test-browser` had to bring a browser.
PROGRAMS = (str(BROUGHT), "chromium", "chromium-browser", "google-chrome")
HOW_TO_GET_IT = "There is no Chromium. Fix: make test-browser, or (Debian) apt-get install chromium"
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
    " --disable-dev-shm-usage --remote-debugging-port=0"
).split()
PHONE_WIDTH = 500
START_SECONDS, ANSWER_SECONDS = 60, 60
# What a page says to developers, or a dialog that it opens.
NOISE = (
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Log.entryAdded",
    "Page.javascriptDialogOpening",
)

Answer = dict[str, Any]


class BrowserError(RuntimeError):
    """The browser is missing, did not start, or refused a command."""


class Page:
    """One tab; ``noise`` is what it wrote to the console."""

    def __init__(self, socket: websocket.WebSocket, session: str) -> None:
        self._socket, self._session = socket, session
        self._numbers = itertools.count(1)
        self._events: list[Answer] = []

    def send(self, method: str, **parameters: Any) -> Answer:
        """Send a command and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._next()
            if answer.get("id") == number:
                break
            self._events.append(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: Answer = answer["result"]
        return result

    def wait_for(self, method: str) -> None:
        """Wait until an event has come."""
        while not any(event.get("method") == method for event in self._events):
            self._events.append(self._next())

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def show(self, path: Path) -> None:
        """Load a file."""
        self.send("Page.navigate", url=path.as_uri())
        self.wait_for("Page.loadEventFired")

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {**size, "scale": 1}
        answer = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    @property
    def noise(self) -> list[Answer]:
        """What the page has written to the console until now."""
        self.evaluate("0")
        return [event for event in self._events if event.get("method") in NOISE]

    def _next(self) -> Answer:
        answer: Answer = json.loads(self._socket.recv())
        return answer


class Browser:
    """A running Chromium."""

    def __init__(self, address: str) -> None:
        self._address = address

    @contextmanager
    def page(
        self, path: Path, width: int, *, dark: bool = False, paper: bool = False
    ) -> Iterator[Page]:
        """Open a file in a tab of its own."""
        socket = connect(self._address)
        try:
            control = Page(socket, "")
            target = control.send("Target.createTarget", url="about:blank")["targetId"]
            attached = control.send("Target.attachToTarget", targetId=target, flatten=True)
            page = Page(socket, attached["sessionId"])
            for domain in ("Page", "Runtime", "Log"):
                page.send(f"{domain}.enable")
            look(page, width, dark=dark, paper=paper)
            page.show(path)
            yield page
            control.send("Target.closeTarget", targetId=target)
        finally:
            socket.close()


def look(page: Page, width: int, *, dark: bool, paper: bool) -> None:
    """Set the width of the window, the colour scheme, and screen or paper."""
    page.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        # A phone takes a page for 980 pixels wide unless its viewport tag says otherwise.
        mobile=width < PHONE_WIDTH,
    )
    page.send("Emulation.setScrollbarsHidden", hidden=True)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    media = "print" if paper else "screen"
    page.send("Emulation.setEmulatedMedia", media=media, features=[scheme])


def connect(address: str) -> websocket.WebSocket:
    """Open a connection to the browser."""
    return websocket.create_connection(address, timeout=ANSWER_SECONDS, suppress_origin=True)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start a browser with a fresh profile below a folder, and end it."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise BrowserError(HOW_TO_GET_IT)
    profile, log = folder / "profile", folder / "chromium.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Browser(_address(process, profile / "DevToolsActivePort", log))
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], port_file: Path, log: Path) -> str:
    """Wait until the browser has written where it listens: the port, and a path."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        lines = port_file.read_text().splitlines() if port_file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise BrowserError(f"Chromium did not start:\n{log.read_text(errors='replace')[-2000:]}")
