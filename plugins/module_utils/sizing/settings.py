# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A model's settings as vLLM would resolve them: defaults by release and card."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import releases
from ..releases import Release, parse_release
from ..spec.model import Model
from ..spec.variables import ALIGNED_MLA, CHUNKED_LOCAL, CPU_CACHE_SPACE
from .cards import Card, find_card
from .flags import Told, gib_flag, number_flag
from .kv_cache import LATENT_BYTES, CacheOptions
from .quantization import DTYPE_BYTES, Quantization
from .shape.model_shape import ModelShape
from .shape.state import SSM_BYTES
from .weights import Split

_LARGE_CARD_GIB, _HUGE_CARD_GIB = 70, 160
# More than any cluster has; each stage of a split is computed.
MOST_RANKS = 10_000
_SWAP_GIB = 4.0
# Pooling models took batches of so many tokens up to v0.11 (vllm/config/scheduler.py).
_POOLING_TOKENS = 32768
_MOST_SPACE_GIB = 10**6
# Speculation that does not run beside asynchronous scheduling (VllmConfig.__post_init__).
_SYNCHRONOUS_DRAFTS = ("ngram", "suffix", "medusa", "mlp_speculator", "custom_class")


@dataclass(frozen=True)
class Settings:
    """All that the sizing needs beside the shape. None: not known.

    ``adapters``: slots for LoRA adapters and their rank, zeros without LoRA. ``fit_length``: the
    server takes the longest context that fits, ``length`` is the limit. ``graph_flags``: flags
    that change how many CUDA graphs there are. ``host_gib``: host memory of a whole pod for
    cache that leaves the GPU; ``hides_host_use``: something takes an amount that is not known.
    """

    split: Split
    release: Release
    card: Card | None
    utilization: float
    length: int | None
    longest: int | None
    tokens: int
    seqs: int
    seqs_given: bool
    eager: bool
    kv_given_gib: float | None
    cpu: bool
    cache: CacheOptions
    text_only: bool
    speculative: bool
    adapters: tuple[int, int]
    offload_gib: float
    processor_cache_gib: float
    fit_length: bool = False
    graph_flags: tuple[str, ...] = ()
    host_gib: float = 0.0
    hides_host_use: bool = False


def read_settings(
    told: Told, shape: ModelShape, quant: Quantization, *, version: str | None, card: Card | None
) -> Settings:
    """Resolve the settings. Raises ValueError for one that vLLM would not take."""
    model, flags = told.model, told.flags
    release = resolve_release(model, version)
    positions = shape.rotary.longest_context(release)
    length = model.max_model_len or shape.rotary.default_context(release) or None
    tokens, seqs = _batch(told, release, card, length)
    cpu = model.accelerator == "cpu"
    offload = gib_flag(flags, "cpu-offload-gb")
    return Settings(
        split=_split(model),
        release=release,
        card=None if cpu else card,
        utilization=model.gpu_memory_utilization or _utilization(release),
        length=length,
        longest=max(positions, length or 0) or None,
        tokens=tokens,
        seqs=seqs,
        seqs_given=model.max_num_seqs is not None,
        eager=model.enforce_eager or cpu,
        kv_given_gib=_cpu_space(model) if cpu else model.kv_cache_memory_gib,
        cpu=cpu,
        cache=_cache(told, shape, quant, release, tokens, card),
        text_only="language-model-only" in flags or not shape.vision,
        speculative=bool(model.speculative_config),
        adapters=_adapters(model, flags),
        offload_gib=0.0 if cpu else offload,
        processor_cache_gib=gib_flag(flags, "mm-processor-cache-gb", 4.0),
        fit_length=told.fit_length,
        graph_flags=tuple(told.graph_flags),
        host_gib=_host_gib(model, flags, release),
        hides_host_use=told.hides_host_use,
    )


def _split(model: Model) -> Split:
    if model.workers > MOST_RANKS:
        raise ValueError(
            "tensor_parallel_size x pipeline_parallel_size x data_parallel_size is"
            f" {model.workers}; it must be at most {MOST_RANKS}"
        )
    return Split(
        model.tensor_parallel_size,
        model.pipeline_parallel_size,
        model.data_parallel_size,
        model.enable_expert_parallel,
    )


def _host_gib(model: Model, flags: dict[str, str], release: Release) -> float:
    """Host memory for cache that leaves the GPU, of all workers of a pod.

    ``--kv-offloading-size`` is of all tensor parallel ranks together (vllm/config/cache.py);
    ``--swap-space`` of each GPU, 4 GiB where nobody said a number, with the first engine.
    """
    offloaded = gib_flag(flags, "kv-offloading-size") * model.data_parallel_size
    default = 0.0 if release.since(releases.V1_ENGINE) else _SWAP_GIB
    swap = gib_flag(flags, "swap-space", default) * model.workers
    return offloaded + (0.0 if model.accelerator == "cpu" else swap)


def _adapters(model: Model, flags: dict[str, str]) -> tuple[int, int]:
    """max_loras and max_lora_rank (vllm/config/lora.py) where LoRA is on."""
    if not model.lora_modules and "enable-lora" not in flags:
        return 0, 0
    return number_flag(flags, "max-loras") or 1, number_flag(flags, "max-lora-rank") or 16


