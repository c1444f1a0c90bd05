# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Numbers, sentences and the grouping that the table and the page have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..plan.model_plan import ModelPlan

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


def length(plan: ModelPlan) -> str:
    """The length that the number of requests is for."""
    given = plan.memory.kv_cache.request_tokens or plan.sources.max_model_len
    return "the checkpoint's full length" if given is None else plural(given, "token")


def verdict(plan: ModelPlan) -> str:
    """``fits``, ``does not fit`` or ``not known``."""
    if plan.memory.fits is False:
        return "does not fit"
    return "fits" if plan.memory.fits and plan.memory.confidence != "unknown" else "not known"


def by_cluster(plans: Sequence[ModelPlan]) -> dict[str, list[ModelPlan]]:
    """The plans of each cluster, in the order in which they are given."""
    groups: dict[str, list[ModelPlan]] = {}
    for plan in plans:
        groups.setdefault(plan.sources.cluster, []).append(plan)
    return groups


def summary(plans: Sequence[ModelPlan]) -> str:
    """How many models there are, fit, do not fit, and are not known."""
    fit, refused, unknown = (
        sum(verdict(plan) == answer for plan in plans)
        for answer in ("fits", "does not fit", "not known")
    )
    found = [f"{fit} {'fits' if fit == 1 else 'fit'}"]
    if refused:
        found.append(f"{refused} {'does' if refused == 1 else 'do'} not fit")
    if unknown:
        found.append(f"{unknown} not known")
    return f"{plural(len(plans), 'model')}: {', '.join(found)}"


def where(plan: ModelPlan) -> str:
    """What the model runs on: pods, GPUs, how it is cut, and how long it may take to start."""
    gpus, replicas = plan.sources.gpus_per_pod, plan.rollout.replicas
    text = plural(replicas, "pod")
    if plan.sources.accelerator == "cpu":
        text += " on the CPU"
    elif gpus is not None:
        each = "" if replicas == 1 else " each"
        text += f" with {plural(gpus, 'GPU')}{each}"
    cuts = _cuts(plan)
    if cuts:
        text += f" ({', '.join(cuts)})"
    if plan.startup.max_seconds is not None:
        text += f", {plain(plan.startup.max_seconds)} s to start at most"
    return text


def _cuts(plan: ModelPlan) -> list[str]:
    sources = plan.sources
    sizes = {
        "tensor": sources.tensor_parallel_size,
        "pipeline": sources.pipeline_parallel_size,
        "data": sources.data_parallel_size,
    }
    return [f"{kind} parallel {size}" for kind, size in sizes.items() if size > 1]


def gpu_source(plan: ModelPlan) -> str:
    """Where the GPU's memory comes from."""
    if plan.sources.accelerator == "cpu":
        return "none: the model runs on the CPU"
    gpu = plan.sources.gpu
    memory = gpu.memory_gib or plan.memory.per_gpu.total_gib or None
    size = "" if memory is None else f"{memory:.2f} GiB"
    detail = ", ".join(part for part in (gpu.product, size) if part)
    return _source(gpu.source, detail, _GPUS)


def checkpoint_source(plan: ModelPlan) -> str:
    """Where the model's shape comes from."""
    checkpoint = plan.sources.checkpoint
    detail = f"revision {checkpoint.revision}" if checkpoint.revision else ""
    return _source(checkpoint.source, detail, _CHECKPOINTS)


def _source(kind: str, detail: str, names: Mapping[str, str]) -> str:
    name = names.get(kind, kind)
    if kind == "none":
        return name
    if not kind:
        return detail
    return f"{detail}, from {name}" if detail else f"from {name}"


def requests(plan: ModelPlan) -> str:
    """How many requests the cache holds at once, and of what length."""
    held = plan.memory.kv_cache.max_concurrency
    if held is None:
        return UNKNOWN
    noun = "request" if times(held) == "1.00" else "requests"
    return f"{times(held)} {noun} of {length(plan)} at once"


def way_out(plan: ModelPlan) -> str:
    """The longest length that fits, and how many GPUs carry the model as it is asked for."""
    longest, fewest = plan.memory.max_model_len_that_fits, plan.memory.minimum_gpus
    found = []
    if longest is not None:
        found.append(f"up to {plural(longest, 'token')} fit" if longest else "no length fits")
    if fewest is not None:
        gpus, one = plural(fewest, "GPU"), fewest == 1
        if plan.memory.fits:
            found.append(f"{gpus} {'is' if one else 'are'} enough")
        else:
            found.append(f"{gpus} {'carries' if one else 'carry'} what is asked for")
    return "; ".join(found)


def will_set(plan: ModelPlan) -> str:
    """The argument that the server gets in place of its default."""
    seqs = plan.memory.max_num_seqs
    return "" if seqs is None else f"--max-num-seqs {seqs}"


def all_notes(plan: ModelPlan) -> list[str]:
    """All notes once: of the figures, the shape and the GPU."""
    sources = plan.sources
    return list(dict.fromkeys([*plan.memory.notes, *sources.checkpoint.notes, *sources.gpu.notes]))
