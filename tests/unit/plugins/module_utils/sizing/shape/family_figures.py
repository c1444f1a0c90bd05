# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a family changes in the shapes of some small configs; run as a program, it pins them.

`python -m pytest` compares them with tests/data/families.yml. To pin them anew, after a look at
what changed: `python tests/unit/plugins/module_utils/sizing/shape/family_figures.py`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[6]
GOLDEN = ROOT / "tests" / "data" / "families.yml"
if str(ROOT / ".cache" / "collections") not in sys.path:
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))

DENSE: dict[str, Any] = {
    "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2,
    "head_dim": 48, "intermediate_size": 640, "vocab_size": 1024, "max_position_embeddings": 2048,
}  # fmt: skip
_EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 192}
_MAMBA = {"mamba_num_heads": 8, "mamba_head_dim": 16, "ssm_state_size": 16, "conv_kernel": 4}
_LINEAR = {
    "linear_num_key_heads": 4, "linear_num_value_heads": 8, "linear_key_head_dim": 16,
    "linear_value_head_dim": 16, "linear_conv_kernel_dim": 4,
}  # fmt: skip
_LATENT = {
    "kv_lora_rank": 64, "qk_rope_head_dim": 16, "qk_nope_head_dim": 32, "v_head_dim": 32,
}  # fmt: skip
_TOWER = {
    "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 96, "patch_size": 14,
    "image_size": 56, "out_hidden_size": 256, "spatial_merge_size": 2,
    "position_embedding_size": 100,
}  # fmt: skip
_NO_MERGER = {key: value for key, value in _TOWER.items() if key != "spatial_merge_size"}


def _without(*names: str, **more: Any) -> dict[str, Any]:
    return {**{name: value for name, value in DENSE.items() if name not in names}, **more}


