# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the labels and the capacity of one node say about its GPUs.

Label formats: NVIDIA/k8s-device-plugin 0.20, ``internal/lm/resource.go`` and ``mig-strategy.go``
(GPU feature discovery); ROCm/k8s-device-plugin 1.31, ``cmd/k8s-node-labeller/main.go``.
Labels can be written by hand, so each value is checked; what is not understood becomes a remark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...sizing.cards import find_card
from ...units import quantity_or_zero
from ..api.objects import Object

NVIDIA, AMD = "nvidia.com/gpu", "amd.com/gpu"
# nvidia-smi counts memory that the driver keeps; torch and vLLM see 0.4 to 0.6 GiB less.
NVIDIA_RESERVE_GIB = 0.5
# torch shows 196592 MiB for an MI300X (label 192G) and 65520 MiB for an MI210 (label 64G).
AMD_RESERVE_GIB = 16 / 1024
# How far a label may be from the table of cards and still mean the same card.
SAME_CARD = 0.02
_LEAST_MIB, _MOST_MIB = 1024, 4 * 1024 * 1024
_MOST_GPUS = 100_000
# The labeller's chart leaves product names out; the ids are those of libdrm's amdgpu.ids.
_AMD_DEVICES = {
    "740f": "AMD_Instinct_MI210",
    "7408": "AMD_Instinct_MI250X",
    "740c": "AMD_Instinct_MI250X",
    "74a0": "AMD_Instinct_MI300A",
    "74a1": "AMD_Instinct_MI300X",
    "74b5": "AMD_Instinct_MI300X_VF",
    "74a2": "AMD_Instinct_MI308X",
    "74a5": "AMD_Instinct_MI325X",
    "74b9": "AMD_Instinct_MI325X_VF",
    "75a0": "AMD_Instinct_MI350X",
    "75a3": "AMD_Instinct_MI355X",
}


@dataclass(frozen=True)
class NodeCard:
    """The GPUs of one node.

    ``slots``: how many its pods can ask for now; None when no device plugin has registered any.
    ``count``: the cards, or MIG slices, behind the slots; several slots may share one.
    ``memory_gib``: of one card, as the driver reports it. ``source`` says where it comes from.
    ``is_offered``: whether a pod that asks for the accelerator's resource gets such a card.
    """

    node: str
    product: str | None = None
    memory_gib: float | None = None
    slots: int | None = None
    count: int | None = None
    source: str = ""
    remarks: tuple[str, ...] = ()
    is_offered: bool = True

    @property
    def size_gib(self) -> float | None:
        """The memory, or what the table of cards has for the product."""
        card = find_card(self.product) if self.product and self.memory_gib is None else None
        return (card.memory_gib or None) if card else self.memory_gib


@dataclass
class _Labels:
    """A node's labels, and the remarks on those that make no sense."""

    values: Mapping[str, Any]
    remarks: list[str] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) and value else None

    def number(self, key: str, least: int, most: int) -> int | None:
        """Return a label that is a whole number from ``least`` to ``most``."""
        value = self.values.get(key)
        if value is None:
            return None
        digits = re.fullmatch(r"[0-9]{1,9}", str(value))
        if digits and least <= int(str(value)) <= most:
            return int(str(value))
        self.remarks.append(f"the label {key}={in_ascii(value)} makes no sense and is not used")
        return None


def read_card(node: Object, resource: str) -> NodeCard | None:
    """Return what a node says about its GPUs; None when it says nothing of this vendor's."""
    labels = _Labels(node["metadata"].get("labels") or {})
    read = _read_nvidia if resource == NVIDIA else _read_amd
    return read(node, labels)


def in_ascii(value: Any) -> str:
    """Return a label's value in a form that fits into a sentence."""
    return re.sub(r"[^\x20-\x7e]", "?", str(value))[:63]


def _read_nvidia(node: Object, labels: _Labels) -> NodeCard | None:
    slots, others = _slots(node, NVIDIA), _other_names(node)
    product = labels.text(f"{NVIDIA}.product")
    if product is None and slots is None and not others and f"{NVIDIA}.memory" not in labels.values:
        return None
    name = str(node["metadata"]["name"])
    if "-MIG-INVALID" in (product or ""):
        labels.remarks.append("its MIG setup is invalid: it has no GPU to give")
        return NodeCard(name, remarks=tuple(labels.remarks), is_offered=False)
    if others and not slots:
        labels.remarks.append(f"it has {' and '.join(others)}, but pods ask for {NVIDIA}")
        return NodeCard(name, remarks=tuple(labels.remarks), is_offered=False)
    replicas = _replicas(labels, product)
    product = re.sub(r"-SHARED$", "", product) if product else None
    memory, source = _nvidia_memory(labels, product)
    if memory is None and "-MIG-" in (product or ""):
        product = None  # the table of cards would take the slice for the whole card
    count = _nvidia_count(labels, slots, replicas)
    return NodeCard(name, product, memory, slots, count, source, tuple(labels.remarks))


def _nvidia_memory(labels: _Labels, product: str | None) -> tuple[float | None, str]:
    """Return the memory of one card, or MIG slice, in GiB, and its source in words."""
    key = f"{NVIDIA}.memory"
    mib = labels.number(key, _LEAST_MIB, _MOST_MIB)
    if mib is None:
        return None, "the table of cards"
    if "-MIG-" in (product or ""):
        # NVML's size of a slice is what torch shows: 9728 MiB for 1g.10gb of an A100.
        return round(mib / 1024, 2), f"the label {key}={mib} (MiB) of a MIG slice"
    return _as_driver(labels, product, mib / 1024, NVIDIA_RESERVE_GIB, f"{key}={mib} (MiB)")


