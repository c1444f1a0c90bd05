# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Plain data that comes back is read with its types checked and its paths named."""

from __future__ import annotations

import math
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.spec.record import (
    Record,
    clean,
    shortened,
)


def record(**values: Any) -> Record:
    return Record(values, "here")


def test_what_is_absent_or_null_is_nothing() -> None:
    for values in ({}, {"x": None}):
        found = Record(values, "here")
        assert found.text("x") == ""
        assert found.texts("x") == ()
        assert found.listed("x") == []
        assert found.sections("x") == []
        assert found.flag("x") is found.number("x") is found.whole("x") is None
        assert found.section("x").values == {}


def test_what_is_there_is_read() -> None:
    assert record(x="a b").text("x") == "a b"
    assert record(x=["a", "b"]).texts("x") == ("a", "b")
    assert record(x=(1, 2)).listed("x") == [1, 2]
    assert record(x=False).flag("x") is False
    assert record(x=0).number("x") == 0
    assert record(x=2.5).number("x") == 2.5
    assert [part.path for part in record(x=[{}, {}]).sections("x")] == ["here.x[0]", "here.x[1]"]
    assert record(x={"y": {"z": 1}}).section("x").section("y").path == "here.x.y"


def test_a_whole_number_may_come_as_a_fraction() -> None:
    found = record(x=7.0).whole("x")
    assert found == 7
    assert isinstance(found, int)


def test_a_number_keeps_its_type() -> None:
    assert isinstance(record(x=19).number("x"), int)
    assert isinstance(record(x=19.0).number("x"), float)


@pytest.mark.parametrize("values", [OrderedDict(x=1), MappingProxyType({"x": 1})])
def test_any_mapping_is_one(values: Any) -> None:
    assert Record(values, "here").whole("x") == 1


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("section", "text", r"here\.x: 'text' is not a mapping"),
        ("section", [], r"here\.x: \[\] is not a mapping"),
        ("listed", "text", r"here\.x: 'text' is not a list"),
        ("listed", b"text", r"here\.x: b'text' is not a list"),
        ("listed", {}, r"here\.x: \{\} is not a list"),
        ("sections", [{}, 5], r"here\.x\[1\]: 5 is not a mapping"),
        ("text", 5, r"here\.x: 5 is not a text"),
        ("text", False, r"here\.x: False is not a text"),
        ("texts", ["a", None], r"here\.x: \['a', None\] is not a list of texts"),
        ("flag", "yes", r"here\.x: 'yes' is not true or false"),
        ("flag", 1, r"here\.x: 1 is not true or false"),
        ("number", "5", r"here\.x: '5' is not a number"),
        ("number", True, r"here\.x: True is not a number"),
        ("number", math.nan, r"here\.x: nan is not a finite number"),
        ("number", -math.inf, r"here\.x: -inf is not a finite number"),
        ("whole", 1.5, r"here\.x: 1\.5 is not a whole number"),
        ("whole", math.inf, r"here\.x: inf is not a finite number"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(kind: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        getattr(record(x=value), kind)("x")


@pytest.mark.parametrize("values", [None, 7, "text", [], b"x"])
def test_a_record_is_a_mapping(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^here: .* is not a mapping$"):
        Record(values, "here")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (" two\nlines\tand  spaces ", "two lines and spaces"),
        ("\x1b[31mred\x07", "[31mred"),
        ("right\u202eleft\u200bzero\ud800", "right left zero"),
        ("größe 日本", "größe 日本"),
    ],
)
def test_a_text_is_one_clean_line(text: str, shown: str) -> None:
    assert clean(text) == shown
    assert record(x=text).text("x") == shown
    assert record(x=[text]).texts("x") == (shown,)


def test_a_long_value_is_cut() -> None:
    assert shortened("x" * 58) == f"'{'x' * 58}'"
    assert shortened("x" * 59) == f"'{'x' * 56}..."
    with pytest.raises(ValueError, match=r"^here\.x: '.{56}\.\.\. is not a number$"):
        record(x="y" * 10_000).number("x")
