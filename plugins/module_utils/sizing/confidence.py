# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""How far the figures of a model can be trusted, why not further, and what margin that leaves."""

from __future__ import annotations

import re

from .. import releases
from ..spec.variables import ALLOWS_LONG
from .case import Case
from .checkpoint_size import has_unknown_format
from .flags import Told
from .kv_cache import KV_DTYPES
from .overheads import sampler_doubt_gib
from .rules import Budget, warm_up_shortage
from .settings import Settings

# Left out of doubt before a refusal is called likely: of any estimate, of a card whose memory
# follows from its catalogue size, of large models and many ranks, of weights in a mixed format,
# and of a release that is not known (shares of the total, or of the weights).
_EXACT_GIB, _EXACT_SHARE, _CATALOGUE_SHARE, _LARGE_SHARE = 0.5, 0.01, 0.035, 0.03
_FORMAT_SHARE, _VERSION_GIB, _MANY_RANKS_GIB = 0.1, 1.5, 2.5
# A name that says a small format, what that saves at least of the 16 bits of the config, and what
# to do about it.
_SMALL_NAME = re.compile(r"[-_](nvfp4|mxfp4|fp4|fp8)([-_][\w-]*)?/*$", re.IGNORECASE)
_SMALL_SHARE = 0.5
_HIDDEN_FORMAT = (
    "the model's name says that it is quantized, and config does not: the weights count in full;"
    " give `quantization_config` in config (the content of hf_quant_config.json, if the checkpoint"
    " has that file), or weights_bytes"
)
# Above these a figure is an estimate: layouts and libraries there were seen too seldom.
_LARGE_MOE_PARAMS, _MANY_RANKS = 200e9, 8
# The attention backends in vllm/v1/attention/backends (0.32) take multiples of it.
_KERNEL_BLOCK = 16
# The most that a card without FP8 units holds (A100).
_MOST_WITHOUT_FP8_GIB = 80
_NO_LENGTH = "max_model_len is not known"
# _get_and_verify_max_len in vllm/config/model.py (0.32); --rope-scaling of older releases.
_CHANGES_POSITIONS = ("rope-scaling", "hf-overrides")
# CPUWorker in vllm/v1/worker/cpu_worker.py.
_CPU_CACHE = (
    "kv_cache_memory_gib (VLLM_CPU_KVCACHE_SPACE) is not given: the server takes"
    " gpu_memory_utilization ({:g}) of the memory of its NUMA node, less what it holds itself"
)


def judge(case: Case, budget: Budget) -> tuple[str, list[str]]:
    """How far the figures can be trusted, and why not further."""
    unknown = [*case.blind, *_why_unknown(case)]
    estimate = _why_estimate(case)
    short = warm_up_shortage(budget, case.settings, case.shape, case.quant)
    if short:
        estimate.append(f"{short.message}; if the server runs out of memory, {short.fix}")
    if unknown:
        return "unknown", list(dict.fromkeys(unknown + estimate))
    return ("estimate" if estimate else "exact"), estimate


def _why_unknown(case: Case) -> list[str]:
    shape, settings = case.shape, case.settings
    why = list(shape.doubts)
    if shape.missing_fields and not (shape.layers or shape.hidden or shape.vocab):
        why.append("there is no config: the shape of the checkpoint is not known")
    elif shape.missing_fields:
        why.append(f"config lacks {', '.join(shape.missing_fields)}")
    if has_unknown_format(case.quant):
        why.append(case.quant.doubt)
    if settings.cache.kv_dtype not in KV_DTYPES:
        why.append(
            f"kv_cache_dtype {settings.cache.kv_dtype!r}: how large its cache is, is not known here"
        )
    if settings.card is not None and settings.card.unified:
        why.append("the GPU shares memory with its host: what is free is not known beforehand")
    if settings.card is None and settings.kv_given_gib is None:
        if settings.cpu:
            why.append(_CPU_CACHE.format(settings.utilization))
        elif case.gpu.product:
            why.append(
                f"gpu.product {case.gpu.product[:80]!r} is not in the table of cards, or has no"
                " fixed memory there; give gpu.memory_gib"
            )
        else:
            why.append("the GPU is not known; give gpu.memory_gib or gpu.product")
    return why


def _why_estimate(case: Case) -> list[str]:
    shape, settings, split = case.shape, case.settings, case.settings.split
    why = _why_card(settings)
    if not settings.cpu and 0 < (case.gpu.count or 0) < split.gpus:
        why.append(f"gpu.count is {case.gpu.count}, and a pod takes {split.gpus} GPUs of one node")
    if shape.moe and shape.total_params > _LARGE_MOE_PARAMS:
        why.append("a mixture of experts above 200 billion parameters")
    if split.tp >= _MANY_RANKS:
        why.append(f"tensor_parallel_size {split.tp}: the libraries' buffers vary")
    if shape.sparse_index and not shape.mla:
        why.append("sparse attention: the cache of its index is not included")
    if case.quant.doubt:
        why.append(case.quant.doubt)
    if shape.assumed:
        names = ", ".join(shape.assumed)
        why.append(f"config leaves {names} unsaid: what is usual for its model_type was taken")
    sampler = _sampler_doubt_gib(case)
    if sampler > _EXACT_GIB:
        why.append(f"images of v0.10 sample with FlashInfer, which takes {sampler:.1f} GiB less")
    if _are_blocks_open(case):
        why.append("FP8 blocks take 1.5 % more on cards without FP8 units; give gpu.product")
    if case.told.pools:
        why.append("a pooling model: its activations and CUDA graphs were not compared with any")
    more = [_HIDDEN_FORMAT] if _hides_format(case) else []
    return list(dict.fromkeys([*why, *more, *_why_settings(settings), *_why_length(case)]))


