# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The step engine, with real shell commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.llmops.vllm.plugins.plugin_utils.build_steps import (
    Builder,
    Interrupted,
    Step,
    StepError,
    StepFailed,
    duration,
)

MakeBuilder = Callable[..., Builder]


@pytest.fixture
def lines() -> list[str]:
    """The lines of progress that builders have reported."""
    return []


@pytest.fixture
def make(tmp_path: Path, lines: list[str]) -> MakeBuilder:
    """Make a builder whose commands see the test's directory as $DIR."""

    def build(*steps: Step, **options: float) -> Builder:
        return Builder(
            steps=steps,
            state=tmp_path / "state",
            environment={"PATH": os.environ["PATH"], "DIR": str(tmp_path)},
            report=lines.append,
            **options,  # type: ignore[arg-type]
        )

    return build


def outcomes(builder: Builder) -> dict[str, str]:
    return {result.name: result.outcome for result in builder.run()}


def appending(name: str, *needs: str, **options: object) -> Step:
    """A step that adds its name as a line to $DIR/order."""
    run = f'echo {name} >>"$DIR/order"'
    return Step(name=name, run=run, needs=needs, **options)  # type: ignore[arg-type]


def order(tmp_path: Path) -> list[str]:
    return (tmp_path / "order").read_text().split()


def test_needs_run_first(make: MakeBuilder, tmp_path: Path) -> None:
    make(appending("c", "b"), appending("b", "a"), appending("a")).run()
    assert order(tmp_path) == ["a", "b", "c"]


def test_second_run_keeps_everything(make: MakeBuilder, tmp_path: Path) -> None:
    steps = (appending("a"), appending("b", "a"))
    assert outcomes(make(*steps)) == {"a": "built", "b": "built"}
    assert outcomes(make(*steps)) == {"a": "kept", "b": "kept"}
    assert order(tmp_path) == ["a", "b"]


def test_missing_tells_what_would_run_and_runs_nothing(make: MakeBuilder, tmp_path: Path) -> None:
    make(appending("a")).run()
    builder = make(appending("a"), appending("b", "a"))
    assert [step.name for step in builder.missing()] == ["b"]
    assert order(tmp_path) == ["a"]


