# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Bytes per parameter of a quantized checkpoint, and which matrices are left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import releases
from ..releases import Release
from .quantization_check import check_bits, check_group, check_quantization, odd_dtype, with_bits
from .shape.fields import Fields
from .weight_names import WeightPatterns, matches, sort_patterns

DTYPE_BYTES = {
    "float32": 4.0, "float": 4.0, "float16": 2.0, "half": 2.0, "bfloat16": 2.0, "auto": 2.0,
}  # fmt: skip
# The packed values and their scales (memory per parameter of a linear layer); the scale of a
# 128x128 block is 4 bytes, of an NVFP4 group 1 byte, of an MXFP4 group 1 byte.
_FORMATS = {
    "fp8": 1.0,
    "fp8_block": 1 + 4 / 128**2,
    "int8": 1.0005,
    "int4": 0.5 + 2.5 / 128,
    "gptq4": 0.5 + 2 / 128,
    "nvfp4": 0.5 + 1 / 16,
    "mxfp4": 0.5 + 1 / 32,
    "mxfp8": 1 + 1 / 32,
    "bnb4": 0.516,
    "bnb8": 1.0005,
}
# Words of a name, the most telling first. A name is vLLM's --quantization, a checkpoint's
# quant_method or quant_algo, or how people write it ("gptq-int4 g128").
_WORDS = (
    ("nvfp4", "nvfp4"), ("modelopt_fp4", "nvfp4"), ("petit", "nvfp4"), ("mixed", "nvfp4"),
    ("w4a16", "int4"), ("mxfp4", "mxfp4"), ("mxfp8", "mxfp8"), ("awq", "int4"),
    ("gptq", "gptq4"), ("auto_round", "int4"), ("auto-round", "int4"), ("moe_wna16", "int4"),
    ("bitsandbytes", "bnb4"), ("bnb", "bnb4"), ("int4", "int4"), ("w4a8", "int4"),
    ("int8", "int8"), ("w8a8", "int8"), ("w8a16", "int8"), ("fp8", "fp8"), ("modelopt", "fp8"),
)  # fmt: skip
# Names that are no part of a longer one.
_WHOLE_WORDS = {"inc": "int4", "rtn": "int4"}
_UNSUPPORTED = ("torchao", "gguf", "humming", "fp_quant", "deepseek_v4")
# Formats whose experts may get smaller groups than the checkpoint's (moe_wna16.py).
_REGROUPED = ("awq", "gptq", "auto_round", "auto-round", "intel/auto-round", "moe_wna16")
_UNQUANTIZED = ("", "none", "null", "auto", "bf16", "bfloat16", "fp16", "float16")
# Lists of what is left alone, under the names of the tools that write them.
_IGNORE = (
    "ignore", "ignored_layers", "modules_to_not_convert", "exclude_modules", "exclude",
    "llm_int8_skip_modules",
)  # fmt: skip
_EXPERTS = ("mlp.experts", "experts")
# Below this compute capability (times ten) a card has no FP8 units, and from _BLOCK_KERNELS on it
# has kernels for FP8 blocks in linear layers.
_FP8_UNITS, _BLOCK_KERNELS = 89, 90
_MIXED_DOUBT = "which layers of a mixed checkpoint are quantized how is not said"

