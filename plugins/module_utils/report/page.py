# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory plans as one HTML page that needs nothing else: no script, no font, no picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..plan.model_plan import ModelPlan
from ..sizing.memory_plan import GpuMemory
from ..spec.record import clean
from . import words
from .bars import STYLES, bars, can_draw, patterns, swatch
from .stages import PARTS, card_gib, free_gib, missing_cache_gib, parts, stage_names
from .style import STYLE
from .tree import Child, Element, add, el, serialize

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BADGES = {"fits": ("fits", "✓"), "does not fit": ("no", "✗"), "not known": ("unknown", "?")}
# More columns do not fit on a phone.
_MOST_COLUMNS = 3
# A number stays with its unit.
_GIB = "\N{NO-BREAK SPACE}GiB"


def plan_page(plans: Sequence[ModelPlan], *, written: str = "") -> str:
    """The plans as an HTML5 document.

    ``written`` says when or by what the page was made; nothing else on the page depends on the
    time.
    """
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
        el("p", _lead(plans), class_="lead"),
        el("p", clean(written), class_="muted") if written else None,
    )
    body = el("body", patterns(), top, _main(plans), _footer())
    return serialize(el("html", head, body, lang="en"))


def _lead(plans: Sequence[ModelPlan]) -> str:
    if not plans:
        return "No models to plan."
    clusters = len(words.by_cluster(plans))
    where = f" on {clusters} clusters" if clusters > 1 else ""
    models, verdicts = words.summary(plans).split(": ")
    return f"{models}{where}: {verdicts}."


def _footer() -> Element:
    text = (
        "GiB are 2^30 bytes. The mark on a bar is the share that gpu_memory_utilization asks for."
        " A request counts at its full length. What is not known is -."
    )
    return el("footer", el("p", text, style="margin-top: 2rem"))


def _main(plans: Sequence[ModelPlan]) -> Element:
    main = el("main")
    numbers = {id(plan): f"model-{number}" for number, plan in enumerate(plans, 1)}
    for cluster, group in words.by_cluster(plans).items():
        section = el("section", el("h2", cluster or "Models"))
        if cluster:
            section.append(el("p", f"{words.summary(group)}.", class_="muted"))
        if len(plans) > 1:
            section.append(_overview(group, numbers))
        add(section, [_card(plan, numbers[id(plan)]) for plan in group])
        main.append(section)
    return main


def _overview(plans: Sequence[ModelPlan], anchors: dict[int, str]) -> Element:
    titles = ("Model", "Verdict", "GPUs", "Cache tokens", "Requests", "Host GiB", "Disk GiB")
    wide = (None, "words", "wide", None, "wide", "wide", "wide")
    head = [el("th", t, scope="col", class_=w) for t, w in zip(titles, wide, strict=True)]
    rows = []
    for plan in plans:
        memory, sources = plan.memory, plan.sources
        gpus = "CPU" if sources.accelerator == "cpu" else words.count(sources.gpus_per_pod)
        cells = (
            gpus, words.count(memory.kv_cache.tokens), words.times(memory.kv_cache.max_concurrency),
            words.plain(memory.host.memory_request_gib), words.plain(memory.claim_gib),
        )  # fmt: skip
        link = el("a", sources.name, href=f"#{anchors[id(plan)]}")
        row = el("tr", el("th", link, scope="row"), el("td", _badge(plan), class_="words"))
        add(row, [el("td", c, class_=w) for c, w in zip(cells, wide[2:], strict=True)])
        rows.append(row)
    return el("table", el("thead", el("tr", *head)), el("tbody", *rows), class_="overview")


def _badge(plan: ModelPlan) -> Element:
    verdict = words.verdict(plan)
    style, sign = _BADGES[verdict]
    mark = el("span", f"{sign} ", aria_hidden="true")
    return el("span", mark, verdict, class_=f"badge {style}")


def _card(plan: ModelPlan, anchor: str) -> Element:
    confidence = plan.memory.confidence
    sure = "" if confidence == "unknown" else f"confidence: {confidence}"
    title = el(
        "div",
        el("h3", plan.sources.name, id=f"{anchor}-name"),
        _badge(plan),
        el("span", sure, class_="muted") if sure else None,
        class_="title",
    )
    drawn = can_draw(plan)
    memory = bars(plan) if drawn else el("p", _why_no_bar(plan))
    what = ", ".join(part for part in (plan.sources.model, words.where(plan)) if part)
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


def _why_no_bar(plan: ModelPlan) -> str:
    if plan.sources.accelerator == "cpu":
        return "Runs on the CPU: weights and cache lie in the host's memory."
    if not any(card_gib(stage.memory) for stage in plan.memory.stages):
        return "No bar: the GPU's memory is not known."
    return "No bar: not all that the GPU's memory goes to is known."


def _reasons(plan: ModelPlan) -> Element | None:
    out = words.way_out(plan)
    if not plan.memory.reasons:
        return None
    items = [
        el("li", reason.message, el("br"), el("strong", "Fix: "), reason.fix)
        for reason in plan.memory.reasons
    ]
    more = el("p", f"{out[0].upper()}{out[1:]}.") if out else None
    return el("div", el("h4", "Why it does not fit"), el("ol", *items), more, class_="reasons")