def test_changed_input_runs_the_step_and_its_users(make: MakeBuilder, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("one")
    steps = (appending("a", inputs=(str(source),)), appending("b", "a"), appending("c"))
    make(*steps).run()
    (source / "file").write_text("two")
    assert outcomes(make(*steps)) == {"a": "built", "b": "built", "c": "kept"}


def test_moved_input_keeps_the_step(make: MakeBuilder, tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "source").mkdir(parents=True)
        (tmp_path / place / "source" / "file").write_text("same")
    make(appending("a", inputs=(str(tmp_path / "here" / "source"),))).run()
    moved = make(appending("a", inputs=(str(tmp_path / "there" / "source"),)))
    assert outcomes(moved) == {"a": "kept"}


def test_failing_check_runs_the_step_again_and_checks_its_users(
    make: MakeBuilder, tmp_path: Path
) -> None:
    steps = (
        Step("server", 'touch "$DIR/up"', check='test -e "$DIR/up"'),
        appending("data", "server", check='test -e "$DIR/order"'),
        appending("view", "data"),
    )
    make(*steps).run()
    (tmp_path / "up").unlink()
    assert outcomes(make(*steps)) == {"server": "built", "data": "kept", "view": "kept"}
    (tmp_path / "up").unlink()
    (tmp_path / "order").unlink()
    assert outcomes(make(*steps)) == {"server": "built", "data": "built", "view": "kept"}


def test_a_step_whose_check_fails_after_it_ran_has_failed(make: MakeBuilder) -> None:
    with pytest.raises(StepFailed, match=r"step a ran, but its check fails: false"):
        make(Step("a", "true", check="false")).run()


def test_failure_names_the_log_and_shows_its_end(make: MakeBuilder, tmp_path: Path) -> None:
    builder = make(Step("a", "seq 100; echo no disk >&2; exit 3"))
    with pytest.raises(StepFailed) as failed:
        builder.run()
    message = str(failed.value)
    assert "step a ended with status 3" in message
    assert "no disk" in message
    assert str(tmp_path / "state" / "logs" / "a.log") in message
    assert "\n  85\n" not in message


def test_run_after_a_failure_goes_on(make: MakeBuilder, tmp_path: Path) -> None:
    steps = (appending("a"), Step("b", 'test -e "$DIR/cured"', needs=("a",)), appending("c", "b"))
    with pytest.raises(StepFailed):
        make(*steps).run()
    (tmp_path / "cured").touch()
    assert outcomes(make(*steps)) == {"a": "kept", "b": "built", "c": "built"}


def test_failed_rebuild_leaves_no_stamp_of_the_older_build(
    make: MakeBuilder, tmp_path: Path
) -> None:
    good = appending("a")
    make(good).run()
    with pytest.raises(StepFailed):
        make(Step("a", "exit 1")).run()
    assert [step.name for step in make(good).missing()] == ["a"]


def test_independent_steps_run_side_by_side(make: MakeBuilder) -> None:
    # Each waits for the other's file: one after the other they would never end.
    meet = 'touch "$DIR/{0}"; until test -e "$DIR/{1}"; do sleep 0.01; done'
    builder = make(Step("a", meet.format("x", "y")), Step("b", meet.format("y", "x")))
    assert outcomes(builder) == {"a": "built", "b": "built"}


def test_no_more_than_jobs_run_at_once(make: MakeBuilder, tmp_path: Path) -> None:
    alone = 'mkdir "$DIR/busy" && sleep 0.05 && rmdir "$DIR/busy"'
    make(*(Step(name, alone) for name in "abc"), jobs=1).run()
    assert not (tmp_path / "busy").exists()


def test_failure_ends_the_other_commands(make: MakeBuilder, tmp_path: Path) -> None:
    slow = 'echo $$ >"$DIR/pid"; sleep 60 & wait'
    fails = 'until test -s "$DIR/pid"; do sleep 0.01; done; exit 1'
    started = time.monotonic()
    with pytest.raises(StepFailed):
        make(Step("slow", slow), Step("fails", fails)).run()
    assert time.monotonic() - started < 30
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_progress_lines(make: MakeBuilder, lines: list[str]) -> None:
    step = Step("a", "echo compiling; sleep 0.5", about_seconds=200)
    make(step, heartbeat_seconds=0.2).run()
    assert lines[0] == "a: started, about 3 min"
    assert lines[1] == "a: 0 s; compiling"
    assert lines[-1].startswith("a: done in ")


def test_progress_lines_fit_a_terminal(make: MakeBuilder, lines: list[str]) -> None:
    make(Step("a", f"echo {'x' * 200}; sleep 0.4"), heartbeat_seconds=0.2).run()
    assert max(len(line) for line in lines) == 79


def test_server_in_its_own_session_outlives_the_step(make: MakeBuilder, tmp_path: Path) -> None:
    start = 'setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $! >"$DIR/pid"; sleep 0.1'
    make(Step("a", start)).run()
    pid = int((tmp_path / "pid").read_text())
    try:
        assert Path(f"/proc/{pid}").exists()
    finally:
        os.kill(pid, signal.SIGTERM)


def test_command_finds_its_digest(make: MakeBuilder, tmp_path: Path) -> None:
    builder = make(Step("a", 'printf %s "$STEP_DIGEST" >"$DIR/digest"'))
    builder.run()
    assert (tmp_path / "digest").read_text() == builder.digests["a"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((Step("a", "true"), Step("a", "true")), "step a is defined twice"),
        ((Step("a", "true", needs=("b",)),), "step a needs b, and there is no such step"),
        (
            (Step("a", "true", needs=("b",)), Step("b", "true", needs=("a",))),
            "these steps need each other in a circle: a, b",
        ),
        ((Step("a", "true", inputs=("/no/file",)),), "has the input /no/file, and there is no"),
    ],
)
def test_bad_definitions(make: MakeBuilder, steps: tuple[Step, ...], message: str) -> None:
    with pytest.raises(StepError, match=message):
        make(*steps)


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (119, "119 s"), (200, "3 min")])
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


INTERRUPTED = """
import os, sys
from pathlib import Path
from ansible_collections.llmops.vllm.plugins.plugin_utils.build_steps import *
step = Step("a", 'echo $$ >"$DIR/pid"; sleep 60 & wait')
environment = {"PATH": os.environ["PATH"], "DIR": sys.argv[1]}
try:
    Builder([step], Path(sys.argv[1]) / "state", environment, print).run()
except Interrupted as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_the_commands_and_stamps_nothing(
    make: MakeBuilder, tmp_path: Path, number: signal.Signals
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid_file = tmp_path / "pid"
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.02)
    process.send_signal(number)
    _output, errors = process.communicate(timeout=30)
    assert number.name in errors
    assert process.returncode == 1
    assert not Path(f"/proc/{pid_file.read_text().strip()}").exists()
    assert not (tmp_path / "state" / "stamps" / "a").exists()
    assert issubclass(Interrupted, Exception)


def test_two_runs_do_not_build_the_same_twice(make: MakeBuilder, tmp_path: Path) -> None:
    program = INTERRUPTED.replace("sleep 60 & wait", "sleep 1")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, str(tmp_path)]
    runs = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for dummy in range(2)
    ]
    output = "".join(run.communicate(timeout=30)[0] for run in runs)
    assert output.count("a: started") == 1
    assert "waiting: another run is at work" in output