# Bytes of a parameter of what the entries mean, the first match deciding.
FormatRules = list[tuple[WeightPatterns, float]]
# The matrices of a single layer that differ from the other layers', and their bytes.
LayerFormats = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Quantization:
    """What the linear layers hold.

    ``linear_bytes``: bytes of a parameter; ``full_bytes``: of one that is not quantized.
    ``rules``: entries that mean matrices of all layers, and their bytes. ``layer_formats``:
    matrices of single layers that differ from the other layers', and their bytes. ``head``: bytes
    of the output matrix, 0 where there is none. ``block``: rows and columns of a scale; ``group``:
    input columns of one; ``regroups``: vLLM may give experts smaller ones.
    ``blocks``: bytes of a parameter with FP8 blocks on the card, in linear layers
    and in experts, where these differ from the files'.
    """

    name: str = ""
    linear_bytes: float = 2.0
    full_bytes: float = 2.0
    attention_bytes: float | None = None
    only_experts: bool = False
    rules: tuple[tuple[str, float], ...] = ()
    layer_formats: Mapping[int, LayerFormats] = field(default_factory=dict)
    head: float | None = None
    block: tuple[int, int] | None = None
    group: int = 0
    regroups: bool = False
    blocks: tuple[float, float] | None = None
    kv_dtype: str = ""
    doubt: str = ""

    @property
    def fused_bytes(self) -> float:
        """Bytes of a parameter of the products that old releases made of MLA's projections."""
        return self.linear_bytes if self.name.startswith("fp8") else self.full_bytes

    def head_bytes(self, *, tied: bool) -> float:
        """Bytes of one parameter of the output matrix; one that is shared stays whole."""
        if self.head == 0:
            return 0.0
        return self.full_bytes if tied or self.head is None else self.head

    def module_bytes(self, name: str) -> float:
        """Bytes of one parameter of a matrix such as ``self_attn.q_proj``, in most layers."""
        size = self._most_bytes(name)
        if self.blocks and name in _EXPERTS and size == self.blocks[0]:
            return self.blocks[1]
        return size

    def _most_bytes(self, name: str) -> float:
        if not self.name or (self.only_experts and name not in _EXPERTS):
            return self.full_bytes
        for entry, size in self.rules:
            if matches(entry, name):
                return size
        if self.attention_bytes is not None and "attn" in name:
            return self.attention_bytes
        return self.linear_bytes

    def layer_bytes(self, layer: int, name: str) -> float:
        """Bytes of one parameter of a matrix in this layer."""
        own = dict(self.layer_formats.get(layer, ())).get(name)
        return self.module_bytes(name) if own is None else own


def read_quantization(
    config: Mapping[str, Any], flag: str | None = None, dtype: str = "bfloat16"
) -> Quantization:
    """The quantization of a checkpoint, or the one that ``--quantization`` makes while loading.

    Raises ValueError for an entry of the wrong kind; a format that is not known gives ``doubt``.
    """
    full = DTYPE_BYTES.get(dtype, 2.0)
    fields = Fields(config)
    details = _details(fields)
    check_quantization(details, fields, flag)
    said = _said(details, fields, flag)
    if said.lower() in _UNQUANTIZED:
        odd = odd_dtype(fields)
        return Quantization(
            full_bytes=full,
            linear_bytes=full,
            kv_dtype=_kv_dtype(details, fields),
            doubt=f"the checkpoint's type is {odd[:20]}: vLLM takes 16 bits for it" if odd else "",
        )
    form = _form(said, details)
    if form is None:
        what = with_bits(said, details)
        doubt = f"quantization {what} is not known; bytes per parameter cannot be told"
        return Quantization(name=said, linear_bytes=full, full_bytes=full, doubt=doubt)
    return _known(said, form, details, fields, full)


def on_card(quant: Quantization, capability: int, release: Release) -> Quantization:
    """The same on a card of this compute capability (times ten; 0: not known).

    Marlin holds a scale of a block once for each of its output rows, in 16 bits
    (prepare_fp8_layer_for_marlin in quantization/utils/marlin_utils_fp8.py, since v0.9). Cards
    without FP8 units have no other kernel for blocks; those of capability 8.9 have one for experts
    alone since v0.29 (_POSSIBLE_FP8_BLOCK_KERNELS in model_executor/kernels/linear).
    """
    if (
        not capability
        or capability >= _BLOCK_KERNELS
        or not release.since(releases.REPEATED_SCALES)
    ):
        return quant
    stored = _FORMATS["fp8_block"]
    repeated = 1 + 2 / (quant.block or (128, 128))[1]
    if capability >= _FP8_UNITS and not release.since(releases.FP8_EXPERT_BLOCKS):
        return quant
    blocks = (repeated, repeated if capability < _FP8_UNITS else stored)

    def kept(size: float, name: str = "") -> float:
        return blocks[name in _EXPERTS] if size == stored else size

    return replace(
        quant,
        linear_bytes=kept(quant.linear_bytes),
        rules=tuple((entry, kept(size)) for entry, size in quant.rules),
        layer_formats={
            layer: tuple((name, kept(size, name)) for name, size in own)
            for layer, own in quant.layer_formats.items()
        },
        head=None if quant.head is None else kept(quant.head),
        blocks=blocks,
    )


