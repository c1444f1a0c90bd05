# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a config calls itself, and whether that is a family whose formulas are known here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .families import class_index, family_of
from .family import Family
from .fields import Fields
from .layers import unknown_types

_CLASSES = ("dense", "moe", "mla_moe", "mla_dense", "hybrid_linear_moe", "hybrid_linear_dense")
# Tasks whose models have no output matrix, or another one.
_NOT_TEXT = re.compile(
    r"For(Sequence|Token)Classification|ForMaskedLM|RewardModel|ForQuestion"
    r"|(?<!LMHead)(?<!GLM)(?<!Chat)Model$"
)
_TASK = re.compile(
    r"(ForCausalLM|ForConditionalGeneration|LMHeadModel|ForCausalLMV|ChatModel|Model)$"
)
# What a layer may have that is not counted, by the field that says so.
_PARTS = {
    "num_kv_shared_layers": "layers that share their keys and values",
    "hidden_size_per_layer_input": "embeddings for each layer",
    "block_configs": "layers of different widths",
    "mamba_d_ssm": "attention and a state in the same layer",
    "zero_expert_num": "experts that do nothing",
    "is_encoder_decoder": "an encoder and attention to it",
}


def named_families(fields: Fields) -> tuple[Family, ...]:
    """All that the config calls itself: each ``model_type``, and the family of its class."""
    names = (fields.text("model_type"), _outer_name(fields), class_family(_classes(fields.outer)))
    return tuple(family_of(name) for name in dict.fromkeys(names) if name)


def outer_family(fields: Fields) -> Family:
    """The family of the whole, which a nested ``model_type`` hides."""
    return family_of(_outer_name(fields))


def _outer_name(fields: Fields) -> str:
    return Fields({"model_type": fields.outer.get("model_type")}).text("model_type")


def class_family(classes: list[str]) -> str:
    """The known family of the first class, such as ``qwen3_moe`` of Qwen3MoeForCausalLM, or ""."""
    name = _TASK.sub("", classes[0]).lower().replace("_", "") if classes else ""
    return class_index().get(name, "")


def with_model_type(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the ``model_type`` that its class implies, where it has none."""
    family = class_family(_classes(config)) if config.get("model_type") is None else ""
    return {**config, "model_type": family} if family else dict(config)


def names_experts(fields: Fields) -> bool:
    """Whether the name of the class or of the family speaks of experts."""
    names = (*_classes(fields.outer)[:1], fields.text("model_type"))
    return any("moe" in name.lower() for name in names)


def takes_images(fields: Fields) -> bool:
    """Whether the family has an encoder, also where config.json does not describe it."""
    classes = _classes(fields.outer)
    by_class = family_of(class_family(classes))
    if classes and classes[0].endswith("ForCausalLM"):
        return classes[0] == by_class.multimodal_class
    return by_class.multimodal or outer_family(fields).multimodal


def doubts(fields: Fields) -> tuple[str, ...]:
    """Why the formulas here may not be this model's."""
    found = [*_unknown_names(fields), *_unknown_parts(fields)]
    found += [f"layers of type {word!r} are not known" for word in unknown_types(fields)]
    if fields.uneven:
        found.append(f"{', '.join(sorted(fields.uneven))} differ from layer to layer")
    return tuple(found)


def _unknown_names(fields: Fields) -> list[str]:
    names, said = (
        (_outer_name(fields), fields.text("model_type")),
        fields.text("architecture_class"),
    )
    classes = _classes(fields.outer)
    found = [
        f"architecture {name!r} is not known; a plain decoder was assumed"
        for name in dict.fromkeys(names)
        if name and not family_of(name).known
    ]
    if said and said not in _CLASSES:
        found.append(f"architecture_class {said!r} is not known; a plain decoder was assumed")
    if classes and _NOT_TEXT.search(classes[0]):
        found.append(f"architecture {classes[0]!r} does not generate text")
    elif classes and not class_family(classes):
        # vLLM goes by the class, whatever the model_type says (registry.py).
        found.append(f"architecture {classes[0]!r} is not known; a plain decoder was assumed")
    return found


def _classes(config: Mapping[str, Any]) -> list[str]:
    """The classes that config.json names."""
    listed = config.get("architectures")
    if listed is None:
        return []
    if not isinstance(listed, list | tuple) or not all(isinstance(name, str) for name in listed):
        raise ValueError("config.architectures is not a list of names")
    return list(listed)


def _unknown_parts(fields: Fields) -> list[str]:
    return [
        f"config.{name}: {part} are not counted"
        for name, part in _PARTS.items()
        if fields.get(name) not in (None, 0, [], False)
    ]
