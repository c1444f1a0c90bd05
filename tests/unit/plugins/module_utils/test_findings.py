# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The one form for everything that is wrong."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    Severity,
    failure,
    raise_errors,
    renamed,
)


def test_a_finding_shows_its_parts_within_80_columns() -> None:
    error = failure("r", "Pod x", "failed " * 20, evidence=["line " * 30], fix="do this " * 15)
    text = str(error)
    assert text.startswith("Pod x: failed")
    assert "  | line" in text
    assert "  fix: do this" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_several_errors_are_reported_together_and_each_once() -> None:
    same = [
        Finding.error("r", "a", "x"),
        Finding.error("r", "a", "x"),
        Finding.error("r", "b", "y"),
    ]
    with pytest.raises(FindingsError) as caught:
        raise_errors(same)
    assert str(caught.value) == "a: x\nb: y"
    assert len(caught.value.findings) == 2


def test_warnings_do_not_end_a_run() -> None:
    raise_errors([])
    raise_errors([Finding.warning("r", "a", "x")])
    with pytest.raises(FindingsError) as caught:
        raise_errors([Finding.warning("r", "a", "x"), Finding.error("r", "b", "y")])
    assert [finding.severity for finding in caught.value.findings] == [Severity.ERROR]


def test_mistakes_of_an_input_stand_on_one_line_each() -> None:
    found = [Finding.error("r", "m[0].a", "is wrong", fix="give b"), Finding.error("r", "c", "d")]
    assert str(FindingsError(found, as_lines=True)) == "m[0].a: is wrong; give b\nc: d"


def test_a_finding_as_data() -> None:
    found = Finding.warning("r", "s", "c", evidence=["e"], fix="f").as_dict()
    assert found == {
        "severity": "warning", "rule": "r", "subject": "s", "cause": "c", "evidence": ["e"],
        "fix": "f",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("vllm_models[0].image", "spec[0].tag"),
        ("vllm_models[0].image.x", "spec[0].tag.x"),
        ("vllm_models[0].images", "spec[0].images"),
        ("vllm_models[0]", "spec[0]"),
        ("vllm_models[0].env[1].name", "spec[0].env[1].name"),
        ("vllm_models[01]", "vllm_models[01]"),
        ("Pod x", "Pod x"),
    ],
)
def test_a_finding_is_told_under_the_path_that_the_user_wrote(subject: str, wanted: str) -> None:
    origins = {"vllm_models[0]": "spec[0]", "vllm_models[0].image": "spec[0].tag"}
    [found] = renamed([Finding.error("r", subject, "c")], origins)
    assert found.subject == wanted