def _known(
    said: str, form: str, details: Mapping[str, Any], fields: Fields, full: float
) -> Quantization:
    group = _group(details, said)
    ignored = _ignored(details, fields, said)
    own, default = _own_rules(said, details, full)
    linear = _bytes(form, details, group) if default is None else default
    rules: FormatRules = [(sort_patterns(ignored), full), *own]
    is_mixed = "mixed" in said.lower()
    only_experts = not ignored and ("experts" in said or (form == "mxfp4" and "mx" in said))
    plain = Quantization(
        name=form,
        linear_bytes=linear,
        full_bytes=full,
        attention_bytes=1.0 if is_mixed and not ignored and not own else None,
        only_experts=only_experts or (form == "mxfp4" and details.get("quant_method") == "mxfp4"),
        rules=tuple((entry, size) for entries, size in rules for entry in entries.general),
        block=_block(details, fields, said),
        group=group,
        regroups=said.lower() == "inc" or said.lower().startswith(_REGROUPED),
        kv_dtype=_kv_dtype(details, fields),
        doubt=_MIXED_DOUBT if is_mixed and not own else "",
    )
    return _with_exceptions(plain, rules, fields, packs_head=_packs_head(details, said, form))


def _with_exceptions(
    plain: Quantization, rules: FormatRules, fields: Fields, *, packs_head: bool
) -> Quantization:
    """Add what single layers do otherwise, and the output matrix."""
    count = fields.integer("num_hidden_layers", "n_layer", "n_layers", "num_layers") or 0
    single: dict[int, dict[str, float]] = {}
    for entries, size in reversed(rules):
        for layer in entries.layers(min(count, 10_000)):
            own = single.setdefault(layer, {})
            own.update((name, size) for name in entries.names(layer))
    layer_formats = {
        layer: tuple((n, size) for n, size in sorted(own.items()) if size != plain.module_bytes(n))
        for layer, own in single.items()
    }
    named = next((size for entry, size in plain.rules if matches(entry, "lm_head")), None)
    packed = plain.linear_bytes if packs_head else None
    return replace(
        plain,
        layer_formats={layer: own for layer, own in layer_formats.items() if own},
        head=packed if named is None else named,
    )


def _packs_head(details: Mapping[str, Any], said: str, form: str) -> bool:
    """Whether the output matrix is packed like the others (auto_gptq.py, auto_awq.py)."""
    if form in ("int4", "gptq4", "int8") and details.get("lm_head") is True:
        return True
    written = details.get("quant_method") == "modelopt" or "producer" in details
    return written and bool(details) and "mixed" not in said.lower()


def _details(fields: Fields) -> Mapping[str, Any]:
    """The checkpoint's own words; ModelOpt's older ones lie one level deeper."""
    stored = fields.get("quantization_config", "compression_config")
    if stored is None:
        return {}
    if not isinstance(stored, Mapping):
        raise ValueError("config.quantization_config is not a mapping")
    inner = stored.get("quantization")
    return {**inner, **stored} if isinstance(inner, Mapping) else stored


def _said(details: Mapping[str, Any], fields: Fields, flag: str | None) -> str:
    """The checkpoint's own words win: vLLM refuses a flag that disagrees with them."""
    for name in ("quant_algo", "quant_method"):
        word = details.get(name)
        if word is not None and not isinstance(word, str):
            raise ValueError(f"config.quantization_config.{name} is not a text")
        if word:
            return word
    if isinstance(details.get("config_groups"), Mapping):
        return "compressed-tensors"
    if details:
        return flag or fields.text("quant_method") or "quantization_config without quant_method"
    return flag or fields.text("quant_method")


def _form(said: str, details: Mapping[str, Any]) -> str | None:
    """The key of the table of formats, None for a format that is not in it."""
    word = said.lower()
    if "compressed" in word:
        forms = [_group_form(weights) for weights, dummy in _groups(details)]
        return forms[0] if forms and None not in forms else None
    if "quark" in word:
        return _quark_form(details)
    if any(name in word for name in _UNSUPPORTED):
        return None
    form = next((form for part, form in _WORDS if part in word), _WHOLE_WORDS.get(word))
    return _refined(form, word, details)


