# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The reasons for which vLLM refuses to start, in the order in which it finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .. import releases
from ..units import GIB, ceil_div, round_up
from .cards import Card
from .memory_plan import Reason
from .overheads import context_gib, sampler_bytes
from .quantization import Quantization
from .settings import Settings
from .shape.model_shape import ModelShape
from .weights import Split

# moe_wna16.py halves no further.
_LEAST_GROUP = 32
# On small cards the context was seen to take less than the 0.5 GiB that are counted.
_CONTEXT_DOUBT_GIB = 0.25
_EXPERTS_WIDTH = "moe_intermediate_size"


@dataclass(frozen=True)
class Budget:
    """One rank's memory (GiB); None where it is not known.

    ``needed_gib``: cache for one request of the full length; ``offloaded_gib``: weights that lie
    in host memory; ``blocks``: blocks of the cache.
    """

    total_gib: float | None = None
    requested_gib: float | None = None
    weights_gib: float | None = None
    activation_gib: float | None = None
    non_torch_gib: float | None = None
    cuda_graph_gib: float | None = None
    kv_cache_gib: float | None = None
    needed_gib: float | None = None
    offloaded_gib: float = 0.0
    block_gib: float = 0.0
    blocks: int | None = None


def shape_reasons(shape: ModelShape, quant: Quantization, settings: Settings) -> list[Reason]:
    """What cannot be divided among the ranks; certain, whatever the memory."""
    tp = settings.split.tp
    found = []
    for what, size, cut in _divided(shape, settings.split):
        if size % cut:
            found.append(f"{what} ({size}) is not divisible by {cut}")
    heads = shape.kv_heads
    if heads and not shape.mla and heads % tp and tp % heads:
        found.append(f"{tp} and num_key_value_heads ({heads}) do not divide each other")
    found += list(_uneven_blocks(shape, quant, settings))
    reasons = []
    if found:
        message = f"the model cannot be cut for tensor_parallel_size {tp}: " + "; ".join(found)
        reasons = [Reason("tensor_parallel_shape", message, "change tensor_parallel_size")]
    return reasons + _stage_reasons(len(shape.layers), settings.split.pp)


def _stage_reasons(layers: int, pp: int) -> list[Reason]:
    """Each pipeline stage needs a layer."""
    if not layers or pp <= layers:
        return []
    message = f"pipeline_parallel_size {pp} is more than the {layers} layers of the model"
    fix = f"give pipeline_parallel_size {layers} or less"
    return [Reason("tensor_parallel_shape", message, fix)]


def _divided(shape: ModelShape, split: Split) -> Iterator[tuple[str, int, int]]:
    """Sizes that are cut, and over how many ranks (vllm/config/model.py and the layers' checks)."""
    if shape.heads:
        yield "num_attention_heads", shape.heads, split.tp
    yield "vocab_size rounded up to 64", round_up(shape.vocab, 64), split.tp
    if any(layer.ffn == "dense" for layer in shape.layers):
        yield "intermediate_size", shape.intermediate, split.tp
    if shape.moe:
        yield "moe_intermediate_size", shape.moe.intermediate, split.expert_cut
    if shape.state:
        yield "linear value heads", shape.state.value_heads, split.tp


