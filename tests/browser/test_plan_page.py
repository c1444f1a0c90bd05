# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of plans as a real browser shows it: text, bars, width, contrast, silence."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sample_plans import awkward_plans, sample_plans

from ansible_collections.llmops.vllm.plugins.module_utils.report.page import plan_page

from .chromium import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / ".cache" / "reports" / "plan_page"
CHECKS = (Path(__file__).parent / "checks.js").read_text(encoding="utf-8")
# A4 without the margins that the style sheet asks for, at 96 pixels an inch.
PAPER = {"width": 688, "height": 1017}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"width": 1280},
    "dark": {"width": 1280, "dark": True},
    "tablet": {"width": 768},
    "phone": {"width": 360},
    "phone-dark": {"width": 360, "dark": True},
    "print": {"width": PAPER["width"], "paper": True},
    "print-dark": {"width": PAPER["width"], "paper": True, "dark": True},
}
PARTS = {
    "weights": "weights_gib",
    "activations": "activation_gib",
    "graphs": "cuda_graph_gib",
    "other": "non_torch_gib",
    "cache": "kv_cache_gib",
}

looks = pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples, and plans that are hard to show."""
    folder = tmp_path_factory.mktemp("pages")
    for name, plans in (("samples", sample_plans()), ("awkward", awkward_plans())):
        text = plan_page(plans, written="Written 2026-11-21")
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def ask(page: Page, question: str) -> Any:
    """Call one of the functions of checks.js."""
    return page.evaluate(f"{CHECKS.strip()}.{question}")


def plan_of(name: str) -> dict[str, Any]:
    return next(plan.as_dict() for plan in sample_plans() if plan.sources.name == name)


def test_the_page_says_what_the_plans_say(browser: Browser, pages: Path) -> None:
    with browser.page(pages / "samples.html", 1280) as page:
        text = " ".join(page.evaluate("document.body.innerText").split())
    for plan in [plan.as_dict() for plan in sample_plans()]:
        wanted = [plan["cluster"], plan["name"], plan["model"], *plan["notes"]]
        for reason in plan["reasons"]:
            wanted += [reason["message"], reason["fix"]]
        if plan["kv_cache"]["tokens"] is not None:
            wanted.append(f"{plan['kv_cache']['tokens']:,} tokens")
        wanted += [f"{stage['weights_gib']:.2f}" for stage in plan["stages"] if plan["fits"]
                   and (stage["weights_gib"] or 0) > 0.01]  # fmt: skip
        assert [part for part in wanted if part not in text] == [], plan["name"]
    assert "None" not in text
    assert "10 models on 3 clusters: 5 fit, 3 do not fit, 2 not known." in text


@looks
@pytest.mark.parametrize("name", ["samples", "awkward"])
def test_it_fits_its_window_is_readable_and_silent(
    browser: Browser, pages: Path, name: str, look: dict[str, Any]
) -> None:
    with browser.page(pages / f"{name}.html", **look) as page:
        assert page.evaluate("document.documentElement.clientWidth") == look["width"]
        assert ask(page, "overflowing()") == []
        assert ask(page, "faint()") == []
        fillings = ask(page, "fillings()")
        assert {name for name, ratio in fillings.items() if ratio >= 3} == set(PARTS)
        assert page.noise == []


@looks
def test_pictures_are_kept(
    browser: Browser, pages: Path, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = next(name for name, entry in LOOKS.items() if entry is look)
    with browser.page(pages / "samples.html", **look) as page:
        page.screenshot(PICTURES / f"{name}.png")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (PICTURES / f"{name}.png").stat().st_size > 10_000
    expected = {"light": "rgb(244, 245, 247)", "dark": "rgb(17, 21, 27)"}
    expected |= dict.fromkeys(("print", "print-dark"), "rgb(255, 255, 255)")
    assert background == expected.get(name, expected["dark" if look.get("dark") else "light"])


def test_it_prints(browser: Browser, pages: Path) -> None:
    with browser.page(pages / "samples.html", PAPER["width"], paper=True) as page:
        # A card that is higher than a sheet would be cut.
        assert max(ask(page, "cardHeights()")) < PAPER["height"]
        printed = page.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
    PICTURES.mkdir(parents=True, exist_ok=True)
    data = base64.b64decode(printed["data"])
    (PICTURES / "print.pdf").write_bytes(data)
    assert data.startswith(b"%PDF")


def test_it_loads_and_runs_nothing(browser: Browser, pages: Path) -> None:
    with browser.page(pages / "awkward.html", 1280) as page:
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0
        assert "<script>alert(1)</script>" in page.evaluate("document.body.innerText")
        assert page.noise == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["llama-70b", "llama-70b-two-stages", "qwen3-next"])
def test_bars_are_as_long_as_the_figures_say(
    browser: Browser, pages: Path, name: str, width: int
) -> None:
    stages = plan_of(name)["stages"]
    with browser.page(pages / "samples.html", width) as page:
        bars = ask(page, f"bars({json.dumps(name)})")
    assert len(bars) == len(stages)
    for drawn, stage in zip(bars, stages, strict=True):
        pixels = drawn["width"] / stage["total_gib"]
        start = 0.0
        for style, key in PARTS.items():
            expected = [start, stage[key] * pixels]
            assert drawn["pieces"][style] == pytest.approx(expected, abs=1), (name, style)
            start += stage[key] * pixels
        assert drawn["pieces"]["free"] == pytest.approx([start, drawn["width"] - start], abs=1)
        assert drawn["pieces"]["mark"][0] == pytest.approx(stage["requested_gib"] * pixels, abs=1)


def test_a_model_that_is_too_big_reaches_beyond_the_card(browser: Browser, pages: Path) -> None:
    stage = plan_of("llama-70b-on-a-small-card")["stages"][0]
    taken = sum(max(0.0, stage[key]) for key in PARTS.values())
    with browser.page(pages / "samples.html", 1280) as page:
        [drawn] = ask(page, "bars('llama-70b-on-a-small-card')")
    pixels = drawn["width"] / taken
    card, over = drawn["pieces"]["outline"], drawn["pieces"]["over"]
    assert card == pytest.approx([0, stage["total_gib"] * pixels], abs=1)
    assert over == pytest.approx([card[1], drawn["width"] - card[1]], abs=1)
    assert "free" not in drawn["pieces"]


def test_cache_that_is_missing_is_drawn(browser: Browser, pages: Path) -> None:
    plan = plan_of("llama-8b")
    stage = plan["stages"][0]
    # 32 layers x 8 heads x 128 x K and V x 2 bytes for each of 131,072 tokens.
    needed = 32 * 8 * 128 * 2 * 2 * 131072 / 2**30
    with browser.page(pages / "samples.html", 1280) as page:
        [drawn] = ask(page, "bars('llama-8b')")
    pixels = drawn["pieces"]["outline"][1] / stage["total_gib"]
    missing = needed - stage["kv_cache_gib"]
    # The plan says 0.21 requests: two digits.
    assert drawn["pieces"]["lacking"][1] == pytest.approx(missing * pixels, rel=0.04)


@pytest.mark.parametrize("name", ["qwen3-8b", "in-house", "tiny-llama"])
def test_no_bar_is_made_up(browser: Browser, pages: Path, name: str) -> None:
    with browser.page(pages / "samples.html", 1280) as page:
        assert ask(page, f"bars({json.dumps(name)})") == []


def test_the_checks_see_what_they_look_for(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        "<!DOCTYPE html><meta name='viewport' content='width=device-width'>"
        "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\">"
        "<body style='background:#fff'><p style='width:2000px'>wide</p>"
        "<p style='color:#999'>faint</p><img src='x.png' alt=''>"
        "<script>console.log('said')</script>"
    )
    with browser.page(path, 360) as page:
        assert any("P.null" in found for found in ask(page, "overflowing()"))
        assert [found[5:] for found in ask(page, "faint()")] == ["faint"]
        methods = {event["method"] for event in page.noise}
    assert methods == {"Runtime.consoleAPICalled", "Log.entryAdded"}