def pick_card(model: Model, product: str | None, memory_gib: float | None) -> Card | None:
    """The card that was given, with the memory that was given, else the table's."""
    if model.accelerator == "cpu":
        return None
    card = find_card(product) if product else None
    if memory_gib is None:
        return card if card and card.memory_gib else None
    if card is None:
        family = "hopper" if memory_gib > 79.0 and not product else "other"
        family = "amd" if model.accelerator == "amd" else family
        return Card(memory_gib, family)
    return replace(card, memory_gib=memory_gib, listed=True)


def resolve_release(model: Model, version: str | None) -> Release:
    """The version that was given, else the image's tag, else the newest."""
    said = version or model.vllm_version
    if said:
        return parse_release(said)
    return parse_release(model.server_image.rpartition("/")[2].partition(":")[2])


def _utilization(release: Release) -> float:
    return 0.92 if release.since(releases.UTILIZATION_92) else 0.90


def _batch(told: Told, release: Release, card: Card | None, length: int | None) -> tuple[int, int]:
    """max_num_batched_tokens and max_num_seqs (vllm/engine/arg_utils.py, server)."""
    model, flags = told.model, told.flags
    tokens, seqs = model.max_num_batched_tokens, model.max_num_seqs
    default_tokens, default_seqs = _batch_defaults(model, release, card, length)
    if told.pools and release.within(releases.LARGE_POOLING_BATCHES):
        default_tokens = max(default_tokens, _POOLING_TOKENS)
    if flags.get("performance-mode") == "throughput":
        default_tokens, default_seqs = 2 * default_tokens, 2 * default_seqs
    wanted = seqs or default_seqs
    if tokens is None:
        tokens = min(default_tokens, wanted * length) if length else default_tokens
    if seqs is None:
        seqs = min(wanted, tokens)
    return max(tokens, seqs), seqs


def _batch_defaults(
    model: Model, release: Release, card: Card | None, length: int | None
) -> tuple[int, int]:
    """Tokens and requests of a step where nobody said a number (EngineArgs.get_batch_defaults)."""
    if model.accelerator == "cpu":
        ranks = model.tensor_parallel_size * model.pipeline_parallel_size
        return 2048 * ranks, 128 * ranks
    if not release.since(releases.V1_ENGINE):
        # Without chunked prefill, which the first engine used above 32,768 tokens only.
        return (max(length or 0, 2048) if (length or 0) <= 32768 else 2048), 256
    memory = card.memory_gib if card else 0.0
    if memory >= _HUGE_CARD_GIB and release.since(releases.HUGE_CARD_BATCHES):
        return 16384, 1024
    large = memory >= _LARGE_CARD_GIB and card is not None and card.family != "ampere"
    return (8192, 1024) if large else (2048, 256)


def _cpu_space(model: Model) -> float | None:
    """GiB of cache on a CPU: the user's environment wins over the key (vllm/platforms/cpu.py)."""
    for entry in model.env:
        if entry.get("name") != CPU_CACHE_SPACE:
            continue
        if entry.get("value") in (None, ""):
            return None
        try:
            space = int(str(entry["value"]))
        except ValueError:
            space = -1
        if not 0 <= space <= _MOST_SPACE_GIB:
            raise ValueError(
                f"env {CPU_CACHE_SPACE} is {entry['value']!r}; it must be a whole number of GiB,"
                " 0 or more (0: the server decides)"
            )
        return space or None
    return model.kv_cache_memory_gib


def _is_on(model: Model, name: str) -> bool | None:
    for entry in model.env:
        if entry.get("name") == name:
            return str(entry.get("value")) not in ("0", "", "false", "False")
    return None


def _cache(
    told: Told,
    shape: ModelShape,
    quant: Quantization,
    release: Release,
    tokens: int,
    card: Card | None,
) -> CacheOptions:
    model, flags = told.model, told.flags
    aligned = _is_on(model, ALIGNED_MLA)
    kv_dtype = _packed(model, shape, card, _kv_dtype(model, quant))
    manager = "disable-hybrid-kv-cache-manager" not in flags
    layers = _draft_layers(model, shape)
    return CacheOptions(
        kv_dtype=kv_dtype,
        model_bytes=int(quant.full_bytes),
        block_size=model.block_size,
        default_block_size=_default_block(model, shape, release, card, kv_dtype),
        in_flight_tokens=tokens * _steps_in_flight(told, release),
        state_mode=state_mode(model, shape, flags, release),
        hybrid_manager=manager and release.since(releases.HYBRID_MANAGER),
        chunked_as_full=_is_chunked_off(model, release),
        context_parallel=number_flag(flags, "decode-context-parallel-size") or 1,
        padded_latent=shape.mla is not None and is_first_mla(release) and aligned is not False,
        release=release,
        ssm_bytes=SSM_BYTES.get(flags.get("mamba-ssm-cache-dtype", "")),
        draft_tokens=_draft_tokens(model, layers),
        draft_layers=layers,
    )


