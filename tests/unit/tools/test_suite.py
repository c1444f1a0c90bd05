# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The runner counts what ran, and takes nothing that did not run for a success."""

from __future__ import annotations

from pathlib import Path

import pytest
import suite


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(suite, "REPORTS", tmp_path)
    return tmp_path


def report(folder: Path, step: suite.Step, tests: int, failures: int, skipped: int) -> None:
    (folder / f"{step.name}.xml").write_text(
        f'<testsuites><testsuite tests="{tests}" failures="{failures}" errors="1" '
        f'skipped="{skipped}"/></testsuites>'
    )


def test_a_report_is_counted(reports: Path) -> None:
    step = suite.pytest_step("unit")
    report(reports, step, tests=10, failures=2, skipped=3)
    assert suite.read_report(step) == suite.Count(passed=4, failed=3, skipped=3)


def test_a_run_without_a_report_failed(reports: Path) -> None:
    assert suite.read_report(suite.pytest_step("unit")) == suite.Count(failed=1)


def test_a_run_without_tests_failed(reports: Path) -> None:
    step = suite.pytest_step("unit")
    (reports / f"{step.name}.xml").write_text('<testsuites><testsuite tests="0"/></testsuites>')
    assert suite.read_report(step).failed == 1


@pytest.mark.parametrize("tier", ["e2e", "browser"])
def test_browser_and_end_to_end_tests_must_not_be_skipped(reports: Path, tier: str) -> None:
    [step] = suite.steps_of(tier)
    (reports / f"{step.name}.xml").write_text(
        '<testsuites><testsuite tests="3" skipped="1"/></testsuites>'
    )
    assert suite.read_report(step) == suite.Count(passed=2, failed=1, skipped=1)


def test_a_command_that_fails_is_one_failure(reports: Path) -> None:
    assert suite.run(suite.Step("false", ("false",))) == suite.Count(failed=1)
    assert suite.run(suite.Step("true", ("true",))) == suite.Count(passed=1)


def test_the_output_of_a_step_is_kept(reports: Path) -> None:
    step = suite.Step("says", ("sh", "-c", "echo one; echo two >&2"))
    suite.run(step)
    assert step.log.read_text() == "one\ntwo\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            "ok\nFAILED tests/a.py::b - assert 1 == 2\n1 failed",
            "FAILED tests/a.py::b - assert 1 == 2",
        ),
        (
            "\x1b[2m│\x1b[0m \x1b[31mfatal: [local]: FAILED! =>\x1b[0m\n  msg: no",
            "fatal: [local]: FAILED! =>",
        ),
        (
            "___ ERROR at setup ___\nERROR tests/a.py::b - no cluster",
            "ERROR tests/a.py::b - no cluster",
        ),
        ("mypy passed\nruff  FAILED in 0.1 s", "ruff  FAILED in 0.1 s"),
        ("one\ntwo", "one"),
    ],
)
def test_what_failed_is_found_in_the_output(log: str, expected: str) -> None:
    assert suite.what_failed(log)[0] == expected


def test_what_failed_is_short() -> None:
    lines = suite.what_failed("\n".join(["fatal: no"] + ["x" * 500] * 100))
    assert len(lines) == suite.LINES_OF_A_FAILURE
    assert max(map(len, lines)) == 200


def test_the_sum_is_one_plain_line() -> None:
    total = suite.Count(3, 0) + suite.Count(1, 1, 2)
    assert str(total) == "4 passed, 1 failed, 2 skipped"
    assert str(suite.Count(7, 0)) == "7 passed, 0 failed"


def test_everything_ends_with_the_servers_stopped() -> None:
    names = [step.name for step in suite.steps_of("all")]
    assert names[-1] == "stop"
    assert {"unit-oldest", "unit-newest", "e2e-oldest", "molecule", "molecule-kind"} <= set(names)
    assert names.index("integration-newest") < names.index("browser-oldest")
    assert names.index("browser-oldest") < names.index("molecule")
