# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Cards and the memory that the driver reports for them, which is less than the catalogue says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Card:
    """One GPU: ``memory_gib`` as the driver reports it.

    ``listed``: a figure that was seen; otherwise it follows from the catalogue size.
    ``unified``: memory shared with the host, where free memory is the operating system's matter.
    ``coherent``: memory of its own that the operating system may also use.
    ``family``: ``hopper``, ``blackwell``, ``ampere`` (data center), ``amd`` or ``other``.
    ``capability``: NVIDIA's compute capability times ten; 0 where it is not known.
    """

    memory_gib: float
    family: str = "other"
    listed: bool = True
    unified: bool = False
    coherent: bool = False
    capability: int = 0


# Names without blanks and signs (regular expressions), the longer ones first where one holds the
# other. Seen in start-up logs, in what torch reports on Linux, and in nvidia-smi (an L20 has the
# MiB of an L40S); the lower figure where several were seen.
_CARDS: tuple[tuple[str, Card], ...] = (
    ("H2003E", Card(139.72, "hopper")),
    ("H203E", Card(139.72, "hopper")),
    ("H20141", Card(139.72, "hopper")),
    ("GH200144", Card(142.5, "hopper")),
    ("GH200", Card(94.5, "hopper")),
    ("H200", Card(139.80, "hopper")),
    ("H20", Card(95.33, "hopper")),
    ("H100NVL", Card(93.1, "hopper")),
    ("H100", Card(79.19, "hopper")),
    ("H800", Card(79.19, "hopper")),
    ("A10040", Card(39.50, "ampere")),
    ("A100PCIE40", Card(39.50, "ampere")),
    ("A100SXM440", Card(39.50, "ampere")),
    ("A100", Card(79.14, "ampere")),
    ("A800", Card(79.14, "ampere")),
    ("GB10", Card(121.69, "blackwell", unified=True)),
    ("GB300", Card(276.6, "blackwell", listed=False)),
    ("B300", Card(267.69, "blackwell")),
    ("GB200", Card(184.0, "blackwell", listed=False)),
    ("B200", Card(178.35, "blackwell")),
    ("RTX(?:PRO6000|6000PRO)", Card(94.97)),
    ("RTX6000ADA", Card(47.36)),
    ("RTX8000", Card(47.25)),
    ("RTXA6000", Card(47.5)),
    ("A6000", Card(47.5)),
    ("A5000", Card(23.67)),
    ("A4000", Card(15.61)),
    ("L40S", Card(44.39)),
    ("L40G", Card(22.03, listed=False)),
    ("L40", Card(44.39)),
    ("L20", Card(44.39)),
    ("A40", Card(44.40)),
    ("A30", Card(23.53)),
    ("A10G", Card(22.06)),
    ("L4", Card(22.03)),
    ("T4G?", Card(14.56)),
    ("P100", Card(15.88)),
    ("TITANRTX", Card(23.64)),
    ("2080TI22", Card(21.48)),
    ("RTX3080TI", Card(11.63)),
    ("RTX3070", Card(7.57)),
    ("RTX4080SUPER", Card(15.57)),
    ("RTX4070TISUPER", Card(15.69)),
    ("RTX5080", Card(15.46)),
    ("RTX3090", Card(23.58)),
    ("RTX4090D?", Card(23.53)),
    ("RTX5090DV2", Card(23.52, listed=False)),
    ("RTX5090D?", Card(31.36)),
    ("RTX4060", Card(8.00)),
    ("7900XTX", Card(23.98, "amd")),
    ("MI300X", Card(191.98, "amd")),
    ("MI300A", Card(127.98, "amd", unified=True, listed=False)),
    ("MI250X?", Card(63.98, "amd")),
    ("MI210", Card(63.98, "amd")),
    ("JETSON", Card(0.0, unified=True, listed=False)),
    ("ORIN", Card(0.0, unified=True, listed=False)),
    ("THOR", Card(0.0, unified=True, listed=False)),
    ("XAVIER", Card(0.0, unified=True, listed=False)),
    ("80[456]0S|[78][689]0M", Card(0.0, "amd", unified=True, listed=False)),
)
# Compute capability times ten, by words of a name; the first match decides.
_CAPABILITIES = (
    (r"GB10", 121), (r"RTXPRO\d+|RTX6000PRO|RTX50[5-9]0", 120), (r"THOR", 110),
    (r"GB[23]00|B[23]00", 100), (r"GH200(?:144)?|H[128]00|H20|H2003E|H203E", 90),
    (r"RTX\d{4}(?:SFF|E)?ADA|RTX40[5-9]0|L40[SG]?|L20|L2|L4", 89), (r"ORIN", 87),
    (r"A[18]00|A30", 80),
    (r"RTX30\d\d|A10[GM]?|A16|A2|A40|A2000|A3000|A4000|A4500|A5000|A5500|A6000", 86),
    (r"RTX20\d\d|2080TI(?:22)?|TITANRTX|RTX[4568]000|T4G?", 75),
    (r"V100S?", 70), (r"P40", 61), (r"P100", 60),
)  # fmt: skip
# A Grace CPU and a GPU with memory of its own; the size beside the name is often the CPU's.
_SUPERCHIPS = ("GH200", "GB200", "GB300")
_GEFORCE, _HBM, _ECC, _AMD, _SLICE = 0.98, 0.985, 0.92, 0.9999, 0.95
# Cards without a seen figure: the share that the driver reports, and catalogue sizes in GB; 0 where
# cards of one name have several, so that the name says nothing.
_CATALOGUE: tuple[tuple[float, str, dict[str, int]], ...] = (
    (_GEFORCE, "other", {
        "RTX2060": 6, "RTX2060SUPER": 8, "RTX2070(?:SUPER)?": 8, "RTX2080(?:SUPER)?": 8,
        "2080TI": 11, "RTX3050": 8, "RTX3060": 12, "RTX3060TI": 8, "RTX3070TI": 8, "RTX3080": 10,
        "RTX3090TI": 24, "RTX4060TI": 0, "RTX4070(?:SUPER|TI)?": 12, "RTX4080": 16,
        "RTX5050": 8, "RTX5060": 8, "RTX5060TI": 0, "RTX5070": 12, "RTX5070TI": 16,
        "QUADRORTX6000": 24, "QUADRORTX5000": 16, "QUADRORTX4000": 8,
        "A2000": 0, "A4500": 20, "A5500": 24, "RTX2000E?ADA": 16, "RTX4000(?:SFF)?ADA": 20,
        "RTX4500ADA": 24, "RTX5000ADA": 32, "RTX5880ADA": 48, "RTXPRO2000": 16,
        "RTXPRO4000": 24, "RTXPRO4500": 32, "RTXPRO5000": 48,
    }),
    (_HBM, "other", {"V100S?": 0}),
    (_ECC, "other", {"A10": 24, "A16": 16, "A2": 16, "L2": 24, "P40": 24}),
    (_AMD, "amd", {
        "MI355X": 288, "MI350X": 288, "MI325X?": 256, "MI308X": 192, "MI100": 32, "W7900": 48,
        "W7800": 32, "R9700": 32, "RX7900XT": 20, "RX7900GRE": 16, "RX9070(?:XT)?": 16,
        "RX9070GRE": 12, "RX9060XT": 0,
    }),
)  # fmt: skip
# The same for cards of portable computers, which have less memory than others of their name.
_PORTABLE = r"LAPTOP|MOBILE|MAXQ"
_LAPTOPS: tuple[tuple[float, str, dict[str, int]], ...] = (
    (_GEFORCE, "other", {
        "RTX2060": 6, "RTX2070(?:SUPER)?": 8, "RTX2080(?:SUPER)?": 8, "RTX3050": 0,
        "RTX3050TI": 4, "RTX3060": 6, "RTX3070(?:TI)?": 8, "RTX3080": 0, "RTX3080TI": 16,
        "RTX4050": 6, "RTX4060": 8, "RTX4070": 8, "RTX4080": 12, "RTX4090": 16, "RTX5050": 8,
        "RTX5060": 8, "RTX5070": 8, "RTX5070TI": 12, "RTX5080": 16, "RTX5090": 24,
        "A2000": 0, "A3000": 0, "A4000": 8, "A4500": 16, "A5000": 16, "A5500": 16,
        "RTX2000ADA": 8, "RTX3000ADA": 8, "RTX3500ADA": 12, "RTX4000ADA": 12, "RTX5000ADA": 16,
        "RTXPRO2000": 8, "RTXPRO3000": 12, "RTXPRO4000": 16, "RTXPRO5000": 24,
    }),
)  # fmt: skip
# What makes another card of a name: RTX 4070 Ti SUPER, RTX 4090 D, L40S, A30X, RX 7900 XTX.
_VARIANT = r"TI|SUPER|XT|GRE|[DMS](?![A-Z])|X(?![A-Z\d])"
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
    smallest = min(known, key=lambda card: card.memory_gib)
    return replace(smallest, capability=min(card.capability for card in known))