def _notes(plan: ModelPlan) -> Element | None:
    notes = words.all_notes(plan)
    if not notes:
        return None
    return el("div", el("h4", "Notes"), el("ul", *[el("li", n) for n in notes]), class_="notes")


def _tables(plan: ModelPlan, *, drawn: bool) -> Iterator[Element]:
    """The figures of each GPU; stages in a row that are alike share a column."""
    memories = [stage.memory for stage in plan.memory.stages]
    named = zip(memories, stage_names(plan), strict=True)
    groups = [list(group) for dummy, group in groupby(named, key=lambda entry: entry[0])]
    columns = [(group[0][0], _heading([name for dummy, name in group])) for group in groups]
    for start in range(0, len(columns), _MOST_COLUMNS):
        yield _table(plan, columns[start : start + _MOST_COLUMNS], drawn=drawn)


def _heading(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _table(plan: ModelPlan, columns: Sequence[tuple[GpuMemory, str]], *, drawn: bool) -> Element:
    cpu = plan.sources.accelerator == "cpu"
    memories = [memory for memory, dummy in columns]
    rows = [
        _row(name, style if drawn else "", [_part(memory, place) for memory in memories])
        for place, (name, style) in enumerate(zip(PARTS, STYLES, strict=True))
    ]
    if not cpu:
        rows += _sums(memories, missing_cache_gib(plan), drawn=drawn)
    known = [row for row in rows if any(cell.text != words.UNKNOWN for cell in row[1:])]
    heads = [el("th", "CPU" if cpu else heading, scope="col") for dummy, heading in columns]
    caption = "Memory of the process, GiB" if cpu else "Memory of each GPU, GiB"
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", el("td"), *heads)),
        el("tbody", *(known if cpu else rows)),
        class_="figures",
    )


def _part(memory: GpuMemory, place: int) -> str:
    is_cache, size = place == len(PARTS) - 1, parts(memory)[place]
    return words.cache_gib(size) if is_cache else words.gib(size)


def _sums(
    memories: Sequence[GpuMemory], lacking: float | None, *, drawn: bool
) -> Iterator[Element]:
    """What is left or lacks, what is asked for, and what the card has."""
    free = [free_gib(memory) for memory in memories]
    if any(size is None or size >= 0 for size in free):
        left = [words.UNKNOWN if s is None or s < 0 else words.gib(s) for s in free]
        yield _row("free", "free" if drawn else "", left)
    if any(size is not None and size < 0 for size in free):
        over = [words.gib(-s) if s is not None and s < 0 else words.UNKNOWN for s in free]
        yield _row("more than the card has", "over" if drawn else "", over, "alert")
    if lacking:
        name = "missing for one request"
        yield _row(name, "lacking" if drawn else "", [words.gib(lacking)], "alert")
    yield _row(
        "card in total",
        "card" if drawn else "",
        [words.gib(card_gib(memory)) for memory in memories],
        "sum",
    )
    asked = [words.gib(memory.requested_gib) for memory in memories]
    yield _row(f"asked for{_share(memories[0])}", "asked" if drawn else "", asked)


def _share(memory: GpuMemory) -> str:
    if not memory.total_gib or memory.requested_gib is None:
        return ""
    return f" ({words.plain(memory.requested_gib / memory.total_gib * 100)} %)"


def _row(name: str, sample: str, cells: Sequence[str], style: str | None = None) -> Element:
    head = el("th", swatch(sample) if sample else None, name, scope="row")
    return el("tr", head, *[el("td", cell) for cell in cells], class_=style)


def _facts(plan: ModelPlan) -> Element:
    memory, host, tokens = plan.memory, plan.memory.host, plan.memory.kv_cache.tokens
    longest, on_cpu = memory.max_model_len_that_fits, plan.sources.accelerator == "cpu"
    limit = host.memory_limit_gib
    upper = "" if limit is None else f", limit {words.plain(limit)} GiB"
    facts = [
        ("KV cache", words.UNKNOWN if tokens is None else words.plural(tokens, "token")),
        ("Requests", words.requests(plan)),
        ("Longest length", words.UNKNOWN if longest is None else _longest(longest)),
        ("Fewest GPUs", "" if on_cpu else words.count(memory.minimum_gpus)),
        ("Will be set", words.will_set(plan)),
        ("Host memory", f"{words.plain(host.memory_request_gib, 'GiB')}{upper}"),
        ("CPU", words.plain(host.cpu)),
        ("Shared memory", words.plain(host.shm_gib, "GiB")),
        ("Disk", words.plain(memory.claim_gib, "GiB")),
        ("GPU", words.gpu_source(plan)),
        ("Shape", words.checkpoint_source(plan)),
        ("vLLM", plan.sources.vllm_version),
    ]
    pairs: list[Child] = []
    for name, text in facts:
        if text:
            pairs += [el("dt", name), el("dd", text.replace(" GiB", _GIB))]
    return el("dl", *pairs)


def _longest(tokens: int) -> str:
    return f"{words.plural(tokens, 'token')} fit" if tokens else "no length fits"
