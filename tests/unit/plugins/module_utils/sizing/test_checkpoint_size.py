# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Files of a checkpoint: another type than the one that is loaded, and parts that are not."""

from __future__ import annotations

from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Tensor
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.checkpoint_size import (
    StoredBytes,
    sort_tensors,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from ansible_collections.llmops.vllm.plugins.module_utils.units import GIB

VISION = {"hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304}
PARAMETERS = 8_030_261_248


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
    assert sort_tensors(tensors, 32) == StoredBytes(7 * 2**20, 56 * 2**20, 192 * 2**20)


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


# Published sizes of the files; the first two hold a copy of the matrix that input and output share.
FILES = {
    "Qwen/Qwen3-0.6B": (1_503_264_768, 1.12),
    "Qwen/Qwen3-1.7B": (4_063_479_808, 3.2146),
    "Qwen/Qwen3-4B": (8_044_936_192, 7.5022),
    "Qwen/Qwen2.5-0.5B-Instruct": (988_065_536, 0.9241),
    "openai/gpt-oss-20b": (13_761_264_768, 13.686),
}


@pytest.mark.parametrize("name", FILES)
def test_sizes_of_published_files_belong_to_their_shapes(name: str) -> None:
    size, loaded = FILES[name]
    config = CATALOGUE[name].config
    found = memory_plan({"config": config, "weights_bytes": size, "gpu": {"product": "H100-80GB"}})
    assert found["confidence"] == "exact", found["notes"]
    assert found["per_gpu"]["weights_gib"] == pytest.approx(loaded, 0.002)


@pytest.mark.parametrize(
    "size", [1, 10**9, PARAMETERS, 13 * 10**9, 20 * 10**9, 24 * 10**9, 36 * 10**9, 10**11]
)
def test_a_size_that_contradicts_the_shape_is_no_exact_figure(size: int) -> None:
    found = memory_plan({"config": LLAMA, "gpu": {"product": "H100-80GB"}, "weights_bytes": size})
    assert found["confidence"] == "unknown"
    assert f"{size:,} bytes" in found["notes"][0]
    assert f"{2 * PARAMETERS:,}" in found["notes"][0]
    # A doubt refuses nothing, and what is loaded is not told smaller than either makes it.
    assert found["fits"]
    assert found["per_gpu"]["weights_gib"] * GIB >= max(size, 2 * PARAMETERS)


def test_weights_never_shrink_when_their_files_grow() -> None:
    # Below, the shape counts; at two times, files are float32 and loaded in 16 bits.
    sizes = [weights(weights_bytes=size * 10**9) for size in (14, 16, 18, 20, 24, 29)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("percent", [88, 115])
def test_what_the_formulas_do_not_know_is_scaled(percent: int) -> None:
    found = weights(weights_bytes=2 * PARAMETERS * percent // 100)
    assert found == pytest.approx(2 * PARAMETERS * percent / 100 / GIB, 0.01)


def test_a_format_that_is_not_known_goes_by_its_files() -> None:
    kept = {**LLAMA, "quantization_config": {"quant_method": "gguf"}}
    assert weights(config=kept, weights_bytes=5 * GIB) == pytest.approx(5, 0.01)


def test_a_tower_that_is_only_named_explains_more() -> None:
    size = 3 * PARAMETERS
    seen = memory_plan({"config": {**LLAMA, "vision_tower": "clip"}, "weights_bytes": size})
    assert not any("bytes of weights" in note for note in seen["notes"])
    blind = memory_plan({"config": LLAMA, "weights_bytes": size})
    assert any("bytes of weights" in note for note in blind["notes"])


def test_tensors_tell_whether_the_output_matrix_is_there() -> None:
    matrix = 128_256 * 4096 * 2
    rest = tensor("model.layers.0.mlp.up_proj.weight", 2 * PARAMETERS - matrix)
    head = tensor("lm_head.weight", matrix)
    # Without the flag and without the matrix it is shared; with both, the copy is not loaded.
    for config, files in ((LLAMA, [rest]), ({**LLAMA, "tie_word_embeddings": True}, [rest, head])):
        found = planned(files, config=config)
        assert found["confidence"] == "exact", found["notes"]
        loaded = found["per_gpu"]["weights_gib"] * GIB
        assert loaded == pytest.approx(2 * PARAMETERS - matrix, 0.01)


def test_a_small_model_that_does_not_say_that_its_output_matrix_is_shared() -> None:
    size, loaded = FILES["Qwen/Qwen2.5-0.5B-Instruct"]
    config = {**CATALOGUE["Qwen/Qwen2.5-0.5B-Instruct"].config, "tie_word_embeddings": False}
    found = planned([tensor("model.layers.0.mlp.up_proj.weight", size)], config=config)
    assert found["confidence"] == "exact", found["notes"]
    assert found["per_gpu"]["weights_gib"] == pytest.approx(loaded, 0.002)
    given = memory_plan({"config": config, "weights_bytes": size, "gpu": {"product": "L40S"}})
    assert given["per_gpu"]["weights_gib"] == pytest.approx(loaded, 0.002)


def test_a_single_tensor_is_no_checkpoint() -> None:
    found = planned([tensor("model.norm.weight", 128_000)])
    assert found["confidence"] == "unknown"
    assert "128,000 bytes of weights" in found["notes"][0]
    assert found["per_gpu"]["weights_gib"] > 14


def test_more_layers_than_config_names_are_a_doubt() -> None:
    files = [tensor("model.norm.weight", 2 * PARAMETERS), tensor("model.layers.40.x", 8 * GIB)]
    assert "behind the 32 layers" in planned(files)["notes"][0]
    few = [files[0], tensor("model.layers.32.x", GIB)]
    assert planned(few)["confidence"] == "exact"
