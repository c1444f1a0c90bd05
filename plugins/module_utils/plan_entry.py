# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""One model's plan as users read it: in a list, a file, a table, a page."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .checkpoint.result import Checkpoint
from .plan import RECORDED, inputs_digest, probes_of, read_sizes
from .sizing.plan import plan_memory
from .sizing.settings import resolve_release
from .spec.model import Gpu, Model

Entry = dict[str, Any]

WIDTH = 80

_KEPT = "the figures of the last deployment are kept: less is known now"

# How much a source of the shape knows: the catalogue may lack the exact size, and what lies on
# the node is what will be served.
_RANKS = {"none": 0, "catalogue": 1, "node": 3}
_OTHER_RANK = 2


@dataclass(frozen=True)
class GpuChoice:
    """The GPU that a plan is for. ``source``: ``model``, ``nodes`` or ``none``."""

    gpu: Gpu
    source: str
    notes: tuple[str, ...] = ()


def choose_gpu(model: Model, on_nodes: Gpu | None, notes: tuple[str, ...] = ()) -> GpuChoice:
    """The GPU that the model names, else the one of the nodes.

    ``notes``: what the nodes said, or why nobody asked them.
    """
    if model.accelerator == "cpu":
        return GpuChoice(model.gpu, "none")
    if model.gpu.product or model.gpu.memory_gib:
        return GpuChoice(model.gpu, "model")
    if on_nodes is None:
        return GpuChoice(model.gpu, "none", notes)
    return GpuChoice(on_nodes, "nodes", notes)


def plan_entry(model: Model, checkpoint: Checkpoint, gpu: GpuChoice, *, cluster: str = "") -> Entry:
    """The plan of a model with what was found out about its checkpoint and its GPU.

    The keys of the filter ``memory_plan`` and what they were made from. Raises ValueError for a
    configuration that is impossible or contradicts itself.
    """
    known = replace(
        model, config=checkpoint.config, weights_bytes=checkpoint.weights_bytes, gpu=gpu.gpu
    )
    return {
        "cluster": cluster,
        "name": model.name,
        "model": model.model,
        "accelerator": model.accelerator,
        "replicas": model.replicas,
        "gpus_per_pod": model.gpus_per_pod,
        "tensor_parallel_size": model.tensor_parallel_size,
        "pipeline_parallel_size": model.pipeline_parallel_size,
        "data_parallel_size": model.data_parallel_size,
        "max_model_len": model.max_model_len,
        "vllm_version": _version(model),
        "checkpoint": {
            "source": checkpoint.source,
            "revision": checkpoint.revision,
            "notes": list(checkpoint.notes),
        },
        "gpu": {**asdict(gpu.gpu), "source": gpu.source, "notes": list(gpu.notes)},
        "startup": {"max_seconds": model.startup.max_seconds, **asdict(probes_of(model))},
        **plan_memory(known, tensors=checkpoint.tensors or ()).as_dict(),
    }


def _version(model: Model) -> str | None:
    """The release that was planned for; None where the newest had to be assumed."""
    release = resolve_release(model, None)
    return ".".join(map(str, release.number)) if release.known else None


def keep_last(model: Model, entry: Entry, last: Mapping[str, Any] | None) -> Entry:
    """The entry, with the figures of the last deployment where that knew more.

    Otherwise a Hub that does not answer today, or nodes that are gone for the night, would
    change the pods of a server that runs. ``last`` is what the Deployment carries
    (``plan.record_of``); it counts only if the user's words are still the same.
    """
    if not last or last.get("inputs") != inputs_digest(model) or not _knows_more(last, entry):
        return entry
    kept = {**entry, **{key: last[key] for key in RECORDED}}
    kept |= {"stages": [], "reasons": [], "fits": True}
    for key in ("checkpoint", "gpu"):
        kept[key] = {**entry[key], "source": last["sources"][key], "notes": []}
    kept["checkpoint"]["notes"] = [_KEPT, *_notes(entry)]
    return kept


def _notes(entry: Entry) -> list[str]:
    """Why less is known now."""
    return [*entry["checkpoint"]["notes"], *entry["gpu"]["notes"]]


def _knows_more(last: Mapping[str, Any], entry: Entry) -> bool:
    if not _is_sound(last):
        return False
    before = _knowledge(last["sources"]["checkpoint"], last["sources"]["gpu"])
    now = _knowledge(entry["checkpoint"]["source"], entry["gpu"]["source"])
    return before != now and all(b >= n for b, n in zip(before, now, strict=True))


def _is_sound(last: Mapping[str, Any]) -> bool:
    """Whether this is what a deployment wrote: anybody may have changed it since."""
    try:
        read_sizes(last)
        sources = [last["sources"]["checkpoint"], last["sources"]["gpu"], last["confidence"]]
        texts = [*sources, *last["notes"]]
        sizes = [*last["host"].values(), last["storage"]["claim_gib"], last["max_num_seqs"]]
        figures = [*last["per_gpu"].values(), *last["kv_cache"].values(), *sizes]
        figures.append(last["max_model_len_that_fits"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    known = [figure for figure in figures if figure is not None]
    numbers = all(_is_number(figure) and math.isfinite(figure) for figure in known)
    positive = numbers and all(size is None or size > 0 for size in sizes)
    return positive and all(isinstance(text, str) for text in texts)


def _is_number(figure: Any) -> bool:
    return isinstance(figure, int | float) and not isinstance(figure, bool)


def _knowledge(checkpoint: str, gpu: str) -> tuple[int, int]:
    return _RANKS.get(checkpoint, _OTHER_RANK), int(gpu != "none")


def summary(entry: Entry) -> list[str]:
    """What the memory plan says about a model, in lines for a terminal."""
    return textwrap.wrap(
        f"{entry['name']}: {_told(entry)}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _told(entry: Entry) -> str:
    cache = entry["kv_cache"]
    if cache["tokens"] is None:
        return f"memory is not known beforehand: {_why_unknown(entry)}"
    told = f"room for {cache['tokens']:,} tokens of cache"
    if cache["max_concurrency"]:
        told += f", {cache['max_concurrency']:.1f} full requests at once"
    return f"{told} ({entry['confidence']})"


def _why_unknown(entry: Entry) -> str:
    """The reason nearest to what the user can change."""
    if entry["checkpoint"]["source"] == "none":
        return str((entry["checkpoint"]["notes"] or ["the checkpoint's shape was not found"])[-1])
    if entry["gpu"]["source"] == "none" and entry["gpu"]["notes"]:
        return str(entry["gpu"]["notes"][0])
    return str((entry["notes"] or ["no figures"])[0])
