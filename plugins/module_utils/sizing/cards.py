# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Cards and the memory that the driver reports for them, which is less than the catalogue says."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One GPU: ``memory_gib`` as the driver reports it.

    ``listed``: a figure that was seen; otherwise it follows from the catalogue size.
    ``unified``: memory shared with the host, where free memory is the operating system's matter.
    ``family``: ``hopper``, ``blackwell``, ``ampere`` (data center), ``amd`` or ``other``.
    """

    memory_gib: float
    family: str = "other"
    listed: bool = True
    unified: bool = False


# Names without blanks and signs, the longer ones first where one holds the other. Seen in start-up
# logs and nvidia-smi; the lower figure where several were seen.
_CARDS: tuple[tuple[str, Card], ...] = (
    ("H2003E", Card(139.72, "hopper")),
    ("H203E", Card(139.72, "hopper")),
    ("GH200", Card(94.5, "hopper", unified=True)),
    ("H200", Card(139.80, "hopper")),
    ("H100NVL", Card(93.1, "hopper")),
    ("H100", Card(79.19, "hopper")),
    ("H800", Card(79.19, "hopper")),
    ("A10040", Card(39.50, "ampere")),
    ("A100PCIE40", Card(39.50, "ampere")),
    ("A100SXM440", Card(39.50, "ampere")),
    ("A100", Card(79.14, "ampere")),
    ("A800", Card(79.14, "ampere")),
    ("GB10", Card(121.69, "blackwell", unified=True)),
    ("B300", Card(267.69, "blackwell")),
    ("GB200", Card(184.0, "blackwell", listed=False)),
    ("B200", Card(178.35, "blackwell")),
    ("RTXPRO6000", Card(94.97)),
    ("RTXA6000", Card(47.5)),
    ("A6000", Card(47.5)),
    ("L40S", Card(44.39)),
    ("L40", Card(44.39)),
    ("A40", Card(44.40)),
    ("A10G", Card(22.06)),
    ("L4", Card(22.03)),
    ("T4", Card(14.56)),
    ("2080TI22", Card(21.48)),
    ("RTX3090", Card(23.58)),
    ("RTX4090", Card(23.53)),
    ("RTX5090", Card(31.36)),
    ("RTX4060", Card(8.00)),
    ("7900XTX", Card(23.98, "amd")),
    ("MI300X", Card(191.98, "amd")),
    ("MI250", Card(63.98, "amd")),
    ("MI210", Card(63.98, "amd")),
    ("JETSON", Card(0.0, unified=True, listed=False)),
    ("ORIN", Card(0.0, unified=True, listed=False)),
    ("THOR", Card(0.0, unified=True, listed=False)),
)
# Cards without a seen figure: catalogue size in GB.
_CATALOGUE = {
    "MI355X": 288, "MI350X": 288, "MI325": 256, "MI308X": 192, "W7900": 48, "RX7900XT": 20,
    "H20": 96, "V10032": 32, "RTX6000ADA": 48, "RTX8000": 48, "A16": 16,
    "V10016": 16, "RTX3060": 12, "RTX3080": 10, "RTX4080": 16, "RTX5080": 16, "RTX5070TI": 16,
    "RTX4070": 12, "A30": 24, "A10": 24, "A2": 16, "L20": 48,
}  # fmt: skip
_GEFORCE, _HBM, _ECC, _AMD, _SLICE = 0.98, 0.985, 0.92, 0.9999, 0.95
# No card that is sold holds more (MI355X).
LARGEST = Card(288.0, "blackwell")


def find_card(product: str) -> Card | None:
    """The card of a product name or node label; None when the name says nothing.

    Of several cards in one name ("A + B") the smallest counts. A name that is not in the table
    but carries a size in GB counts with the share that its family reports.
    """
    found = [_find_one(part) for part in product.split("+")]
    known = [card for card in found if card is not None]
    if not known or len(known) < len(found):
        return None
    return min(known, key=lambda card: card.memory_gib)


def _find_one(product: str) -> Card | None:
    name = re.sub(r"[^A-Z0-9]", "", product.upper())
    if not name:
        return None
    written = re.findall(r"(\d+(?:\.\d+)?)\s*GB", product, re.IGNORECASE)
    size = float(written[-1]) if written else None
    if "MIG" in name and size:
        # A slice of a card: 1g.10gb of an A100 has 9.50 GiB.
        return Card(round(size * _SLICE, 2), listed=False)
    for key, card in _CARDS:
        if _has(name, key) and _is_about(card, size):
            return card
    size = size or next((gb for key, gb in _CATALOGUE.items() if _has(name, key)), None)
    share = _share(name)
    family = "hopper" if name.startswith(("H20", "NVIDIAH20")) else "other"
    family = "amd" if share == _AMD else family
    return None if not size else Card(round(size * share, 2), family, listed=False)


def _is_about(card: Card, size: float | None) -> bool:
    """Whether a size (GB) in a name may be this card's: there is an H100 with 64 GB, too.

    A size beside unified memory is the host's part of it.
    """
    return size is None or card.unified or abs(size - card.memory_gib) <= 0.15 * size


def _has(name: str, key: str) -> bool:
    """Whether the name holds the key, not as a part of a longer number (L4 in L40)."""
    return re.search(rf"(?<![0-9]){key}(?!\d)|^NVIDIA{key}(?!\d)|{key}(?=\d+GB)", name) is not None


def _share(name: str) -> float:
    if re.search(r"MI\d\d\d|W7900|RADEON|RX\d\d\d\d(?!\d)", name) and "RTX" not in name:
        return _AMD
    if re.search(r"RTX|GTX|GEFORCE", name):
        return _GEFORCE
    if re.search(r"B100|A10G|A10$|L20|L4|T4|A2$", name):
        return _ECC
    return _HBM