def _find_one(product: str) -> Card | None:
    name = re.sub(r"[^A-Z0-9]", "", product.upper())
    card = _find_memory(name, product) if name else None
    if card is None or card.family == "amd":
        return card
    found = (number for key, number in _CAPABILITIES if _has(name, f"(?:{key})"))
    coherent = any(word in name for word in _SUPERCHIPS)
    return replace(card, capability=next(found, 0), coherent=coherent)


def _find_memory(name: str, product: str) -> Card | None:
    """``name``: the product in capitals, without blanks and signs."""
    if "MIG" in name:
        return _find_slice(product)
    written = re.findall(r"(\d+(?:\.\d+)?)\s*GB", product, re.IGNORECASE)
    size = float(written[-1]) if written else None
    portable = re.search(_PORTABLE, name) is not None and "RTXPRO6000" not in name
    name = re.sub(_PORTABLE, "", name)
    for key, card in () if portable else _CARDS:
        if _is_card(name, key) and (key.startswith(_SUPERCHIPS) or _is_about(card, size)):
            return card
    for share, family, sizes in _LAPTOPS if portable else _CATALOGUE:
        found = next((gb for key, gb in sizes.items() if _is_card(name, key)), None)
        if found is not None:
            return Card(round((size or found) * share, 2), family, listed=False)
    share = _share(name)
    family = "hopper" if name.startswith(("H20", "NVIDIAH20")) else "other"
    family = "amd" if share == _AMD else family
    return None if not size else Card(round(size * share, 2), family, listed=False)


