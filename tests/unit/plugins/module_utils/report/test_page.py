# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of plans as text: well formed, safe, in order. How it looks is the browser tier's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from ansible.errors import AnsibleFilterError
from sample_plans import MODELS, awkward_plans, changed, plans_of, sample_plans

from ansible_collections.llmops.vllm.plugins.filter.plan_page import plan_page as filter_plan_page
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed
from ansible_collections.llmops.vllm.plugins.module_utils.report.page import plan_page

VOID = {"meta", "br", "link", "img"}


class Document(HTMLParser):
    """The tags of a page, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.tags if name == tag)


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(plan_page(sample_plans() + awkward_plans(), written="at noon"))


def test_it_is_one_whole_document(document: Document) -> None:
    assert document.open == []
    assert [attributes.get("lang") for attributes in document.named("html")] == ["en"]
    assert "at noon" in document.text
    assert plan_page([]).startswith("<!DOCTYPE html>\n<html")
    assert "No models to plan." in plan_page([])


def test_it_needs_nothing_else(document: Document) -> None:
    kinds = {tag for tag, dummy in document.tags}
    assert not kinds & {"script", "link", "img", "iframe", "object", "base", "form"}
    for dummy, attributes in document.tags:
        assert not {"src", "srcset", "onclick", "onload"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    [policy] = [m for m in document.named("meta") if m.get("http-equiv")]
    assert (policy["content"] or "").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "url(" not in plan_page([])


def test_what_users_give_stays_text(document: Document) -> None:
    assert "<script>alert(1)</script>" in document.text
    assert '"><img src=x onerror=alert(2)>' in document.text
    plan = {"name": "a\x00b\ud800c", "notes": ["</style><b>"]}
    page = filter_plan_page([plan], written="<i>")
    assert "a b c" in page
    page.encode("utf-8")
    assert "<b>" not in page
    assert "<i>" not in page


def test_headings_and_tables_are_in_order(document: Document) -> None:
    levels = [int(tag[1]) for tag, dummy in document.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert all(th.get("scope") in ("row", "col") for th in document.named("th"))
    ids = [str(attributes["id"]) for dummy, attributes in document.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for a in document.named("a")}
    assert links <= set(ids)


def test_each_bar_says_its_figures() -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][2:3])
    bars = [s for s in Document(plan_page([plan])).named("svg") if s.get("role") == "img"]
    assert len(bars) == 2
    for drawn, stage, gpus in zip(bars, plan.memory.stages, ("GPU 0-1", "GPU 2-3"), strict=True):
        label = str(drawn["aria-label"])
        assert label.startswith(f"{gpus} (stage ")
        assert f"weights {stage.memory.weights_gib:.2f}, activations" in label
        assert label.endswith(f"of {stage.memory.total_gib:.2f} GiB")


def test_stages_that_are_alike_share_a_column() -> None:
    plan = awkward_plans()[3]
    stages = plan.as_dict()["stages"]
    text = Document(plan_page([changed(plan, stages=stages[:1] * len(stages))])).text
    assert "GPU 0-7 to GPU 120-127" in text


def test_stages_whose_gpus_are_many_ranges_have_numbers_in_the_table() -> None:
    plan = changed(awkward_plans()[3], gpus_per_pod=32, pipeline_parallel_size=4)
    sizes = {"tensor_parallel_size": 2, "data_parallel_size": 4}
    alike = [{**plan.as_dict()["stages"][0], "gpus": 8}] * 4
    text = Document(plan_page([changed(plan, **sizes, stages=alike)])).text
    assert "stage 1 to stage 4" in text
    assert "GPU 0-1, 8-9, 16-17, 24-25 (stage 1 of 4)" in text


@pytest.mark.parametrize("missing", ["total_gib", "weights_gib", "kv_cache_gib", "cuda_graph_gib"])
def test_a_figure_that_is_missing_is_no_bar(missing: str) -> None:
    [plan] = plans_of(MODELS["nvidia-berlin"][:1])
    stages = [{**plan.as_dict()["stages"][0], missing: None}]
    document = Document(plan_page([changed(plan, stages=stages)]))
    assert [s for s in document.named("svg") if s.get("role") == "img"] == []
    assert "No bar: " in document.text
    assert "None" not in document.text


def test_the_same_plans_are_the_same_page() -> None:
    assert plan_page(sample_plans()) == plan_page(sample_plans())


def test_the_filter_takes_what_the_plan_action_gives() -> None:
    plans = sample_plans()
    page = plan_page(plans, written="at noon")
    assert filter_plan_page([sealed(plan) for plan in plans], written="at noon") == page
    assert filter_plan_page([plan.as_dict() for plan in plans], written="at noon") == page


def test_a_bad_plan_is_a_filters_error() -> None:
    with pytest.raises(AnsibleFilterError, match=r"plan_page: plans\[0\].name: 1 is not a text"):
        filter_plan_page([{"name": 1}])
    with pytest.raises(AnsibleFilterError, match="plan_page: plans: 'text' is not a list of plans"):
        filter_plan_page("text")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"replicas": 3}, r"plans\[1\]: was changed or cut off"),
        ({"digest": None}, r"plans\[1\]: was changed or cut off"),
        ({"format": 99}, r"plans\[1\]: was made by another version .* 99"),
    ],
)
def test_a_sealed_plan_that_was_edited_is_a_filters_error(
    keys: dict[str, object], message: str
) -> None:
    plan = sealed(sample_plans()[0])
    with pytest.raises(AnsibleFilterError, match=message):
        filter_plan_page([plan, {**plan, **keys}])