def _refined(form: str | None, word: str, details: Mapping[str, Any]) -> str | None:
    """The format when the number of bits and the shape of the scales are looked at too."""
    bits = details.get("bits", 4)
    if form == "bnb4" and (details.get("load_in_8bit") or "8" in word.replace("bnb-4bit", "")):
        return "bnb8"
    if form in ("int4", "gptq4") and bits not in (2, 3, 4):
        return "int8" if bits == 8 else None
    if form == "fp8" and (details.get("weight_block_size") or "block" in word or "_pb" in word):
        return "fp8_block"
    return form


def _group_form(weights: Mapping[str, Any]) -> str | None:
    """The format of one group of llm-compressor (compressed_tensors.py)."""
    bits, is_float = weights.get("num_bits"), weights.get("type") == "float"
    if bits == 8 and is_float:
        return "fp8_block" if weights.get("strategy") == "block" else _micro(weights, "fp8")
    if bits == 4 and is_float:
        return _micro(weights, "nvfp4")
    if bits in (4, 8) and weights.get("type") in ("int", None):
        return "int4" if bits == 4 else "int8"
    return None


def _micro(weights: Mapping[str, Any], plain: str) -> str:
    """Groups of 32 are the microscaling formats."""
    micro = {"fp8": "mxfp8", "nvfp4": "mxfp4"}
    return micro[plain] if weights.get("group_size") == 32 else plain


def _quark_form(details: Mapping[str, Any]) -> str | None:
    """The format of Quark's weights (quark/quark.py); single layers of their own are not read."""
    common = details.get("global_quant_config")
    weight = common.get("weight") if isinstance(common, Mapping) else None
    if not isinstance(weight, Mapping) or details.get("layer_quant_config"):
        return None
    dtype = str(weight.get("dtype")).lower()
    if dtype.startswith("fp8"):
        return "mxfp8" if weight.get("group_size") == 32 else "fp8"
    return {"fp4": "mxfp4", "int4": "int4", "uint4": "int4", "int8": "int8"}.get(dtype)


def _first_weights(details: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(_groups(details)), ({}, []))[0]


def _groups(details: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Weights and targets of each of llm-compressor's groups."""
    groups = details.get("config_groups")
    found = []
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping):
            found.append((weights, _texts(group, "targets", "config_groups.")))
    return found


def _own_rules(
    said: str, details: Mapping[str, Any], full: float
) -> tuple[FormatRules, float | None]:
    """Bytes of the matrices that are named one by one, and of all the others (None: the format's).

    llm-compressor's groups, ModelOpt's quantized_layers, GPTQ's dynamic and AutoRound's
    extra_config.
    """
    if "mixed" in said.lower():
        return _mixed_rules(details), full if details.get("quantized_layers") else None
    if "compressed" in said.lower():
        return _group_rules(details, full)
    return _override_rules(details, full), None


def _mixed_rules(details: Mapping[str, Any]) -> FormatRules:
    layers = details.get("quantized_layers") or {}
    if not isinstance(layers, Mapping):
        raise ValueError("config.quantization_config.quantized_layers is not a mapping")
    by_size: dict[float, list[str]] = {}
    for path, recipe in layers.items():
        algo = recipe.get("quant_algo") if isinstance(recipe, Mapping) else None
        form = _form(algo, {}) if isinstance(algo, str) else None
        if form is None:
            raise ValueError(f"config.quantization_config.quantized_layers: {algo!r} is not known")
        by_size.setdefault(_FORMATS[form], []).append(str(path))
    return [(sort_patterns(paths), size) for size, paths in by_size.items()]


def _group_rules(details: Mapping[str, Any], full: float) -> tuple[FormatRules, float | None]:
    rules: FormatRules = []
    default: float | None = None
    for weights, targets in _groups(details):
        form = _group_form(weights)
        size = full if form is None else _bytes(form, {"config_groups": {"": {"weights": weights}}},
                                                _count(weights.get("group_size")))  # fmt: skip
        if not targets or "Linear" in targets:
            default = size if default is None else default
        rules.append((sort_patterns(name for name in targets if name != "Linear"), size))
    return rules, full if default is None else default


