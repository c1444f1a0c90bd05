# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the linters side by side: `lint.py`, or `lint.py ruff mypy` for some of them.

Prints one line per linter, and the output of those that failed. A linter that is missing fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".venv-dev" / "bin"
# The contracts are in pyproject.toml.
LINT_IMPORTS = ("lint-imports", "--no-logo", "--no-cache")


@dataclass(frozen=True)
class Linter:
    """A name and the commands that must all succeed."""

    name: str
    commands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """What one linter said and how long it took."""

    linter: Linter
    passed: bool
    output: str
    seconds: float


def project_files() -> list[Path]:
    """Return the files that git would commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (Path(name) for name in listed.split("\0") if name)
    return sorted(path for path in paths if (ROOT / path).is_file())


def is_shell_script(path: Path) -> bool:
    """Tell whether a file is one that shellcheck understands."""
    if path.suffix:
        return path.suffix == ".sh"
    with (ROOT / path).open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh"))


def linters() -> list[Linter]:
    """Return all linters, the slowest first."""
    shellcheck_options = ("--external-sources", "--source-path=SCRIPTDIR")
    shell_scripts = tuple(str(path) for path in project_files() if is_shell_script(path))
    return [
        Linter("importer", (("tests/sanity/run", "importer"),)),
        Linter("sanity", (("tests/sanity/run", "sanity", ".venv-dev"),)),
        Linter("sanity-newest", (("tests/sanity/run", "sanity", ".venv-dev-newest"),)),
        Linter("ansible-lint", (("ansible-lint", "--offline", "--profile", "production"),)),
        Linter(
            "mypy",
            (
                ("mypy", "-p", "ansible_collections.llmops.vllm.plugins"),
                ("mypy", "tests", "molecule", "roles"),
            ),
        ),
        Linter("imports", (("env", "PYTHONPATH=.cache/collections", *LINT_IMPORTS),)),
        Linter("docs", (("antsibull-docs", "lint-collection-docs", "--plugin-docs", "."),)),
        Linter("changelog", (("antsibull-changelog", "lint"),)),
        Linter(
            "readmes",
            (
                ("python", "tests/tools/role_readmes.py", "--check"),
                ("python", "tests/tools/option_docs.py", "--check"),
            ),
        ),
        Linter("yamllint", (("yamllint", "--strict", "."),)),
        Linter("shellcheck", (("shellcheck", *shellcheck_options, *shell_scripts),)),
        Linter("ruff", (("ruff", "check", "."),)),
        Linter("format", (("ruff", "format", "--check", "."),)),
    ]


def run_command(command: tuple[str, ...]) -> tuple[bool, str]:
    """Run one command of the development environment, return success and output."""
    env = os.environ | {"PATH": f"{DEV}:{os.environ['PATH']}", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return False, f"{command[0]} is not installed; fix: make setup\n"
    return done.returncode == 0, done.stdout


def run_linter(linter: Linter) -> Outcome:
    """Run all commands of a linter, whether or not the first one fails."""
    started = time.monotonic()
    results = [run_command(command) for command in linter.commands]
    return Outcome(
        linter=linter,
        passed=all(passed for passed, output in results),
        output="".join(output for passed, output in results if not passed),
        seconds=time.monotonic() - started,
    )


def chosen(names: list[str]) -> list[Linter]:
    """Return the linters of these names, or all; an unknown name ends the program."""
    known = {linter.name: linter for linter in linters()}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"No linter is called {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def main() -> int:
    """Run the linters and return the exit code."""
    started = time.monotonic()
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        pending = [pool.submit(run_linter, linter) for linter in chosen(sys.argv[1:])]
        for future in as_completed(pending):
            outcome = future.result()
            if not outcome.passed:
                failed.append(outcome.linter.name)
                sys.stdout.write(f"--- {outcome.linter.name} ---\n{outcome.output}")
            verdict = "passed" if outcome.passed else "FAILED"
            print(f"{outcome.linter.name:<14} {verdict} in {outcome.seconds:.1f} s", flush=True)
    result = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"Lint: {result}, in {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
