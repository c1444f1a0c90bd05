# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Names of cards, as labels, data sheets and people write them."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.cards import find_card

from .allocated import CONFIGS


@pytest.mark.parametrize(
    ("name", "memory_gib"),
    [
        ("NVIDIA-H100-80GB-HBM3", 79.19),
        ("H100", 79.19),
        ("NVIDIA-H100-NVL", 93.1),
        ("NVIDIA-A100-SXM4-40GB", 39.5),
        ("NVIDIA-A100-80GB-PCIe", 79.14),
        ("H200-141GB", 139.8),
        ("NVIDIA-B200", 178.35),
        ("NVIDIA-L4", 22.03),
        ("NVIDIA-L40S", 44.39),
        ("Tesla-T4", 14.56),
        ("A10G-24GB", 22.06),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", 94.97),
        ("RTX 3090 24GB", 23.58),
        ("AMD_Instinct_MI300X_OAM", 191.98),
        ("MI250X", 63.98),
        ("NVIDIA-RTX-6000-Ada-Generation", 47.36),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Max-Q-Workstation-Edition", 94.97),
        ("RTX 6000 PRO", 94.97),
        ("NVIDIA-RTX-A5000", 23.67),
        ("NVIDIA-RTX-A5000-SHARED", 23.67),
        ("RTX A4000 16GB", 15.61),
        ("Quadro-RTX-8000", 47.25),
        ("NVIDIA TITAN RTX", 23.64),
        ("NVIDIA-GeForce-RTX-3080-Ti", 11.63),
        ("NVIDIA-GeForce-RTX-4070-Ti-SUPER", 15.69),
        ("RTX 4070 Ti Super 16GB", 15.69),
        ("NVIDIA-GeForce-RTX-4080-SUPER", 15.57),
        ("NVIDIA-GeForce-RTX-5080", 15.46),
        ("NVIDIA-GeForce-RTX-4090-D", 23.53),
        ("RTX 4090D 24GB", 23.53),
        ("NVIDIA-GeForce-RTX-4090-SHARED", 23.53),
        ("NVIDIA-GeForce-RTX-5090-D", 31.36),
        ("NVIDIA-L40-SHARED", 44.39),
        ("NVIDIA-L20", 44.39),
        ("NVIDIA-A30", 23.53),
        ("NVIDIA-H20", 95.33),
        ("NVIDIA-H20-3e", 139.72),
        ("H20 141GB", 139.72),
        ("NVIDIA-H800", 79.19),
        ("NVIDIA-A800-SXM4-80GB", 79.14),
        ("Tesla-P100-PCIE-16GB", 15.88),
        ("H100 x8", 79.19),
    ],
)
def test_cards_whose_memory_was_seen(name: str, memory_gib: float) -> None:
    card = find_card(name)
    assert card is not None
    assert (card.memory_gib, card.listed) == (memory_gib, True)