def _override_rules(details: Mapping[str, Any], full: float) -> FormatRules:
    rules: FormatRules = []
    for name, sign in (("dynamic", "re:"), ("extra_config", "")):
        listed = details.get(name) or {}
        if not isinstance(listed, Mapping):
            raise ValueError(f"config.quantization_config.{name} is not a mapping")
        for key, change in listed.items():
            entries = sort_patterns([sign + str(key).removeprefix("-:").removeprefix("+:")])
            if isinstance(change, Mapping):
                check_bits(change, name)
                check_group(change, is_strict=False)
            bits = change.get("bits", 4) if isinstance(change, Mapping) else 4
            if str(key).startswith("-:") or not isinstance(bits, int) or bits >= 16:
                rules.append((entries, full))
            elif isinstance(change, Mapping) and "bits" in change:
                rules.append((entries, bits / 8 + 2.5 / (_group({**details, **change}, "") or 128)))
    return rules


def _count(value: Any) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if is_count else 0


def _group(details: Mapping[str, Any], said: str) -> int:
    """Input columns of one scale; 0 when it is not said."""
    found = _count(details.get("group_size")) or _count(_first_weights(details).get("group_size"))
    written = re.search(r"\bg(\d{2,4})\b", said)
    return found or (_count(int(written.group(1))) if written else 0)


def _bytes(form: str, details: Mapping[str, Any], group: int) -> float:
    if form == "int8" and group:
        return 1 + 2 / group
    if form not in ("int4", "gptq4"):
        return _FORMATS[form]
    weights = _first_weights(details)
    bits = _count(details.get("bits")) or 4
    if group:
        symmetric = details.get("sym", form == "gptq4") or weights.get("symmetric")
        return bits / 8 + (2.0 if symmetric else 2.5) / group
    if details.get("group_size") == -1 or weights.get("strategy") == "channel":
        # One scale for a whole row.
        return bits / 8 + _FORMATS["int8"] - 1
    return _FORMATS[form] + (bits - 4) / 8


def _block(details: Mapping[str, Any], fields: Fields, said: str) -> tuple[int, int] | None:
    block = details.get("weight_block_size") or fields.get("weight_block_size")
    block = block or _first_weights(details).get("block_structure")
    if block is None or isinstance(block, str):
        return (128, 128) if "block" in said.lower() else None
    if not isinstance(block, list | tuple) or len(block) != 2 or not all(map(_count, block)):
        raise ValueError("config.weight_block_size is not a pair of whole numbers above 0")
    return block[0], block[1]


def _kv_dtype(details: Mapping[str, Any], fields: Fields) -> str:
    """What the checkpoint asks of the cache (vllm/config/cache.py, ModelOpt and llm-compressor)."""
    said = details.get("kv_cache_quant_algo") or details.get("kv_cache_scheme")
    said = said or fields.get("kv_cache_scheme")
    if isinstance(said, Mapping):
        return ("nvfp4" if said.get("num_bits") == 4 else "fp8") if said else ""
    # vLLM warns of another word and takes the model's type (utils/torch_utils.py, 0.32).
    word = said.lower() if isinstance(said, str) else ""
    return word if word in ("fp8", "nvfp4") else ""


def _texts(place: Mapping[str, Any], name: str, where: str = "") -> list[str]:
    value = place.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise ValueError(f"config.quantization_config.{where}{name} is not a list")
    return [entry for entry in value if isinstance(entry, str)]


def _ignored(details: Mapping[str, Any], fields: Fields, said: str) -> list[str]:
    """Entries for what stays whole."""
    listed = [entry for name in _IGNORE for entry in _texts(details, name)]
    hint = fields.get("quant_ignore")
    if isinstance(hint, str):
        listed += ["*self_attn*" if "self_attn" in word else word for word in hint.split(", ")]
    elif "mlps only" in said.lower():
        listed += ["*self_attn*", "*linear_attn*"]
    return listed
