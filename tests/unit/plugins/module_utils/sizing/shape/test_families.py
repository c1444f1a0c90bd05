# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Each family's record: it gives the pinned figures, and each of its traits is part of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.families import (
    FAMILIES,
    LINES,
    class_index,
    family_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.family import Family, Tower
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.towers import (
    TOWER_LINES,
    TOWERS,
)

from .family_figures import GOLDEN, by_scenario, family_figures, line_name, tower_figures

PINNED: dict[str, Any] = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


def traits(record: Family | Tower) -> Iterator[tuple[str, Any]]:
    """The traits that are not the default, and the values without them.

    Of a list or a mapping each entry counts by itself.
    """
    plain = type(record)()
    for each in dataclasses.fields(record):
        value, default = getattr(record, each.name), getattr(plain, each.name)
        if value == default:
            continue
        if isinstance(value, dict):
            for key in value:
                yield f"{each.name}.{key}", {name: value[name] for name in value if name != key}
        elif isinstance(value, tuple):
            for index in range(len(value)):
                yield f"{each.name}.{index}", value[:index] + value[index + 1 :]
        else:
            yield each.name, default


def cases(table: dict[str, Any]) -> list[Any]:
    """Each entry of a table with each of its traits taken away."""
    return [
        pytest.param(name, dataclasses.replace(record, **{trait.partition(".")[0]: value}),
                     id=f"{name}-{trait}")
        for name, record in table.items()
        for trait, value in traits(record)
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_index() -> Iterator[None]:
    """The index of classes is made from the table as it stands."""
    class_index.cache_clear()
    yield
    class_index.cache_clear()


def assert_differs(name: str, pinned: dict[str, dict[str, Any]]) -> None:
    """Some figure is not the pinned one."""
    assert any(values != pinned.get(scenario, {}) for scenario, values in by_scenario(name))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_has_its_figures(name: str) -> None:
    assert family_figures(name) == PINNED["families"][name]


@pytest.mark.parametrize("start", LINES)
def test_a_line_has_its_figures(start: str) -> None:
    assert family_figures(line_name(start)) == PINNED["lines"][start]


@pytest.mark.parametrize("name", [*TOWERS, *TOWER_LINES])
def test_a_tower_has_its_figures(name: str) -> None:
    known = name if name in TOWERS else line_name(name)
    assert tower_figures(known) == PINNED["towers"][name]


def test_nothing_is_pinned_that_is_no_longer_there() -> None:
    assert set(PINNED["families"]) == set(FAMILIES)
    assert set(PINNED["lines"]) == set(LINES)
    assert set(PINNED["towers"]) == {*TOWERS, *TOWER_LINES}


@pytest.mark.parametrize(("name", "record"), cases(FAMILIES))
def test_a_family_without_one_of_its_traits_is_another(
    name: str, record: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAMILIES, name, record)
    assert_differs(name, PINNED["families"][name])


@pytest.mark.parametrize(("start", "record"), cases(LINES))
def test_a_line_without_one_of_its_traits_is_another(
    start: str, record: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LINES, start, record)
    assert_differs(line_name(start), PINNED["lines"][start])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_without_its_record_is_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FAMILIES, name)
    assert_differs(name, PINNED["families"][name])


@pytest.mark.parametrize(("name", "record"), [*cases(TOWERS), *cases(TOWER_LINES)])
def test_a_tower_without_one_of_its_traits_is_another(
    name: str, record: Tower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOWERS if name in TOWERS else TOWER_LINES, name, record)
    known = name if name in TOWERS else line_name(name)
    assert tower_figures(known) != PINNED["towers"][name]


def test_the_longest_line_wins() -> None:
    starts = list(LINES)
    for start in starts:
        shorter = [other for other in starts if start.startswith(other) and other != start]
        assert all(starts.index(start) < starts.index(other) for other in shorter)
    assert family_of("") == Family(known=False)