@pytest.mark.parametrize(
    ("name", "memory_gib"),
    [
        ("NVIDIA-H100-64GB-HBM2", 63.04),
        ("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", 9.5),
        ("Tesla-V100-SXM2-32GB", 31.52),
        ("NVIDIA-H200-MIG-1g.18gb", 16.0),
        ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb-SHARED", 9.5),
        ("A100 80GB MIG 20GB", 19.0),
        ("Tesla-V100S-PCIE-32GB", 31.52),
        ("NVIDIA-GeForce-RTX-3060-Ti", 7.84),
        ("NVIDIA-GeForce-RTX-3060", 11.76),
        ("NVIDIA-GeForce-RTX-3070-Ti", 7.84),
        ("RTX 3080 12GB", 11.76),
        ("NVIDIA-GeForce-RTX-3090-Ti", 23.52),
        ("NVIDIA-GeForce-RTX-4070-Ti", 11.76),
        ("NVIDIA-GeForce-RTX-4070-SUPER", 11.76),
        ("RTX 4060 Ti 16GB", 15.68),
        ("RTX 5060 Ti 8GB", 7.84),
        ("NVIDIA-GeForce-RTX-5070-Ti", 15.68),
        ("NVIDIA-GeForce-RTX-5070", 11.76),
        ("NVIDIA-GeForce-RTX-5090-D-v2", 23.52),
        ("NVIDIA-GeForce-RTX-2080-Ti", 10.78),
        ("RTX 2060 SUPER", 7.84),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 15.68),
        ("NVIDIA-GeForce-RTX-5090-Laptop-GPU", 23.52),
        ("RTX 3080 Laptop GPU 16GB", 15.68),
        ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", 15.68),
        ("NVIDIA GeForce RTX 2080 Super with Max-Q Design", 7.84),
        ("NVIDIA RTX A5000 Laptop GPU", 15.68),
        ("NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU", 23.52),
        ("NVIDIA-RTX-A4500", 19.6),
        ("NVIDIA-RTX-A5500", 23.52),
        ("NVIDIA-RTX-A2000-12GB", 11.76),
        ("NVIDIA RTX A1000 8GB", 7.84),
        ("Quadro-RTX-6000", 23.52),
        ("NVIDIA-RTX-5000-Ada-Generation", 31.36),
        ("NVIDIA-RTX-4500-Ada-Generation", 23.52),
        ("NVIDIA-RTX-4000-SFF-Ada-Generation", 19.6),
        ("NVIDIA-RTX-2000-Ada-Generation-SHARED", 15.68),
        ("NVIDIA-RTX-PRO-5000-Blackwell", 47.04),
        ("NVIDIA-RTX-PRO-5000-72GB-Blackwell", 70.56),
        ("NVIDIA-RTX-PRO-4500-Blackwell", 31.36),
        ("NVIDIA-RTX-PRO-4000-Blackwell", 23.52),
        ("NVIDIA-L2", 22.08),
        ("NVIDIA-L40G", 22.03),
        ("NVIDIA-A16", 14.72),
        ("NVIDIA-A2", 14.72),
        ("Tesla-P40", 22.08),
        ("A800 40GB", 39.4),
        ("AMD_Instinct_MI300A", 127.98),
        ("AMD_Instinct_MI308X", 191.98),
        ("AMD Instinct MI100", 32.0),
        ("AMD Radeon RX 7900 XT", 20.0),
        ("AMD Radeon RX 9070 XT", 16.0),
        ("AMD_Radeon_AI_PRO_R9700", 32.0),
        ("AMD Radeon PRO W7800", 32.0),
        ("AMD Radeon PRO W7800 48GB", 48.0),
        ("AMD Radeon PRO W7900", 48.0),
        ("AMD_Instinct_MI325_OAM", 255.97),
        ("RTX5070Ti-16GB + RTX5090-32GB", 15.68),
        ("some 24 GB card", 23.64),
    ],
)
def test_other_cards_follow_from_their_catalogue_size(name: str, memory_gib: float) -> None:
    card = find_card(name)
    assert card is not None
    assert (card.memory_gib, card.listed) == (memory_gib, False)