def _uneven_blocks(shape: ModelShape, quant: Quantization, settings: Settings) -> Iterator[str]:
    """Scales belong to blocks of a matrix that a cut must not divide."""
    size = quant.block[1] if quant.block else quant.group
    if not size:
        return
    word = "weight quantization block" if quant.block else "quantization group"
    for name, width, cut in _scaled_widths(shape, quant, settings.split):
        if cut == 1 or width % cut or width // cut % size == 0:
            continue
        if name == _EXPERTS_WIDTH and _are_groups_halved(width // cut, shape, quant, settings):
            continue
        yield f"{name} / {cut} = {width // cut} is not divisible by the {word} of {size}"


def _scaled_widths(
    shape: ModelShape, quant: Quantization, split: Split
) -> Iterator[tuple[str, int, int]]:
    """Widths of quantized matrices that are cut, and over how many ranks."""
    if any(layer.ffn == "dense" for layer in shape.layers) and not quant.only_experts:
        yield "intermediate_size", shape.intermediate, split.tp
    if shape.moe:
        yield _EXPERTS_WIDTH, shape.moe.intermediate, split.expert_cut
    if shape.moe and _is_shared_in_blocks(shape, quant, split):
        yield "the width of the shared expert", shape.moe.shared, split.tp


def _is_shared_in_blocks(shape: ModelShape, quant: Quantization, split: Split) -> bool:
    """Whether what runs beside the chosen experts is cut and holds blocks.

    Expert parallelism leaves it cut, and with data parallelism copies it to each rank
    (use_sequence_parallel_moe in vllm/config/parallel.py, 0.32). Its matrices are checked by
    validate_fp8_block_shape in quantization/utils/fp8_utils.py.
    """
    if shape.moe is None or quant.block is None or (split.ep > 1 and split.dp > 1):
        return False
    name = "mlp.up_proj" if shape.moe.beside else "mlp.shared_experts"
    return any(
        layer.ffn == "moe" and quant.layer_bytes(index, name) == quant.linear_bytes
        for index, layer in enumerate(shape.layers)
    )


def _are_groups_halved(
    width: int, shape: ModelShape, quant: Quantization, settings: Settings
) -> bool:
    """Whether vLLM gives the experts of a rank smaller groups instead of refusing.

    Where Marlin does not fit, AWQ's, GPTQ's and AutoRound's experts go to
    quantization/moe_wna16.py (0.32), which halves the group until it divides both sizes, down to
    32. llm-compressor's format has no such way.
    """
    if not quant.regroups or not settings.release.since(releases.HALVED_GROUPS):
        return False
    hidden = (shape.moe.latent if shape.moe else 0) or shape.hidden
    size = quant.group
    while size >= _LEAST_GROUP and (width % size or hidden % size):
        size //= 2
    return size >= _LEAST_GROUP


def memory_reasons(
    budget: Budget, settings: Settings, margin: float, *, is_sure: bool
) -> list[Reason]:
    """Rules of one rank's memory, those that cannot be judged left out.

    ``margin``: GiB by which more may be free than was computed; ``is_sure``: whether the format
    of the weights is known.
    """
    found = []
    if budget.total_gib is not None and settings.card is not None:
        found += _free_memory(budget.total_gib, settings)
        found += _weights(budget.total_gib, budget, settings, is_sure=is_sure)
    found += _cache(budget, settings, margin)
    return found


def startup_reasons(
    budget: Budget, settings: Settings, shape: ModelShape, quant: Quantization
) -> list[Reason]:
    """Memory that runs out after the cache was made."""
    total, card = budget.total_gib, settings.card
    if total is None or card is None or card.unified:
        return []
    if settings.kv_given_gib is not None:
        return _given_cache(total, settings.kv_given_gib, budget)
    short = warm_up_shortage(budget, settings, shape, quant)
    seen = settings.release.within(releases.WARM_UP_SEEN)
    if short and seen and settings.release.known and card.family == "hopper":
        return [short]
    return _graphs_outside(total, card, budget, settings)


def warm_up_shortage(
    budget: Budget, settings: Settings, shape: ModelShape, quant: Quantization
) -> Reason | None:
    """MXFP4 experts: whether context, graphs and sampler exceed what the share leaves.

    Only with CUDA graphs; graphs count until they came into the share. A refusal only where it
    was seen, a note elsewhere.
    """
    total, card, requested = budget.total_gib, settings.card, budget.requested_gib
    if quant.name != "mxfp4" or settings.eager or settings.kv_given_gib is not None:
        return None
    if not settings.release.since(releases.WARM_UP_NOTED):
        return None
    if total is None or card is None or requested is None or card.unified:
        return None
    rows = min(settings.seqs, settings.tokens)
    need = context_gib(settings.split, card, settings.release)
    need += sampler_bytes(shape, settings.release, rows) / GIB
    if not settings.release.since(releases.GRAPHS_IN_BUDGET):
        need += budget.cuda_graph_gib or 0.0
    if need <= total - requested:
        return None
    return Reason(
        "startup_oom",
        f"with MXFP4 experts the CUDA context, graphs and the sampler's warm-up take about"
        f" {need:.1f} GiB beside gpu_memory_utilization {settings.utilization:g}, which leaves"
        f" {total - requested:.1f}",
        f"give gpu_memory_utilization {max(0, int((1 - need / total) * 100)) / 100:g} or less,"
        " or fewer max_num_seqs",
    )


def _given_cache(total: float, given: float, budget: Budget) -> list[Reason]:
    """Weights and a cache of a given size must fit the card; the share is not asked then."""
    if budget.weights_gib is None or budget.weights_gib + given <= total:
        return []
    return [
        Reason(
            "startup_oom",
            f"weights and kv_cache_memory_gib are {budget.weights_gib + given:.2f} GiB, the GPU has"
            f" {total:.2f}",
            f"give kv_cache_memory_gib {max(0.0, total * 0.9 - budget.weights_gib):.1f} or less",
        )
    ]


def _graphs_outside(total: float, card: Card, budget: Budget, settings: Settings) -> list[Reason]:
    """v0.8 to v0.20 captured CUDA graphs on top of the share.

    Certain are half of what they take and, on one card, part of what the context takes.
    """
    release, graphs = settings.release, budget.cuda_graph_gib or 0.0
    if (
        release.since(releases.GRAPHS_IN_BUDGET)
        or not release.since(releases.V1_ENGINE)
        or budget.requested_gib is None
    ):
        return []
    taken = budget.requested_gib + context_gib(settings.split, card, release) + graphs / 2
    doubt = _CONTEXT_DOUBT_GIB if settings.split.tp == 1 else 0.0
    if taken - doubt <= total or _free_memory(total, settings):
        return []
    room = (total - taken + budget.requested_gib - graphs / 2) / total
    return [
        Reason(
            "startup_oom",
            f"gpu_memory_utilization {settings.utilization:g} leaves"
            f" {total - budget.requested_gib:.2f} GiB for the CUDA context, libraries and about"
            f" {graphs:.1f} GiB of CUDA graphs, which this release does not count",
            f"give gpu_memory_utilization {max(0, int(room * 100)) / 100:g} or less",
        )
    ]


def _free_memory(total: float, settings: Settings) -> list[Reason]:
    """Free memory at start must reach the share that was asked for (gpu_worker.init_device)."""
    card = settings.card
    if card is None or card.unified or not settings.release.since(releases.V1_ENGINE):
        return []
    free = total - context_gib(settings.split, card, settings.release)
    if settings.utilization * total <= free:
        return []
    return [
        Reason(
            "free_memory",
            f"gpu_memory_utilization {settings.utilization:g} asks for"
            f" {settings.utilization * total:.2f} GiB, and about {free:.2f} of {total:.2f} GiB are"
            " free when the server starts",
            f"give gpu_memory_utilization {int(free / total * 100) / 100:g} or less",
        )
    ]


def _weights(total: float, budget: Budget, settings: Settings, *, is_sure: bool) -> list[Reason]:
    weights, card = budget.weights_gib, settings.card
    if weights is None or card is None:
        return []
    doubt = (0.01 if card.listed and is_sure else 0.05) * weights
    if weights - doubt + 0.3 <= total:
        return []
    return [
        Reason(
            "weights",
            f"the weights are {weights:.2f} GiB on each GPU, and a GPU has {total:.2f}",
            "give more GPUs (tensor_parallel_size), or a quantized checkpoint",
        )
    ]


def _cache(budget: Budget, settings: Settings, margin: float) -> list[Reason]:
    available = budget.kv_cache_gib
    if available is None:
        return []
    found = []
    if available + margin <= 0:
        found.append(
            Reason(
                "no_kv_memory",
                f"no memory is left for cache blocks, {max(0.0, -available):.2f} GiB are missing"
                " even without any",
                "give more GPUs, a higher gpu_memory_utilization, or fewer max_num_seqs",
            )
        )
    if found and budget.needed_gib is None:
        found.append(
            Reason(
                "kv_cache",
                f"one request does not fit into {max(0.0, available):.2f} GiB of cache",
                "give more GPUs, or a checkpoint with fewer bytes per parameter",
            )
        )
    more = "more GPUs" if settings.kv_given_gib is None else "a larger kv_cache_memory_gib"
    null = budget.block_gib if settings.release.since(releases.NULL_BLOCK_LEFT_OUT) else 0.0
    if budget.needed_gib is not None and budget.needed_gib > available + margin - null:
        kept = ", less the block that the pool keeps back" if null else ""
        found.append(
            Reason(
                "kv_cache",
                f"one request of {settings.length} tokens needs {budget.needed_gib:.2f} GiB of"
                f" cache, and {max(0.0, available):.2f} GiB are available{kept}",
                f"give a shorter max_model_len, {more}, or an fp8 kv_cache_dtype",
            )
        )
    return found


def mamba_reasons(
    shape: ModelShape, budget: Budget, settings: Settings, margin: float
) -> list[Reason]:
    """A hybrid model needs a block for each running request (full CUDA graphs).

    vllm/config/compilation.py, resolve_cudagraph_mode_and_sizes. Only a max_num_seqs that was
    given is judged: where nobody gave one, the plan names one that fits.
    """
    blocks = budget.blocks
    if not shape.is_hybrid or blocks is None or not settings.seqs_given:
        return []
    if not has_block_limit(settings):
        return []
    room = blocks + (int(margin / budget.block_gib) if budget.block_gib else 0)
    if settings.seqs <= room:
        return []
    return [
        Reason(
            "mamba_blocks",
            f"max_num_seqs {settings.seqs} exceeds the {max(0, blocks)} available blocks of the"
            " Mamba cache",
            f"give max_num_seqs {max(1, safe_seqs(blocks))} or less",
        )
    ]


def has_block_limit(settings: Settings) -> bool:
    """Whether a block is needed for each running request: with graphs, since v0.17.

    Earlier releases captured fewer batch sizes instead (issue 34094).
    """
    return not settings.eager and settings.release.since(releases.MAMBA_BLOCK_LIMIT)


def safe_seqs(blocks: int) -> int:
    """Requests that so many blocks carry, with 15 % off for what the estimate may be wrong."""
    return max(1, ceil_div(blocks * 85, 100) if blocks > 0 else 1)
