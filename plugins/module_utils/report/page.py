# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory plans as one HTML page that needs nothing else: no script, no font, no picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from . import words
from .bars import STYLES, bars, can_draw, patterns, swatch
from .read import PARTS, Plan, Stage, by_cluster, clean, read_plans
from .style import STYLE
from .tree import Child, Element, add, el, serialize

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BADGES = {"fits": ("fits", "✓"), "does not fit": ("no", "✗"), "not known": ("unknown", "?")}
# More columns do not fit on a phone.
_MOST_COLUMNS = 3
# A number stays with its unit.
_GIB = "\N{NO-BREAK SPACE}GiB"


def plan_page(plans: Any, *, written: str = "") -> str:
    """The plans as an HTML5 document.

    ``plans`` is a list with one mapping for each model: the keys of the filter ``memory_plan``,
    and what the model runs on. ``written`` says when or by what the page was made; nothing else
    on the page depends on the time. Raises ValueError that names the path of a value that cannot
    be shown.
    """
    read = read_plans(plans)
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", "Memory plan"),
        el("style", STYLE),
    )
    top = el(
        "header",
        el("h1", "Memory plan"),
        el("p", _lead(read), class_="lead"),
        el("p", clean(written), class_="muted") if written else None,
    )
    body = el("body", patterns(), top, _main(read), _footer())
    return serialize(el("html", head, body, lang="en"))


def _lead(plans: Sequence[Plan]) -> str:
    if not plans:
        return "No models to plan."
    clusters = len(by_cluster(plans))
    where = f" on {clusters} clusters" if clusters > 1 else ""
    models, verdicts = words.summary(plans).split(": ")
    return f"{models}{where}: {verdicts}."


def _footer() -> Element:
    text = (
        "GiB are 2^30 bytes. The mark on a bar is the share that gpu_memory_utilization asks for."
        " A request counts at its full length. What is not known is -."
    )
    return el("footer", el("p", text, style="margin-top: 2rem"))


def _main(plans: Sequence[Plan]) -> Element:
    main = el("main")
    numbers = {id(plan): f"model-{number}" for number, plan in enumerate(plans, 1)}
    for cluster, group in by_cluster(plans).items():
        section = el("section", el("h2", cluster or "Models"))
        if cluster:
            section.append(el("p", f"{words.summary(group)}.", class_="muted"))
        if len(plans) > 1:
            section.append(_overview(group, numbers))
        add(section, [_card(plan, numbers[id(plan)]) for plan in group])
        main.append(section)
    return main


def _overview(plans: Sequence[Plan], anchors: dict[int, str]) -> Element:
    titles = ("Model", "Verdict", "GPUs", "Cache tokens", "Requests", "Host GiB", "Disk GiB")
    wide = (None, "words", "wide", None, "wide", "wide", "wide")
    head = [el("th", t, scope="col", class_=w) for t, w in zip(titles, wide, strict=True)]
    rows = []
    for plan in plans:
        gpus = "CPU" if plan.accelerator == "cpu" else words.count(plan.gpus_per_pod)
        cells = (
            gpus, words.count(plan.tokens), words.times(plan.concurrency),
            words.plain(plan.host.memory_request), words.plain(plan.host.claim),
        )  # fmt: skip
        link = el("a", plan.name, href=f"#{anchors[id(plan)]}")
        row = el("tr", el("th", link, scope="row"), el("td", _badge(plan), class_="words"))
        add(row, [el("td", c, class_=w) for c, w in zip(cells, wide[2:], strict=True)])
        rows.append(row)
    return el("table", el("thead", el("tr", *head)), el("tbody", *rows), class_="overview")


def _badge(plan: Plan) -> Element:
    style, sign = _BADGES[plan.verdict]
    mark = el("span", f"{sign} ", aria_hidden="true")
    return el("span", mark, plan.verdict, class_=f"badge {style}")


def _card(plan: Plan, anchor: str) -> Element:
    sure = "" if plan.confidence == "unknown" else f"confidence: {plan.confidence}"
    title = el(
        "div",
        el("h3", plan.name, id=f"{anchor}-name"),
        _badge(plan),
        el("span", sure, class_="muted") if sure else None,
        class_="title",
    )
    drawn = can_draw(plan)
    memory = bars(plan) if drawn else el("p", _why_no_bar(plan))
    what = ", ".join(part for part in (plan.model, words.where(plan)) if part)
    return el(
        "article",
        title,
        el("p", what, class_="muted"),
        _reasons(plan),
        memory,
        el("div", el("div", *_tables(plan, drawn=drawn)), _facts(plan), class_="columns"),
        _notes(plan),
        class_="card",
        id=anchor,
        aria_labelledby=f"{anchor}-name",
    )


def _why_no_bar(plan: Plan) -> str:
    if plan.accelerator == "cpu":
        return "Runs on the CPU: weights and cache lie in the host's memory."
    if not any(stage.total for stage in plan.stages):
        return "No bar: the GPU's memory is not known."
    return "No bar: not all that the GPU's memory goes to is known."


