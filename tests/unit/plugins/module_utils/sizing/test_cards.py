# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Names of cards, as labels, data sheets and people write them."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.cards import find_card


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
        ("NVIDIA-RTX-6000-Ada-Generation", 47.04),
        ("AMD_Instinct_MI325_OAM", 255.97),
        ("RTX5070Ti-16GB + RTX5090-32GB", 15.68),
        ("some 24 GB card", 23.64),
    ],
)
def test_other_cards_follow_from_their_catalogue_size(name: str, memory_gib: float) -> None:
    card = find_card(name)
    assert card is not None
    assert (card.memory_gib, card.listed) == (memory_gib, False)


@pytest.mark.parametrize("name", ["", "a card", "L4 + a card", "-", "GB"])
def test_a_name_that_says_nothing_is_no_card(name: str) -> None:
    assert find_card(name) is None


@pytest.mark.parametrize("name", ["AMD_Instinct_MI300X_OAM", "MI355X", "AMD Radeon RX 7900 XTX"])
def test_cards_of_amd_are_told_apart(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert card.family == "amd"


@pytest.mark.parametrize("name", ["NVIDIA-GH200-480GB", "NVIDIA GB10", "Jetson AGX Orin 64GB"])
def test_memory_shared_with_the_host_is_told(name: str) -> None:
    card = find_card(name)
    assert card is not None
    assert card.unified