SCENARIOS: dict[str, dict[str, Any]] = {
    "dense": DENSE,
    "no_heads": _without("num_key_value_heads", "head_dim"),
    "many_heads": _without("num_key_value_heads", multi_query=False),
    "null_heads": {**DENSE, "num_key_value_heads": None, "head_dim": None},
    "no_width": _without("intermediate_size"),
    "no_positions": _without("max_position_embeddings"),
    "window": {**DENSE, "sliding_window": 128},
    "window_used": {
        **DENSE, "sliding_window": 128, "use_sliding_window": True, "max_window_layers": 1,
    },
    "scaled": {**DENSE, "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "experts": {**DENSE, **_EXPERTS},
    "experts_unsaid": {**DENSE, "num_experts": 8, "num_experts_per_tok": 2},
    "experts_on": {**DENSE, "enable_moe_block": True},
    "shared": {**DENSE, "shared_intermediate_size": 320},
    "latent": {**_without("num_key_value_heads", "head_dim"), **_LATENT},
    "linear": {**DENSE, **_LINEAR},
    "mamba": {**DENSE, **_MAMBA, "layer_types": ["mamba", "attention"] * 2},
    "mamba_unsaid": {**DENSE, "mamba_expand": 2},
    "parts": {**DENSE, "layer_types": ["mlp", "attention", "moe", "attention"]},
    "tower": {**DENSE, "vision_config": _TOWER, "spatial_merge_size": 2},
    "plain_tower": {**DENSE, "vision_config": _NO_MERGER, "spatial_merge_size": 2},
}  # fmt: skip
_LONG = {"rope_scaling": {"rope_type": "longrope", "factor": 4.0}}
# What follows from other figures, or is the same in all scenarios, and where it is told.
_TOLD_ONCE = {"weights_bytes": ("dense", "experts", "tower"), "doubts": ("dense", "class", "parts")}
# Classes that are not called like the model_type.
_CLASSES = {
    "deepseek_vl_v2": "DeepseekVLV2ForCausalLM",
    "glm4v": "GLM4VForCausalLM",
    "hunyuan_v1_dense": "HunYuanDenseV1ForCausalLM",
    "hunyuan_v1_moe": "HunYuanMoEV1ForCausalLM",
}


def configs(name: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each scenario with the config of a family, and the same of a plain decoder."""
    for scenario, config in SCENARIOS.items():
        yield scenario, {**config, "model_type": name}, config
    inner = {"text_config": {**DENSE, "model_type": "llama"}}
    yield "outer", {**inner, "model_type": name}, inner
    # Only a nested language model may leave its sizes unsaid.
    nested = {"text_config": {"model_type": name, **_LONG}}
    yield "nested", nested, {"text_config": _LONG}
    stem = "".join(part.capitalize() for part in name.split("_"))
    names = [_CLASSES.get(name, f"{stem}ForCausalLM")]
    yield "class", {**DENSE, "architectures": names}, DENSE


def figures(config: dict[str, Any]) -> dict[str, Any]:
    """The shape and the bytes of its weights as plain values, one level deep."""
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
        Quantization,
    )
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import (
        Split,
        stage_weights_bytes,
    )

    shape = read_shape(config)
    found = dict(_plain(dataclasses.asdict(shape)))
    found["layers"] = " ".join(
        f"{len(list(run))}x{mixer or 'no'}/{ffn or 'no'}"
        for (mixer, ffn), run in itertools.groupby((each.mixer, each.ffn) for each in shape.layers)
    )
    found["missing"] = [*found.pop("missing_kv_fields"), *found.pop("missing_weight_fields")]
    found["missing"] = list(dict.fromkeys(found["missing"]))
    if not shape.missing_fields:
        found["weights_bytes"] = int(stage_weights_bytes(shape, Quantization(), Split(), 0))
    return found


def _plain(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _plain(value, f"{prefix}{name}.")
        else:
            yield prefix + name, list(value) if isinstance(value, tuple) else value


@functools.cache
def _plain_figures(scenario: str) -> dict[str, Any]:
    plain = next(plain for name, dummy, plain in configs("llama") if name == scenario)
    return figures(plain)


def changed(scenario: str, config: dict[str, Any]) -> dict[str, Any]:
    """The figures of a config that are not those of a plain decoder, whose other ones are."""
    plain, own = _plain_figures(scenario), figures(config)
    found = {name: value for name, value in own.items() if value != plain.get(name)}
    for figure, scenarios in _TOLD_ONCE.items():
        if scenario not in scenarios:
            found.pop(figure, None)
    return found


def by_scenario(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a family changes in each scenario; what is as in the first one is not told again."""
    always: dict[str, Any] = {}
    for scenario, config, dummy in configs(name):
        plain = _plain_figures(scenario)
        usual = {key: plain[key] for key in always if key in plain and key not in _TOLD_ONCE}
        own = usual | changed(scenario, config)
        own = {key: value for key, value in own.items() if (key, value) not in always.items()}
        always = own if scenario == "dense" else always
        yield scenario, own


def family_figures(name: str) -> dict[str, dict[str, Any]]:
    """What a family changes, without the scenarios in which it changes nothing."""
    return {scenario: values for scenario, values in by_scenario(name) if values}


def tower_figures(name: str) -> dict[str, int]:
    """Parameters of a tower of this kind, whose sizes are said, unsaid, and said in part."""
    said = {**_NO_MERGER, "model_type": name}
    unsaid = {"model_type": name, "image_size": 56}
    some = {**unsaid, "hidden_size": 64}
    return {
        scenario: figures({**DENSE, "model_type": "llama", "vision_config": tower})["extra_params"]
        for scenario, tower in (("said", said), ("unsaid", unsaid), ("some", some))
    }


def line_name(start: str) -> str:
    """A name that nobody knows, of a line of families."""
    return f"{start}_unheard_of"


def all_figures() -> dict[str, Any]:
    """What the golden file holds."""
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.families import (
        FAMILIES,
        LINES,
    )
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.towers import (
        TOWER_LINES,
        TOWERS,
    )

    return {
        "families": {name: family_figures(name) for name in FAMILIES},
        "lines": {start: family_figures(line_name(start)) for start in LINES},
        "towers": {name: tower_figures(name) for name in TOWERS}
        | {start: tower_figures(line_name(start)) for start in TOWER_LINES},
    }


def _written() -> str:
    lines = [
        "# What each model family changes in the shapes of small configs, over a plain decoder.",
        "# Written by tests/unit/plugins/module_utils/sizing/shape/family_figures.py.",
        "---",
    ]
    for section, entries in all_figures().items():
        lines.append(f"{section}:")
        for name, scenarios in entries.items():
            lines.append(f"  {name}:" if scenarios else f"  {name}: {{}}")
            lines += [f"    {scenario}: {_flow(value)}" for scenario, value in scenarios.items()]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, sort_keys=False, width=10**6, default_flow_style=True)
    return text.removesuffix("...\n").strip()


if __name__ == "__main__":
    GOLDEN.write_text(_written(), encoding="utf-8")
