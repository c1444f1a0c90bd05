# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests: `suite.py unit integration ...`, or `suite.py all`.

The steps, in the order of `all`: lint, unit, integration, browser, molecule, e2e, molecule-kind,
stop. Each closes with one line; the last line of the run sums up all of them. Before it stands what
the failed steps said about it. A step that is no pytest run counts as one test. A pytest run that
ran nothing, or that skipped a browser's or an end-to-end test, fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / ".cache" / "reports"
OLDEST, NEWEST = ".venv-dev", ".venv-dev-newest"
# A test that hangs is ended; the first one of a tier may have to build the cluster's programs.
TIMEOUT_SECONDS = {"unit": 120, "integration": 1200, "browser": 120, "e2e": 3000}
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
# The words of pytest, the linters, Ansible and molecule for a failure, and how many lines to show.
FAILURE = re.compile(r"^(FAILED|ERROR) tests/|^ERROR: |FAILED in |^fatal: |^\[ERROR\]|^CRITICAL")
LINES_OF_A_FAILURE = 8
STOP = ("-e", "local_cluster_state=absent", "-e", "local_cluster_keep_cache=true")


@dataclass(frozen=True)
class Step:
    """One command of the test run, started in the checkout with an environment first on PATH."""

    name: str
    command: tuple[str, ...]
    venv: str = OLDEST
    is_pytest: bool = False
    may_skip: bool = True

    @property
    def report(self) -> Path:
        """The JUnit file that a pytest step writes."""
        return REPORTS / f"{self.name}.xml"

    @property
    def log(self) -> Path:
        """The file that keeps what the step printed."""
        return REPORTS / f"{self.name}.log"


@dataclass(frozen=True)
class Count:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        """Return the sum of two counts."""
        return Count(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        """Say it as pytest does."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def pytest_step(tier: str, venv: str = OLDEST, *, may_skip: bool = True) -> Step:
    """Return the step that runs one folder of tests with one environment."""
    name = f"{tier}-oldest" if venv == OLDEST else f"{tier}-newest"
    report = REPORTS / f"{name}.xml"
    extra = tuple(os.environ.get("PYTEST_ARGS", "").split())
    limit = f"--timeout={TIMEOUT_SECONDS[tier]}"
    command = ("pytest", f"tests/{tier}", f"--junit-xml={report}", limit, *extra)
    return Step(name, command, venv, is_pytest=True, may_skip=may_skip)


def molecule_step(scenario: str) -> Step:
    """Return the step that runs the whole sequence of one molecule scenario.

    After an interrupted run molecule would believe that the cluster is there: it is told to forget.
    """
    name = "molecule" if scenario == "default" else f"molecule-{scenario}"
    script = f"molecule reset -s {scenario} && molecule test -s {scenario}"
    return Step(name, ("sh", "-c", script))


def steps_of(name: str) -> list[Step]:
    """Return the steps of one name of the command line."""
    stop = ("ansible-playbook", "-i", "inventories/local", "playbooks/local_cluster.yml", *STOP)
    steps = {
        "lint": [Step("lint", ("python", "tests/tools/lint.py"))],
        "unit": [pytest_step("unit"), pytest_step("unit", NEWEST)],
        "integration": [pytest_step("integration"), pytest_step("integration", NEWEST)],
        "browser": [pytest_step("browser", may_skip=False)],
        "molecule": [molecule_step("default")],
        "e2e": [pytest_step("e2e", may_skip=False)],
        "molecule-kind": [molecule_step("kind")],
        "stop": [Step("stop", stop)],
    }
    if name == "all":
        return [step for group in steps.values() for step in group]
    if name not in steps:
        sys.exit(f"There is no step {name}; there are: all, {', '.join(steps)}.")
    return steps[name]


def read_report(step: Step) -> Count:
    """Count the tests in a JUnit file; a missing file, or one without a test, is one failure."""
    if not step.report.exists():
        return Count(failed=1)
    count = Count()
    for suite in ET.parse(step.report).getroot().iter("testsuite"):  # noqa: S314 (our own file)
        number = {
            key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
        }
        failed, skipped = number["failures"] + number["errors"], number["skipped"]
        count += Count(max(number["tests"] - failed - skipped, 0), failed, skipped)
    if count.passed + count.failed == 0 or (count.skipped and not step.may_skip):
        print(f"{step.name}: tests that had to run were skipped or not found")
        count += Count(failed=1)
    return count


def run(step: Step) -> Count:
    """Run a step with its output on the terminal and in its log, return its count."""
    print(f"\n=== {step.name}: {' '.join(step.command)}", flush=True)
    started = time.monotonic()
    step.report.unlink(missing_ok=True)
    env = os.environ | {
        "PATH": f"{ROOT / step.venv / 'bin'}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(ROOT / step.venv),
    }
    with (
        step.log.open("wb") as log,
        subprocess.Popen(
            step.command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):
        assert process.stdout is not None
        while part := os.read(process.stdout.fileno(), 65536):
            log.write(part)
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
    code = process.returncode
    count = read_report(step) if step.is_pytest else Count(int(code == 0), int(code != 0))
    if code != 0 and count.failed == 0:
        count += Count(failed=1)
    print(f"=== {step.name}: {count} in {time.monotonic() - started:.0f} s", flush=True)
    return count


def what_failed(log: str) -> list[str]:
    """Return the lines of a step's output that say what failed; the last lines if none does."""
    lines = [ESCAPES.sub("", line).strip(" \u2502\r") for line in log.splitlines()]
    lines = [line[:200] for line in lines if line]
    found = [number for number, line in enumerate(lines) if FAILURE.search(line)]
    start = found[0] if found else -LINES_OF_A_FAILURE
    return lines[start:][:LINES_OF_A_FAILURE]


def main() -> int:
    """Run the steps of the command line, print the sum, return the exit code."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    steps = [step for name in sys.argv[1:] or ["all"] for step in steps_of(name)]
    counts = {step: run(step) for step in steps}
    print(f"\nEverything took {time.monotonic() - started:.0f} s.")
    for step, count in counts.items():
        print(f"  {step.name:<20} {count}")
    total = sum(counts.values(), Count())
    summary = [
        *(
            f"{step.name}: {line}"
            for step, count in counts.items()
            if count.failed
            for line in what_failed(step.log.read_text(encoding="utf-8", errors="replace"))
        ),
        str(total),
    ]
    (REPORTS / "summary.txt").write_text("\n".join(summary) + "\n")
    print("\n".join(summary), flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