def _steps_in_flight(told: Told, release: Release) -> int:
    """Steps whose tokens a window is held for (VllmConfig.max_concurrent_batches).

    Asynchronous scheduling, which CPUs, pooling and some kinds of speculation do without, adds one.
    """
    model = told.model
    if not release.since(releases.STEPS_IN_FLIGHT):
        return 1
    drafts = str(model.speculative_config.get("method", ""))
    off = "no-async-scheduling" in told.flags or drafts in _SYNCHRONOUS_DRAFTS
    if model.accelerator == "cpu" or off or told.pools:
        return model.pipeline_parallel_size
    return model.pipeline_parallel_size + 1


def state_mode(model: Model, shape: ModelShape, flags: dict[str, str], release: Release) -> str:
    """How often a hybrid model's state is kept: ``none``, ``align`` or ``all``.

    MambaModelConfig in vllm/model_executor/models/config.py. Prefix caching decides, which is on
    by itself since v0.28; before, Mamba-2 kept a state for each block where it was switched on.
    The first releases switched it off for these models.
    """
    on = model.enable_prefix_caching
    mamba = shape.state is not None and not shape.state.gated_delta
    first = releases.MAMBA_PREFIXES if mamba else releases.GATED_DELTA_PREFIXES
    by_itself = release.since(releases.HYBRID_PREFIXES)
    if not release.since(first) or not (by_itself if on is None else on):
        return "none"
    every = mamba and flags.get("mamba-cache-mode") != "align"
    return "all" if every and not by_itself else "align"


def _is_chunked_off(model: Model, release: Release) -> bool:
    """Whether layers with chunks are kept as full ones."""
    allowed = _is_on(model, CHUNKED_LOCAL)
    if not release.since(releases.CHUNKED_MANAGER):
        return True
    if allowed is not None and release.since(releases.CHUNKED_OFF[0]):
        return not allowed
    return release.within(releases.CHUNKED_OFF)


def _draft_layers(model: Model, shape: ModelShape) -> int:
    """Layers of full attention that multi-token prediction adds to the cache."""
    if "mtp" not in str(model.speculative_config.get("method", "")):
        return 0
    return max(1, shape.mtp_layers)


def _draft_tokens(model: Model, layers: int) -> int:
    said = model.speculative_config.get("num_speculative_tokens")
    if isinstance(said, int) and not isinstance(said, bool) and said > 0:
        return said
    return layers


def _default_block(
    model: Model, shape: ModelShape, release: Release, card: Card | None, kv_dtype: str
) -> int:
    """Tokens of a block where nobody said a number: the smallest that the attention kernel takes.

    128 on a CPU. Latent attention (vllm/platforms/cuda.py, _get_backend_priorities): FlashMLA 64,
    which Hopper took for all types first and takes for fp8 and sparse attention now; FlashInfer 32
    on Blackwell. Otherwise 16.
    """
    if model.accelerator == "cpu":
        return 128
    family = card.family if card and not card.unified else ""
    if (
        not shape.mla
        or not release.since(releases.MLA_BLOCKS)
        or family not in ("hopper", "blackwell")
    ):
        return 16
    if shape.sparse_index:
        return 64
    if family == "blackwell":
        return 32 if release.since(releases.SMALL_MLA_BLOCKS) else 128
    plain = kv_dtype in ("bfloat16", "float16", "half")
    return 16 if plain and release.since(releases.SMALL_MLA_BLOCKS) else 64


def is_first_mla(release: Release) -> bool:
    """v0.7.0 to v0.8.0: latent attention with aligned entries and fused projections."""
    return release.within(releases.FIRST_MLA)


def _kv_dtype(model: Model, quant: Quantization) -> str:
    """The cache's type: ``auto`` is the model's, unless the checkpoint asks for another."""
    said = model.kv_cache_dtype or "auto"
    if said == "auto":
        return quant.kv_dtype or ("float32" if quant.full_bytes == 4 else "bfloat16")
    return said


def _packed(model: Model, shape: ModelShape, card: Card | None, kv_dtype: str) -> str:
    """Sparse latent attention packs an fp8 cache in a format of its own before Blackwell.

    _canonicalize_sparse_mla_kv_cache_dtype in model_executor/layers/attention/mla_attention.py.
    """
    blackwell = card is not None and card.family == "blackwell"
    sparse = shape.mla is not None and shape.sparse_index
    if sparse and kv_dtype in ("fp8", "fp8_e4m3") and model.accelerator == "nvidia":
        return kv_dtype if blackwell else "fp8_ds_mla"
    if kv_dtype in LATENT_BYTES and not (shape.mla or shape.missing_fields):
        raise ValueError(
            f"kv_cache_dtype {kv_dtype} is for models with multi-head latent attention (MLA);"
            " this one has none"
        )
    return kv_dtype


def model_dtype(model: Model) -> str:
    """The type that weights are held in. ``auto`` turns float32 checkpoints into 16 bits."""
    said = model.dtype or "auto"
    if said not in DTYPE_BYTES:
        raise ValueError(f"dtype {said!r} is not known; give one of {', '.join(DTYPE_BYTES)}")
    return said