def _as_driver(
    labels: _Labels, product: str | None, gib: float, reserve: float, label: str
) -> tuple[float, str]:
    """Take the seen figure of a known card when the label agrees with it, else the label's.

    Old NVIDIA drivers leave their own share out of the label (a T4: 15109 MiB, later 15360), so
    the label counts as it is and less the reserve.
    """
    card = find_card(product) if product else None
    less = gib - reserve
    if card is None or not card.listed or not card.memory_gib:
        return round(less, 2), f"the label {label} less what the driver keeps"
    difference = min(abs(gib - card.memory_gib), abs(less - card.memory_gib))
    if difference <= SAME_CARD * card.memory_gib:
        return card.memory_gib, f"the label {label} and the table of cards"
    labels.remarks.append(
        f"the label {label} does not fit {in_ascii(product)}, for which the table of cards has "
        f"{card.memory_gib:g} GiB; the label counts"
    )
    return round(less, 2), f"the label {label} less what the driver keeps"


def _replicas(labels: _Labels, product: str | None) -> int:
    """Return how many slots share one card, with a remark when they do."""
    replicas = labels.number(f"{NVIDIA}.replicas", 0, _MOST_GPUS) or 1
    way = in_ascii(labels.text(f"{NVIDIA}.sharing-strategy") or "time-slicing")
    if replicas > 1:
        limit = "each may use that part" if way == "mps" else "nothing keeps them apart"
        share = int(1000 / replicas) / 1000
        labels.remarks.append(
            f"its cards are shared ({way}): up to {replicas} pods on one card and its memory, "
            f"{limit}; all of them fit with a gpu_memory_utilization of {share:g} or less, and a "
            "pod that asks for several GPUs may get one card twice"
        )
    elif (product or "").endswith("-SHARED"):
        labels.remarks.append("its cards are shared by several pods; their memory is too")
    return replicas


def _nvidia_count(labels: _Labels, slots: int | None, replicas: int) -> int | None:
    """Return the number of cards, with a remark when the labels describe only some of them."""
    described = labels.number(f"{NVIDIA}.count", 1, _MOST_GPUS)
    if slots is None:
        return described
    cards = -(-slots // replicas)
    if described is not None and cards > described:
        labels.remarks.append(
            f"it has {cards} GPUs and its labels describe {described}: the others may be smaller"
        )
    return cards or None


def _read_amd(node: Object, labels: _Labels) -> NodeCard | None:
    slots = _slots(node, AMD)
    sizes, products = _amd_values(labels, "vram"), _amd_values(labels, "product-name")
    devices = _amd_values(labels, "device-id")
    if not (sizes or products or devices) and slots is None:
        return None
    product = _amd_product(products, devices)
    memory, source = _amd_memory(labels, sizes, product)
    if memory is not None:
        product = product or "AMD GPU"  # a large card without a name would pass for an H100
    name, remarks = str(node["metadata"]["name"]), tuple(labels.remarks)
    return NodeCard(name, product, memory, slots, slots or None, source, remarks)


def _amd_values(labels: _Labels, kind: str) -> list[str]:
    """Return the values of a kind of label: one, or several on a node with several cards.

    One: ``amd.com/gpu.vram=192G``. Several, and for the old prefix always: the value is a part of
    the key and the number of cards is the value, ``beta.amd.com/gpu.vram.64G=4``.
    """
    for key in (f"{AMD}.{kind}", f"beta.{AMD}.{kind}"):
        value = labels.text(key)
        if value is not None:
            return [value]
        start = f"{key}."
        counted = sorted(k.removeprefix(start) for k in labels.values if k.startswith(start))
        if counted:
            return counted
    return []


def _amd_product(products: list[str], devices: list[str]) -> str | None:
    known = products or [_AMD_DEVICES[device] for device in devices if device in _AMD_DEVICES]
    return known[0] if len(known) == 1 else None


def _amd_memory(labels: _Labels, sizes: list[str], product: str | None) -> tuple[float | None, str]:
    """Return the memory of the node's smallest card in GiB, and its source in words.

    The labeller rounds the driver's figure to whole GiB.
    """
    found = []
    for size in sizes:
        number = re.fullmatch(r"([0-9]{1,4})G", size)
        if number and int(number[1]) > 0:
            found.append(int(number[1]))
        else:
            labels.remarks.append(f"the label for vram, {in_ascii(size)}, makes no sense")
    if not found:
        return None, "the table of cards"
    if len(found) > 1:
        labels.remarks.append(f"its cards differ: {', '.join(f'{s} GiB' for s in sorted(found))}")
    label = f"gpu.vram={min(found)}G"
    return _as_driver(labels, product, float(min(found)), AMD_RESERVE_GIB, label)


def _slots(node: Object, resource: str) -> int | None:
    """Return the allocatable number of a resource; None when the node does not know it."""
    status = node.get("status") or {}
    allocatable, capacity = status.get("allocatable") or {}, status.get("capacity") or {}
    if resource not in allocatable and resource not in capacity:
        return None
    number = quantity_or_zero(allocatable.get(resource, 0))
    return int(number) if 0 <= number <= _MOST_GPUS else 0


def _other_names(node: Object) -> list[str]:
    """Return the resources under which MIG slices and renamed shared cards are offered."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    special = re.compile(r"nvidia\.com/(mig-.+|gpu\.shared)")
    return sorted(name for name in allocatable if special.fullmatch(name) and _slots(node, name))