def _find_slice(product: str) -> Card | None:
    """A part of a card that its name tells in GB: 1g.10gb of an A100 has 9.50 GiB."""
    found = re.search(r"[1-7]g\.(\d+)gb|MIG[\W_]*(\d+) *GB", product, re.IGNORECASE)
    if found is None:
        return None
    size = int(found[1] or found[2])
    # An eighth of an H200 has less than its name says.
    return Card(16.0 if size == 18 else round(size * _SLICE, 2), listed=False)


def _is_about(card: Card, size: float | None) -> bool:
    """Whether a size (GB) in a name may be this card's: there is an H100 with 64 GB, too.

    A size beside unified memory is the host's part of it.
    """
    return size is None or card.unified or abs(size - card.memory_gib) <= 0.15 * size


def _has(name: str, key: str) -> bool:
    """Whether the name holds the key, not as a part of a longer number (L4 in L40)."""
    return re.search(rf"(?<![0-9]){key}(?!\d)|^NVIDIA{key}(?!\d)|{key}(?=\d+GB)", name) is not None


def _is_card(name: str, key: str) -> bool:
    """Whether the name is the key's card and no variant of it; a size may follow directly."""
    end = rf"(?=[1-9]\d{{0,2}}GB)|(?!\d|{_VARIANT})"
    return re.search(rf"(?<!\d)(?:{key})(?:{end})", name) is not None


def _share(name: str) -> float:
    if re.search(r"MI\d\d\d|W7900|RADEON|RX\d\d\d\d(?!\d)", name) and "RTX" not in name:
        return _AMD
    if re.search(r"RTX|GTX|GEFORCE", name):
        return _GEFORCE
    if re.search(r"B100|A10G|A10$|L20|L4|T4|A2$", name):
        return _ECC
    return _HBM