def _hides_format(case: Case) -> bool:
    """Whether only the name says a format, and no size of the files speaks for the config."""
    if case.quant.name or case.weights_bytes is not None:
        return False
    return _SMALL_NAME.search(case.told.model.model) is not None


def _why_length(case: Case) -> list[str]:
    """A context beyond the checkpoint's positions, unless the user shows that he knows."""
    length, told = case.settings.length or 0, case.told
    positions = case.shape.rotary.longest_context(case.settings.release)
    own = told.model.config.get("model_max_length")
    allowed = own if isinstance(own, int) else 0
    if not 0 < positions < length or length <= allowed or _knows_length(told):
        return []
    why = (
        f"max_model_len {length} is above the {positions} positions of the checkpoint: vLLM refuses"
        f" it unless env has {ALLOWS_LONG}=1, or --hf-overrides or --rope-scaling change them"
    )
    return [why]


def _knows_length(told: Told) -> bool:
    """Whether a variable or a flag lifts the limit; a variable may come from elsewhere."""
    said = [
        entry
        for entry in told.model.env
        if entry.get("name") == ALLOWS_LONG
        and str(entry.get("value", "1")).strip().lower() in ("1", "true")
    ]
    flags = {name.partition(".")[0] for name in told.flags}
    return bool(said) or not flags.isdisjoint(_CHANGES_POSITIONS)


def _sampler_doubt_gib(case: Case) -> float:
    settings = case.settings
    if settings.cpu or settings.kv_given_gib is not None:
        return 0.0
    return sampler_doubt_gib(case.shape, settings.release, min(settings.seqs, settings.tokens))


def _are_blocks_open(case: Case) -> bool:
    """Whether the name of the card is missing to tell how large FP8 blocks are on it."""
    card = case.settings.card
    if card is None or card.capability or card.family == "amd":
        return False
    return case.quant.name == "fp8_block" and card.memory_gib <= _MOST_WITHOUT_FP8_GIB


def _why_card(settings: Settings) -> list[str]:
    why = []
    if settings.cpu:
        why.append("accelerator cpu: only the cache is computed")
    elif settings.card is None:
        why.append("the GPU is not known: only weights and cache are computed")
    elif settings.card.family == "amd":
        why.append("AMD: what activations, graphs and libraries take was measured on NVIDIA cards")
    elif not settings.card.listed:
        why.append("the card's memory follows from its catalogue size")
    if settings.card is not None and settings.card.coherent:
        why.append(
            "a superchip: unless its driver is in CDMM mode, the operating system may hold some of"
            " the GPU's memory"
        )
    if not settings.text_only:
        why.append("multimodal: what its encoder takes while profiling is not included")
    return why


def _why_settings(settings: Settings) -> list[str]:
    why = []
    if not settings.release.known:
        newest = "{}.{}".format(*releases.NEWEST)
        why.append(f"the version of vLLM is not known; {newest} was assumed")
    elif not settings.release.since(releases.OLDEST):
        said, oldest = (".".join(map(str, n)) for n in (settings.release.number, releases.OLDEST))
        why.append(f"vLLM {said}: the formulas were compared with releases since {oldest} only")
    block = settings.cache.block_size
    if block and block % _KERNEL_BLOCK and not settings.cpu:
        why.append(f"block_size {block}: most attention kernels take multiples of {_KERNEL_BLOCK}")
    if settings.speculative and settings.cache.draft_layers:
        why.append("speculative decoding: what drafting takes while profiling is not included")
    elif settings.speculative:
        why.append("speculative decoding: a draft model's weights and cache are not included")
    if settings.adapters[0]:
        why.append("LoRA: slots for attention and feed-forward parts are counted, no others")
    if settings.graph_flags:
        flags = " and ".join(f"--{name}" for name in settings.graph_flags)
        why.append(f"extra_args: {flags}: how much the CUDA graphs take then is not known here")
    if settings.length is None:
        why.append(_NO_LENGTH)
    return why


def margin_gib(case: Case, budget: Budget) -> float:
    """By how much more memory may be free than was computed, for each thing that is in doubt.

    What can only take more memory than was computed (an encoder, a draft model) adds nothing:
    it makes no refusal wrong.
    """
    settings = case.settings
    if settings.kv_given_gib is not None:
        return 0.0
    if settings.card is not None and settings.card.unified and budget.requested_gib is not None:
        # What the system leaves free is not known; at most all that the weights do not take.
        known = (budget.weights_gib or 0.0) + (budget.kv_cache_gib or 0.0)
        return max(0.0, budget.requested_gib - known)
    total = budget.total_gib or 0.0
    margin = _EXACT_GIB + _EXACT_SHARE * total
    if settings.card is not None and not settings.card.listed:
        margin += _CATALOGUE_SHARE * total
    if not settings.release.known:
        margin += _VERSION_GIB
    if settings.split.tp >= _MANY_RANKS:
        margin += _MANY_RANKS_GIB
    if case.shape.moe and case.shape.total_params > _LARGE_MOE_PARAMS:
        margin += _LARGE_SHARE * total
    if case.quant.doubt:
        margin += _FORMAT_SHARE * (budget.weights_gib or 0.0)
    if _hides_format(case):
        margin += _SMALL_SHARE * (budget.weights_gib or 0.0)
    margin += _sampler_doubt_gib(case)
    if settings.graph_flags or case.told.pools:
        margin += budget.cuda_graph_gib or 0.0
    return margin