@pytest.mark.parametrize(
    "name",
    [
        "", "a card", "L4 + a card", "-", "GB", "GTX Laptop", "A30X", "A10M",
        "RTX 6000", "GTX 1650 Mobile", "NVIDIA-A100-SXM4-80GB-MIG-INVALID", "GRID A100-20C",
        "NVIDIA A40-48Q", "RTX 4090 Ti", "T400", "RTX 1000",
    ],
)  # fmt: skip
def test_a_name_that_says_nothing_is_no_card(name: str) -> None:
    assert find_card(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 3080 Laptop GPU", "NVIDIA-GeForce-RTX-4060-Ti", "RTX 5060 Ti",
        "Tesla V100", "NVIDIA-RTX-A2000", "AMD Radeon RX 9060 XT", "RTX 4060 Ti + L4",
    ],
)  # fmt: skip
def test_a_card_of_several_sizes_has_none(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert card.memory_gib == 0
    plan = memory_plan({"config": CONFIGS["llama"], "gpu": {"product": name}})
    assert (plan["confidence"], plan["per_gpu"]["total_gib"]) == ("unknown", None)
    plan = memory_plan({"config": CONFIGS["llama"], "gpu": {"product": name, "memory_gib": 16}})
    assert plan["per_gpu"]["total_gib"] == 16


@pytest.mark.parametrize("name", ["AMD_Instinct_MI300X_OAM", "MI355X", "AMD Radeon RX 7900 XTX"])
def test_cards_of_amd_are_told_apart(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert card.family == "amd"


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GB10", "Jetson AGX Orin 64GB", "Jetson Thor", "Orin (nvgpu)", "Jetson AGX Xavier",
        "AMD_Radeon_8060S_Graphics", "AMD_Instinct_MI300A",
    ],
)  # fmt: skip
def test_memory_shared_with_the_host_is_told(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert card.unified
    assert not card.coherent


@pytest.mark.parametrize(
    ("name", "memory_gib", "family"),
    [
        ("NVIDIA-GH200-480GB", 94.5, "hopper"),
        ("NVIDIA GH200 120GB", 94.5, "hopper"),
        ("GH200-96GB", 94.5, "hopper"),
        ("NVIDIA GH200 144G HBM3e", 142.5, "hopper"),
        ("GH200-144GB", 142.5, "hopper"),
        ("NVIDIA-GB200", 184.0, "blackwell"),
        ("NVIDIA-GB300", 276.6, "blackwell"),
    ],
)
def test_superchips_have_memory_of_their_own(name: str, memory_gib: float, family: str) -> None:
    card = find_card(name)
    assert card is not None
    assert (card.memory_gib, card.family) == (memory_gib, family)
    assert card.coherent
    assert not card.unified


@pytest.mark.parametrize("name", ["NVIDIA-H200", "NVIDIA-B300-SXM6-AC", "NVIDIA-B200"])
def test_cards_of_usual_hosts_are_no_superchips(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert not card.coherent


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("Tesla-V100-SXM2-32GB", 70),
        ("Tesla-T4", 75),
        ("RTX 2080 Ti 22GB", 75),
        ("Quadro-RTX-5000", 75),
        ("NVIDIA TITAN RTX", 75),
        ("NVIDIA-RTX-5000-Ada-Generation", 89),
        ("NVIDIA-RTX-4000-SFF-Ada-Generation", 89),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 89),
        ("NVIDIA-A100-SXM4-40GB", 80),
        ("A100 80GB", 80),
        ("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", 80),
        ("NVIDIA-A10", 86),
        ("A10 24GB", 86),
        ("A10G-24GB", 86),
        ("NVIDIA-A40", 86),
        ("NVIDIA-RTX-A6000", 86),
        ("NVIDIA-GeForce-RTX-3090", 86),
        ("Jetson AGX Orin 64GB", 87),
        ("NVIDIA-L4", 89),
        ("L4 24GB", 89),
        ("NVIDIA-L40S", 89),
        ("NVIDIA-GeForce-RTX-4090", 89),
        ("NVIDIA-RTX-6000-Ada-Generation", 89),
        ("NVIDIA-H100-80GB-HBM3", 90),
        ("NVIDIA-H20", 90),
        ("NVIDIA-GH200-480GB", 90),
        ("NVIDIA GH200 144G HBM3e", 90),
        ("NVIDIA-B200", 100),
        ("NVIDIA-GB300", 100),
        ("NVIDIA-GeForce-RTX-5090", 120),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", 120),
        ("RTX 6000 PRO", 120),
        ("NVIDIA GB10", 121),
        ("RTX4090-24GB + A100-80GB", 80),
        ("RTX4090-24GB + some 80 GB card", 0),
        ("AMD_Instinct_MI300X_OAM", 0),
        ("some 24 GB card", 0),
    ],
)
def test_the_name_tells_the_compute_capability(name: str, capability: int) -> None:
    card = find_card(name)
    assert card is not None
    assert card.capability == capability
