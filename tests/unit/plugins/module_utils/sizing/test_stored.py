# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Files of a checkpoint: another type than the one that is loaded, and parts that are not."""

from __future__ import annotations

from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Tensor
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.stored import Stored, sort_tensors
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

VISION = {"hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304}
PARAMETERS = 8_030_261_248
GIB = 2**30


def weights(**model: Any) -> float:
    found = memory_plan({"config": LLAMA, "gpu": {"product": "H100-80GB"}, **model})
    size: float = found["per_gpu"]["weights_gib"]
    return size


@pytest.mark.parametrize("stored", [2, 4])
@pytest.mark.parametrize(("dtype", "loaded"), [(None, 2), ("bfloat16", 2), ("float32", 4)])
def test_files_may_hold_another_type_than_is_loaded(
    stored: int, dtype: str | None, loaded: int
) -> None:
    found = weights(weights_bytes=stored * PARAMETERS, dtype=dtype)
    assert found == pytest.approx(loaded * PARAMETERS / GIB, 0.005)


def test_a_quantization_made_while_loading_starts_from_whole_files() -> None:
    online = weights(quantization="fp8")
    assert online < 0.65 * weights()
    assert weights(quantization="fp8", weights_bytes=2 * PARAMETERS) == pytest.approx(online, 0.01)
    kept = {**LLAMA, "quantization_config": {"quant_method": "fp8"}}
    small = weights(config=kept, weights_bytes=PARAMETERS + 1_050_000_000)
    assert small == pytest.approx(weights(config=kept), 0.02)


def test_the_volume_is_for_the_files_not_for_what_is_loaded() -> None:
    def claim(**model: Any) -> float:
        size: float = memory_plan({"config": LLAMA, **model})["storage"]["claim_gib"]
        return size

    assert claim(dtype="float32") == claim() == claim(quantization="fp8")
    assert claim(config={**LLAMA, "torch_dtype": "float32"}) > 1.8 * claim()


def tensor(name: str, size: int) -> Tensor:
    return Tensor(name, "BF16", (size // 2,), size)


def test_tensors_are_sorted_by_what_becomes_of_them() -> None:
    names = {
        "model.embed_tokens.weight": 1,
        "model.language_model.layers.31.mlp.up_proj.weight": 2,
        "lm_head.weight": 4,
        "model.visual.blocks.0.attn.qkv.weight": 8,
        "vision_tower.vision_model.encoder.layers.40.mlp.fc1.weight": 16,
        "multi_modal_projector.linear_1.weight": 32,
        "model.layers.32.eh_proj.weight": 64,
        "mtp.layers.0.self_attn.q_proj.weight": 128,
    }
    tensors = [tensor(name, 2**20 * size) for name, size in names.items()]
    assert sort_tensors(tensors, 32) == Stored(7 * 2**20, 56 * 2**20, 192 * 2**20)


def planned(tensors: list[Tensor], **model: Any) -> dict[str, Any]:
    keys = {"name": "a", "model": "a/b", "gpu": {"product": "H100-80GB"}, "config": LLAMA, **model}
    size = sum(entry.size_bytes for entry in tensors)
    read = parse_model({**keys, "weights_bytes": size})
    return plan_memory(read, tensors=tensors).as_dict()


def test_layers_for_drafting_are_loaded_only_to_draft() -> None:
    config = {**LLAMA, "num_nextn_predict_layers": 1}
    files = [tensor("model.norm.weight", 2 * PARAMETERS), tensor("mtp.fc.weight", 4 * GIB)]
    plain = planned(files, config=config)["per_gpu"]["weights_gib"]
    assert plain == pytest.approx(2 * PARAMETERS / GIB, 0.005)
    mtp = {"method": "mtp", "num_speculative_tokens": 1}
    drafting = planned(files, config=config, speculative_config=mtp)["per_gpu"]["weights_gib"]
    assert drafting == pytest.approx(plain + 4, 0.001)


def test_an_encoder_has_the_size_that_its_tensors_have() -> None:
    config = {**LLAMA, "vision_config": VISION}
    files = [tensor("model.norm.weight", 2 * PARAMETERS), tensor("visual.x.weight", 6 * GIB)]
    text = 2 * PARAMETERS / GIB
    seen = planned(files, config=config)["per_gpu"]["weights_gib"]
    assert seen == pytest.approx(text + 6, 0.005)
    only = planned(files, config=config, extra_args=["--language-model-only"])
    assert only["per_gpu"]["weights_gib"] == pytest.approx(text, 0.005)
    assert only["storage"]["claim_gib"] == planned(files, config=config)["storage"]["claim_gib"]
