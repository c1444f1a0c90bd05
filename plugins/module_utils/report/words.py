# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Numbers and sentences that the table and the page have in common."""

from __future__ import annotations

from collections.abc import Sequence

from .read import Plan, Source

UNKNOWN = "-"
_CHECKPOINTS = {
    "model": "the inventory",
    "directory": "the checkpoint's directory on the controller",
    "node": "the checkpoint's directory on a node",
    "hub": "the Hub",
    "catalogue": "the shipped catalogue",
    "none": "not known",
}
_GPUS = {"model": "the inventory", "nodes": "the labels of the nodes", "none": "not known"}


def gib(value: float | None) -> str:
    """A size in GiB with two places, ``-`` when it is not known."""
    if value is None:
        return UNKNOWN
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


def cache_gib(value: float | None) -> str:
    """The size of the cache or of what is free; ``none`` when the rest leaves no room for it."""
    return "none" if value is not None and value <= 0 else gib(value)


def plain(value: float | None, unit: str = "") -> str:
    """A number without needless zeros, with its unit; ``-`` when it is not known."""
    if value is None:
        return UNKNOWN
    text = f"{round(value, 2):.12g}"
    return f"{text} {unit}" if unit else text


def count(value: int | None) -> str:
    """A whole number with separators, ``-`` when it is not known."""
    return UNKNOWN if value is None else f"{value:,}"


def times(value: float | None) -> str:
    """How many requests fit at once, ``-`` when it is not known."""
    if value is None:
        return UNKNOWN
    places = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{places}f}"


def plural(number: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def length(plan: Plan) -> str:
    """The length that the number of requests is for."""
    given = plan.request_tokens or plan.max_model_len
    return "the checkpoint's full length" if given is None else plural(given, "token")


def summary(plans: Sequence[Plan]) -> str:
    """How many models there are, fit, do not fit, and are not known."""
    fit, refused, unknown = (
        sum(plan.verdict == verdict for plan in plans)
        for verdict in ("fits", "does not fit", "not known")
    )
    found = [f"{fit} {'fits' if fit == 1 else 'fit'}"]
    if refused:
        found.append(f"{refused} {'does' if refused == 1 else 'do'} not fit")
    if unknown:
        found.append(f"{unknown} not known")
    return f"{plural(len(plans), 'model')}: {', '.join(found)}"


def where(plan: Plan) -> str:
    """What the model runs on: pods, GPUs, how it is cut, and how long it may take to start."""
    text = plural(plan.replicas, "pod")
    if plan.accelerator == "cpu":
        text += " on the CPU"
    elif plan.gpus_per_pod is not None:
        each = "" if plan.replicas == 1 else " each"
        text += f" with {plural(plan.gpus_per_pod, 'GPU')}{each}"
    if plan.sizes:
        text += f" ({', '.join(f'{kind} parallel {size}' for kind, size in plan.sizes)})"
    if plan.start_seconds is not None:
        text += f", {plain(plan.start_seconds)} s to start at most"
    return text


def gpu_source(plan: Plan) -> str:
    """Where the GPU's memory comes from."""
    if plan.accelerator == "cpu":
        return "none: the model runs on the CPU"
    return _source(plan.gpu, _GPUS)


def checkpoint_source(plan: Plan) -> str:
    """Where the model's shape comes from."""
    return _source(plan.checkpoint, _CHECKPOINTS)


def _source(source: Source, names: dict[str, str]) -> str:
    name = names.get(source.kind, source.kind)
    if source.kind == "none":
        return name
    if not source.kind:
        return source.detail
    return f"{source.detail}, from {name}" if source.detail else f"from {name}"


def requests(plan: Plan) -> str:
    """How many requests the cache holds at once, and of what length."""
    if plan.concurrency is None:
        return UNKNOWN
    noun = "request" if times(plan.concurrency) == "1.00" else "requests"
    return f"{times(plan.concurrency)} {noun} of {length(plan)} at once"


def way_out(plan: Plan) -> str:
    """The longest length that fits, and how many GPUs carry the model as it is asked for."""
    found = []
    if plan.longest is not None:
        found.append(
            f"up to {plural(plan.longest, 'token')} fit" if plan.longest else "no length fits"
        )
    if plan.minimum_gpus is not None:
        gpus, one = plural(plan.minimum_gpus, "GPU"), plan.minimum_gpus == 1
        if plan.fits:
            found.append(f"{gpus} {'is' if one else 'are'} enough")
        else:
            found.append(f"{gpus} {'carries' if one else 'carry'} what is asked for")
    return "; ".join(found)


def will_set(plan: Plan) -> str:
    """The argument that the server gets in place of its default."""
    return "" if plan.max_num_seqs is None else f"--max-num-seqs {plan.max_num_seqs}"


def all_notes(plan: Plan) -> list[str]:
    """All notes once: of the figures, the shape and the GPU."""
    return list(dict.fromkeys([*plan.notes, *plan.checkpoint.notes, *plan.gpu.notes]))
