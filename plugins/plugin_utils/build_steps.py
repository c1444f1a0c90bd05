# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs named shell steps, each once, in the order of their needs, some side by side.

A step that succeeded leaves a stamp: a digest of its definition, of its input
files and of the digests of the steps it needs. As long as the stamp is equal
(and the step's check, if it has one, succeeds) the step is not run again. A
step that fails or is interrupted leaves no stamp, so the same call goes on
where the last one stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

POLL_SECONDS = 0.1
END_SECONDS = 10.0
LINE_COLUMNS = 79
LAST_LINES = 15


class StepError(Exception):
    """The steps are not well defined; the message says which and why."""


class StepFailed(Exception):
    """A step's command did not succeed; the message has the end of its log."""


class Interrupted(Exception):
    """The run was told to end; the commands it had started are ended."""


@dataclass(frozen=True)
class Step:
    """One shell command and what it depends on.

    `inputs` are files or directories whose content belongs to the definition.
    `check` is a quick command that tells whether the result is still there.
    """

    name: str
    run: str
    title: str = ""
    needs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    check: str = ""
    about_seconds: int = 0


@dataclass(frozen=True)
class Result:
    """What became of a step: `built` or `kept`, and the seconds it took."""

    name: str
    outcome: str
    seconds: float


@dataclass
class Running:
    """A step whose command is at work, in a process group of its own."""

    step: Step
    process: subprocess.Popen[bytes]
    log: Path
    started: float
    reported: float

    def end(self, signal_number: int) -> None:
        """Send a signal to the command and all it has started in its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)

    @property
    def seconds(self) -> float:
        """How long the command has been at work."""
        return time.monotonic() - self.started


@dataclass
class Builder:
    """Knows the state of the steps on disk and runs what is missing.

    `state` is the directory of stamps and logs. `report` takes one line of
    progress (no line break). A command finds its step's digest in STEP_DIGEST.
    """

    steps: Sequence[Step]
    state: Path
    environment: Mapping[str, str]
    report: Callable[[str], None]
    jobs: int = 2
    heartbeat_seconds: float = 30.0
    digests: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Raise StepError unless the steps form a graph without cycles."""
        self.steps = in_order(self.steps)
        self.digests = step_digests(self.steps)

    def missing(self) -> list[Step]:
        """Return the steps that have to run, as far as can be told beforehand.

        A step with a good stamp whose needs have to run first is not among
        them: its check decides once its needs are there.
        """
        missing: list[Step] = []
        for step in self.steps:
            waits = {one.name for one in missing}.intersection(step.needs)
            if not self._is_stamped(step) or not (waits or self._holds(step)):
                missing.append(step)
        return missing

    def run(self) -> list[Result]:
        """Run what is missing and return one result per step.

        Raises StepFailed when a command fails and Interrupted on SIGTERM or
        SIGINT; the other commands are ended first.
        """
        with self._lock(), raising_on_signals():
            missing = {step.name for step in self.missing()}
            return self._run(missing, self._depending_on(missing))

    def _depending_on(self, names: set[str]) -> set[str]:
        """Return the steps outside `names` that need one of them, directly or not."""
        found: set[str] = set()
        for step in self.steps:
            if step.name not in names and (names | found).intersection(step.needs):
                found.add(step.name)
        return found

    def _run(self, missing: set[str], unsure: set[str]) -> list[Result]:
        waiting = [step for step in self.steps if step.name in missing | unsure]
        done = {
            step.name: Result(step.name, "kept", 0.0)
            for step in self.steps
            if step.name not in missing | unsure
        }
        running: list[Running] = []
        try:
            while waiting or running:
                for step in [step for step in waiting if done.keys() >= set(step.needs)]:
                    if step.name in unsure and self._holds(step):
                        done[step.name] = Result(step.name, "kept", 0.0)
                    elif len(running) < self.jobs:
                        running.append(self._start(step))
                    else:
                        continue
                    waiting.remove(step)
                for one in self._ended(running):
                    done[one.step.name] = self._finish(one)
                if running:
                    time.sleep(POLL_SECONDS)
        finally:
            end_all(running)
        return [done[step.name] for step in self.steps]

    def _start(self, step: Step) -> Running:
        log = self.state / "logs" / f"{step.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self._stamp(step).unlink(missing_ok=True)
        about = f", about {duration(step.about_seconds)}" if step.about_seconds else ""
        self.report(f"{step.name}: started{about}")
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", step.run],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**self.environment, "STEP_DIGEST": self.digests[step.name]},
                start_new_session=True,
            )
        now = time.monotonic()
        return Running(step, process, log, now, now)

    def _ended(self, running: list[Running]) -> list[Running]:
        """Take the commands that have ended out of `running`; report on the others."""
        ended = [one for one in running if one.process.poll() is not None]
        running[:] = [one for one in running if one not in ended]
        for one in running:
            now = time.monotonic()
            if now - one.reported >= self.heartbeat_seconds:
                one.reported = now
                self.report(heartbeat(one))
        return ended

    def _finish(self, one: Running) -> Result:
        """Stamp a step whose command has succeeded; raise StepFailed otherwise."""
        one.end(signal.SIGTERM)
        if one.process.returncode != 0:
            raise StepFailed(failure(one, f"ended with status {one.process.returncode}"))
        if not self._holds(one.step):
            raise StepFailed(failure(one, f"ran, but its check fails: {one.step.check}"))
        stamp = self._stamp(one.step)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(self.digests[one.step.name], encoding="ascii")
        self.report(f"{one.step.name}: done in {one.seconds:.0f} s")
        return Result(one.step.name, "built", round(one.seconds, 1))

    def _stamp(self, step: Step) -> Path:
        return self.state / "stamps" / step.name

    def _is_stamped(self, step: Step) -> bool:
        try:
            return self._stamp(step).read_text(encoding="ascii") == self.digests[step.name]
        except OSError:
            return False

    def _holds(self, step: Step) -> bool:
        """Tell whether the step's result is there, as far as it has a check."""
        if not step.check:
            return True
        shell = subprocess.run(
            ["bash", "-c", step.check],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return shell.returncode == 0

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the state directory, so that two runs do not build the same twice."""
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.report(f"waiting: another run is at work in {self.state}")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return the steps so that each comes after its needs, else in the given order.

    Raises StepError for a name given twice, an unknown need and a circle.
    """
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise StepError(f"step {name} is defined twice")
    for step in steps:
        for need in step.needs:
            if need not in names:
                raise StepError(f"step {step.name} needs {need}, and there is no such step")
    ordered: list[Step] = []
    waiting = list(steps)
    while waiting:
        placed = {step.name for step in ordered}
        ready = next((step for step in waiting if placed.issuperset(step.needs)), None)
        if ready is None:
            circle = ", ".join(step.name for step in waiting)
            raise StepError(f"these steps need each other in a circle: {circle}")
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def step_digests(ordered: Sequence[Step]) -> dict[str, str]:
    """Return the digest in hex of each step; `ordered` has needs before their users."""
    digests: dict[str, str] = {}
    for step in ordered:
        digest = hashlib.sha256()
        for text in (step.name, step.run, *(digests[need] for need in sorted(step.needs))):
            digest.update(text.encode() + b"\0")
        for given in step.inputs:
            for name, content in input_files(step, Path(given)):
                digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        digests[step.name] = digest.hexdigest()
    return digests


def input_files(step: Step, given: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of an input file, or of all files below a directory.

    Names are relative to the parent of `given`: moving the project changes no digest.
    """
    if given.is_dir():
        files = sorted(path for path in given.rglob("*") if path.is_file())
    elif given.is_file():
        files = [given]
    else:
        raise StepError(f"step {step.name} has the input {given}, and there is no such file")
    for file in files:
        if "__pycache__" not in file.parts:
            yield file.relative_to(given.parent).as_posix(), file.read_bytes()


def duration(seconds: float) -> str:
    """Return a rough duration: seconds below two minutes, minutes above.

    >>> duration(95), duration(200)
    ('95 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def heartbeat(one: Running) -> str:
    """Return a line on a step that is still at work, with the last line of its log."""
    last = last_lines(one.log, 1)
    return f"{one.step.name}: {one.seconds:.0f} s; {last[0] if last else 'at work'}"[:LINE_COLUMNS]


def failure(one: Running, cause: str) -> str:
    """Return the message on a failed step: cause, end of the log, where it is."""
    lines = "\n".join(f"  {line}" for line in last_lines(one.log, LAST_LINES))
    return (
        f"step {one.step.name} {cause} after {one.seconds:.0f} s.\n"
        f"{lines or '  (it wrote nothing)'}\n"
        f"The whole log is {one.log}. The same command goes on from here."
    )


def last_lines(log: Path, count: int, tail_bytes: int = 16384) -> list[str]:
    """Return the last lines of a log that are not empty, at most `count`."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - tail_bytes))
        text = stream.read().decode(errors="replace").replace("\r", "\n")
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def end_all(running: Sequence[Running]) -> None:
    """End the commands that are still at work: first asked to, then forced."""
    for one in running:
        one.end(signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    for one in running:
        try:
            one.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.end(signal.SIGKILL)
            one.process.wait()


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into Interrupted, so that what was started is ended."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(f"ended by {signal.Signals(number).name}")

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
