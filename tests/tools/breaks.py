# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Breaks the code on purpose and looks whether the named tests notice: `breaks.py [FILE]`.

Each entry of tests/breaks.yml is one text that another takes the place of, in one file, and the
tests that have to fail then: paths or node ids, or `-k` with an expression. All of it happens in
copies of what git would commit; the checkout is not touched. A break that no test notices survives.
A text that does not occur exactly once, or tests that do not run or fail without the break too, are
mistakes of the list. All of these end the program with 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

import yaml
from lint import project_files

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "breaks.yml"
JOBS = 2
KEYS = {"file", "find", "replace", "test"}
# pytest's exit codes for tests that ran: none failed, some failed.
ALL_PASSED, SOME_FAILED = 0, 1
LAST_LINES = 12

T = TypeVar("T")


class ListError(Exception):
    """The list of breaks is not well formed; the message says where and why."""


@dataclass(frozen=True)
class Break:
    """A text of a file, what takes its place, and the tests that have to notice."""

    file: str
    find: str
    replace: str
    test: tuple[str, ...]

    @property
    def title(self) -> str:
        """The file, and the first line of the text that is replaced."""
        return f"{self.file}: {' '.join(self.find.split())}"


@dataclass(frozen=True)
class Outcome:
    """What became of a break: caught, survived or mistake, and why."""

    broken: Break
    verdict: str
    seconds: float
    why: str = ""


def read_list(path: Path) -> list[Break]:
    """Read the breaks; raise ListError for an entry that is not one."""
    breaks = []
    for number, entry in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or []):
        if not isinstance(entry, dict) or set(entry) != KEYS:
            raise ListError(
                f"{path.name}[{number}]: an entry has the keys {', '.join(sorted(KEYS))}"
            )
        breaks.append(Break(entry["file"], entry["find"], entry["replace"], tests_of(entry)))
    return breaks


def tests_of(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the arguments for pytest: one or several tests, or `-k` and its expression."""
    test = entry["test"]
    if isinstance(test, list):
        return tuple(test)
    return ("-k", test.removeprefix("-k").strip()) if test.startswith("-k") else (test,)


def applied(broken: Break, text: str) -> str:
    """Return the text of the file with the break in it; raise ListError if it does not fit."""
    count = text.count(broken.find)
    if count != 1:
        raise ListError(f"the text to find occurs {count} times")
    if broken.find == broken.replace:
        raise ListError("find and replace are the same")
    return text.replace(broken.find, broken.replace)


def copy_tree(target: Path) -> None:
    """Copy what git would commit, and point at the environments of the checkout."""
    for path in project_files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target / path)
    for environment in ROOT.glob(".venv*"):
        (target / environment.name).symlink_to(environment.resolve())


def pytest(tree: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run some tests of a tree, or of its unit tier with `-k`, up to the first failure."""
    chosen = ("tests/unit", *tests) if tests[0].startswith("-") else tests
    options = ("-q", "-x", "-p", "no:cacheprovider", "-p", "pytest_timeout", "--timeout=300")
    # It starts twice as fast without the plugins of everything that is installed.
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *chosen],
        cwd=tree,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def last_lines(done: subprocess.CompletedProcess[str]) -> str:
    """Return the end of what pytest said."""
    return "\n".join(done.stdout.splitlines()[-LAST_LINES:])


def try_break(broken: Break, tree: Path) -> Outcome:
    """Break a tree, run the tests, mend it again."""
    started = time.monotonic()
    path = tree / broken.file
    try:
        whole = path.read_text(encoding="utf-8")
        path.write_text(applied(broken, whole), encoding="utf-8")
    except (OSError, ListError) as error:
        return Outcome(broken, "mistake", 0.0, str(error))
    try:
        done = pytest(tree, broken.test)
    finally:
        path.write_text(whole, encoding="utf-8")
    verdict = {ALL_PASSED: "survived", SOME_FAILED: "caught"}.get(done.returncode, "mistake")
    why = "" if verdict == "caught" else last_lines(done)
    return Outcome(broken, verdict, time.monotonic() - started, why)


@contextmanager
def trees(count: int) -> Iterator[Queue[Path]]:
    """Provide copies of the tree, and remove them."""
    free: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory(prefix="breaks-") as folder:
        for number in range(count):
            tree = Path(folder) / str(number)
            copy_tree(tree)
            free.put(tree)
        yield free


def try_all(breaks: list[Break]) -> Iterator[Outcome]:
    """Try the breaks, some side by side, each in a copy that no other uses meanwhile."""

    def in_a_tree(work: Callable[[Path], T]) -> T:
        tree = free.get()
        try:
            return work(tree)
        finally:
            free.put(tree)

    with trees(JOBS) as free, ThreadPoolExecutor(JOBS) as pool:
        # Tests that fail anyway would catch everything.
        tests = sorted({broken.test for broken in breaks})
        whole = pool.map(lambda test: in_a_tree(lambda tree: pytest(tree, test)), tests)
        failing = {test: done for test, done in zip(tests, whole, strict=True) if done.returncode}

        def one(broken: Break) -> Outcome:
            if broken.test in failing:
                why = f"fails without the break:\n{last_lines(failing[broken.test])}"
                return Outcome(broken, "mistake", 0.0, why)
            return in_a_tree(lambda tree: try_break(broken, tree))

        yield from pool.map(one, breaks)


def main() -> int:
    """Try all breaks of the list, print a line for each, return the exit code."""
    path = Path(sys.argv[1]) if sys.argv[1:] else LIST
    try:
        breaks = read_list(path)
    except ListError as error:
        sys.exit(str(error))
    verdicts = []
    for outcome in try_all(breaks):
        verdicts.append(outcome.verdict)
        print(f"{outcome.verdict:<9} {outcome.seconds:5.1f} s  {outcome.broken.title}"[:120])
        if outcome.why:
            print("".join(f"    {line}\n" for line in outcome.why.splitlines()), end="", flush=True)
    counted = [f"{verdicts.count(word)} {word}" for word in ("caught", "survived", "mistake")]
    print(f"Breaks: {', '.join(counted)}")
    return 0 if verdicts.count("caught") == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