def _reasons(plan: Plan) -> Element | None:
    out = words.way_out(plan)
    if not plan.reasons:
        return None
    items = [
        el("li", reason.message, el("br"), el("strong", "Fix: "), reason.fix)
        for reason in plan.reasons
    ]
    more = el("p", f"{out[0].upper()}{out[1:]}.") if out else None
    return el("div", el("h4", "Why it does not fit"), el("ol", *items), more, class_="reasons")


def _notes(plan: Plan) -> Element | None:
    notes = words.all_notes(plan)
    if not notes:
        return None
    return el("div", el("h4", "Notes"), el("ul", *[el("li", n) for n in notes]), class_="notes")


def _tables(plan: Plan, *, drawn: bool) -> Iterator[Element]:
    """The figures of each GPU; stages in a row that are alike share a column."""
    named = zip(plan.stages, plan.stage_names, strict=True)
    groups = [
        list(group) for dummy, group in groupby(named, key=lambda entry: _figures_of(entry[0]))
    ]
    for start in range(0, len(groups), _MOST_COLUMNS):
        yield _table(plan, groups[start : start + _MOST_COLUMNS], drawn=drawn)


def _figures_of(stage: Stage) -> tuple[Any, ...]:
    return stage.total, stage.requested, stage.parts


def _table(plan: Plan, groups: Sequence[Sequence[tuple[Stage, str]]], *, drawn: bool) -> Element:
    cpu = plan.accelerator == "cpu"
    stages = [group[0][0] for group in groups]
    heads = [
        group[0][1] if len(group) == 1 else f"{group[0][1]} to {group[-1][1]}" for group in groups
    ]
    rows = [
        _row(name, style if drawn else "", [_part(stage, place) for stage in stages])
        for place, ((name, dummy), style) in enumerate(zip(PARTS, STYLES, strict=True))
    ]
    if not cpu:
        rows += _sums(plan, stages, drawn=drawn)
    known = [row for row in rows if any(cell.text != words.UNKNOWN for cell in row[1:])]
    columns = [el("th", "CPU" if cpu else head, scope="col") for head in heads]
    caption = "Memory of the process, GiB" if cpu else "Memory of each GPU, GiB"
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", el("td"), *columns)),
        el("tbody", *(known if cpu else rows)),
        class_="figures",
    )


def _part(stage: Stage, place: int) -> str:
    is_cache = place == len(PARTS) - 1
    return words.cache_gib(stage.parts[place]) if is_cache else words.gib(stage.parts[place])


def _sums(plan: Plan, stages: Sequence[Stage], *, drawn: bool) -> Iterator[Element]:
    """What is left or lacks, what is asked for, and what the card has."""
    free = [stage.free for stage in stages]
    if any(size is None or size >= 0 for size in free):
        left = [words.UNKNOWN if s is None or s < 0 else words.gib(s) for s in free]
        yield _row("free", "free" if drawn else "", left)
    if any(size is not None and size < 0 for size in free):
        over = [words.gib(-s) if s is not None and s < 0 else words.UNKNOWN for s in free]
        yield _row("more than the card has", "over" if drawn else "", over, "alert")
    lacking = plan.missing_cache
    if lacking:
        name = "missing for one request"
        yield _row(name, "lacking" if drawn else "", [words.gib(lacking)], "alert")
    yield _row(
        "card in total",
        "card" if drawn else "",
        [words.gib(stage.total) for stage in stages],
        "sum",
    )
    asked = [words.gib(stage.requested) for stage in stages]
    yield _row(f"asked for{_share(stages[0])}", "asked" if drawn else "", asked)


def _share(stage: Stage) -> str:
    if not stage.total or stage.requested is None:
        return ""
    return f" ({words.plain(stage.requested / stage.total * 100)} %)"


def _row(name: str, sample: str, cells: Sequence[str], style: str | None = None) -> Element:
    head = el("th", swatch(sample) if sample else None, name, scope="row")
    return el("tr", head, *[el("td", cell) for cell in cells], class_=style)


def _facts(plan: Plan) -> Element:
    limit = (
        ""
        if plan.host.memory_limit is None
        else f", limit {words.plain(plan.host.memory_limit)} GiB"
    )
    host = f"{words.plain(plan.host.memory_request, 'GiB')}{limit}"
    facts = [
        ("KV cache", words.UNKNOWN if plan.tokens is None else words.plural(plan.tokens, "token")),
        ("Requests", words.requests(plan)),
        ("Longest length", words.UNKNOWN if plan.longest is None else _longest(plan.longest)),
        ("Fewest GPUs", words.count(plan.minimum_gpus) if plan.accelerator != "cpu" else ""),
        ("Will be set", words.will_set(plan)),
        ("Host memory", host),
        ("CPU", words.plain(plan.host.cpu)),
        ("Shared memory", words.plain(plan.host.shm, "GiB")),
        ("Disk", words.plain(plan.host.claim, "GiB")),
        ("GPU", words.gpu_source(plan)),
        ("Shape", words.checkpoint_source(plan)),
        ("vLLM", plan.vllm_version),
    ]
    pairs: list[Child] = []
    for name, text in facts:
        if text:
            pairs += [el("dt", name), el("dd", text.replace(" GiB", _GIB))]
    return el("dl", *pairs)


def _longest(tokens: int) -> str:
    return f"{words.plural(tokens, 'token')} fit" if tokens else "no length fits"
