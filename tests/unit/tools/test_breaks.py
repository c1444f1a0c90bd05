# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A break that no test notices is told, and the checkout is left alone."""

from __future__ import annotations

from pathlib import Path

import breaks
import pytest

FILES = {
    "sum.py": "def add(a, b):\n    return a + b\n",
    "test_sum.py": (
        "from sum import add\n\n\n"
        "def test_add():\n    assert add(2, 2) == 4\n"
        "def test_none():\n    assert add(0, 0) == 0\n"
        "def test_fails_anyway():\n    assert False\n"
    ),
    "pytest.ini": "[pytest]\npythonpath = .\n",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(breaks, "ROOT", tmp_path)
    monkeypatch.setattr(breaks, "project_files", lambda: [Path(name) for name in FILES])
    monkeypatch.setattr(breaks, "LIST", tmp_path / "breaks.yml")
    monkeypatch.setattr("sys.argv", ["breaks.py"])
    return tmp_path


def entry(find: str, test: str) -> str:
    return f"- file: sum.py\n  find: {find}\n  replace: a - b\n  test: {test}\n"


EXPECTED = [
    ("a + b", "test_sum.py::test_add", "caught", None),
    ("a + b", "test_sum.py::test_none", "survived", "1 passed"),
    ("a + b", "test_sum.py::test_gone", "mistake", "not found"),
    ("a + b", "test_sum.py::test_fails_anyway", "mistake", "fails without the break"),
    ("a", "test_sum.py::test_add", "mistake", "the text to find occurs 3 times"),
    ("a * b", "test_sum.py::test_add", "mistake", "the text to find occurs 0 times"),
]


def test_each_break_gets_its_verdict(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    breaks.LIST.write_text("".join(entry(find, test) for find, test, *_rest in EXPECTED))
    code = breaks.main()
    said = capsys.readouterr().out
    assert code == 1
    verdicts = [line.split()[0] for line in said.splitlines() if " s  sum.py: " in line]
    assert verdicts == [verdict for _find, _test, verdict, _why in EXPECTED]
    assert [why for *_rest, why in EXPECTED if why and why not in said] == []
    assert "Breaks: 1 caught, 1 survived, 4 mistake" in said
    assert (checkout / "sum.py").read_text() == FILES["sum.py"]


def test_a_list_that_is_all_caught_is_a_success(checkout: Path) -> None:
    breaks.LIST.write_text(entry("a + b", "test_sum.py::test_add"))
    assert breaks.main() == 0


def test_an_entry_without_a_test_is_refused(checkout: Path) -> None:
    breaks.LIST.write_text("- file: sum.py\n  find: a + b\n  replace: a - b\n")
    with pytest.raises(SystemExit, match="an entry has the keys file, find, replace, test"):
        breaks.main()


def test_the_expression_is_one_argument() -> None:
    assert breaks.tests_of({"test": "-k one or two"}) == ("-k", "one or two")


@pytest.mark.parametrize("broken", breaks.read_list(breaks.LIST), ids=lambda broken: broken.title)
def test_the_list_still_fits_the_code(broken: breaks.Break) -> None:
    text = (breaks.ROOT / broken.file).read_text(encoding="utf-8")
    assert breaks.applied(broken, text) != text
