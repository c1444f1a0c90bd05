# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The tables of options in the documentation."""

from __future__ import annotations

from pathlib import Path

import option_docs
import pytest

TABLE = "<!-- options:begin {} -->\nno table yet\n<!-- options:end -->\n"
PAGE = (
    "before\n\n" + TABLE.format("name..ingress") + "between\n" + TABLE.format("autoscaling..patch")
)


def test_every_option_has_its_row() -> None:
    page = option_docs.written(PAGE)
    assert "no table yet" not in page
    assert page.startswith("before\n\n<!-- options:begin name..ingress -->\n\n| key | type |")
    for row in (
        "| `model` | string | required | | a model on the Hub, or an absolute path",
        "| `replicas` | integer | `1` | | pods |",
        "| `block_size` | integer | vLLM's | `--block-size` | tokens of a cache block |",
        '| `storage.access_modes` | list of access modes | `["ReadWriteOnce"]` | |',
        "| `accelerator` | string: `nvidia`, `amd`, `cpu` | `nvidia` | | what the model runs on |",
        "| `probes.period_seconds` | number | `10` | |",
    ):
        assert row in page
    assert "between\n" in page
    assert "`autoscaling`, `disruption_budget`" in page


def test_a_page_that_lacks_an_option_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"each option once, in order: ingress$"):
        option_docs.written(PAGE.replace("name..ingress", "name..extra_objects"))


def test_check_fails_until_the_page_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "models.md"
    page.write_text(PAGE)
    assert option_docs.main(["--check"], page) == 1
    assert "models.md is out of date, fix: make docs" in capsys.readouterr().out
    assert page.read_text() == PAGE
    assert option_docs.main([], page) == 0
    assert option_docs.main(["--check"], page) == 0


def test_the_page_of_this_checkout_is_up_to_date() -> None:
    assert option_docs.main(["--check"]) == 0
