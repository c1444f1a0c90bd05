# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The GPU that a model's pods will get, read from the nodes that take them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ...spec.model import GPU_RESOURCES, Gpu
from ..api.objects import Object
from .gpu_labels import NodeCard, in_ascii, read_card
from .node_names import nodes_in_words
from .placement import is_open, untolerated

if TYPE_CHECKING:
    from ...spec.model import Model

_LABELLERS = {"nvidia": "GPU feature discovery", "amd": "the AMD node labeller"}
_GIVE = "give gpu.product or gpu.memory_gib"
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class NodeGpu:
    """The GPU that a model's pods will get, read from the nodes that take them.

    ``gpu``: product (the label), memory in GiB as the driver reports it, and the number of GPUs on
    the largest node that has it; None for what the nodes do not say. ``notes``: whole sentences
    for the user, on where it was read and what to beware of.
    """

    gpu: Gpu
    notes: tuple[str, ...]


def needs_nodes(model: Model) -> bool:
    """Tell whether the nodes have to be asked for the model's GPU."""
    return model.accelerator != "cpu" and not (model.gpu.product or model.gpu.memory_gib)


def find_gpu(nodes: Sequence[Object], model: Model) -> NodeGpu | None:
    """Read the GPU of a model from ``nodes``, Node objects as the API server lists them.

    Of several cards that the pods may get, the one with the least memory counts. None: no node
    that takes the model's pods says anything about GPUs of its accelerator.
    """
    resource = GPU_RESOURCES.get(model.accelerator)
    if resource is None:
        return None
    cards, taint_notes = _cards(nodes, model, resource)
    if not cards:
        return None
    offered = [card for card in cards if card.is_offered]
    able, lack_notes = _large_enough(offered, model.gpus_per_pod, resource)
    known = [card for card in able if card.size_gib is not None]
    chosen = min(known, key=lambda card: card.size_gib or 0.0) if known else None
    notes = [
        *_notes_on_cards(known, chosen),
        *_notes_on_unknown([card for card in able if card.size_gib is None], model, resource),
        *_notes_on_remarks(able or cards),
        *taint_notes,
        *lack_notes,
    ]
    return NodeGpu(_gpu(chosen, able), tuple(notes))


def _cards(
    nodes: Sequence[Object], model: Model, resource: str
) -> tuple[list[NodeCard], list[str]]:
    """Read the nodes that take the pods.

    When there are none, those count that only the taint named like the resource protects: an
    admission plugin (ExtendedResourceToleration) may add the toleration, and the card is the same.
    """
    if model.node_name:  # the scheduler is not asked
        named = [node for node in nodes if node["metadata"]["name"] == model.node_name]
        return _read(named, resource), []
    open_nodes = [(node, untolerated(node, model)) for node in nodes if is_open(node, model)]
    cards = _read([node for node, taints in open_nodes if not taints], resource)
    if any(card.is_offered for card in cards):
        return cards, []
    usual = [node for node, taints in open_nodes if taints and _are_usual(taints, resource)]
    guarded = _read(usual, resource)
    note = (
        f"the taint {resource} keeps the model's pods off, for its tolerations do not cover it; "
        "they run there only if the cluster adds one (ExtendedResourceToleration)"
    )
    return cards + guarded, [f"{_where(guarded)}: {note}."] if guarded else []


def _are_usual(taints: list[Object], resource: str) -> bool:
    return all((t.get("key"), t.get("effect")) == (resource, "NoSchedule") for t in taints)


def _read(nodes: Sequence[Object], resource: str) -> list[NodeCard]:
    found = [read_card(node, resource) for node in nodes]
    return [card for card in found if card is not None]


def _large_enough(
    cards: list[NodeCard], wanted: int, resource: str
) -> tuple[list[NodeCard], list[str]]:
    """Return the nodes with enough GPUs for a pod; all, and why, when none has."""
    enough = [card for card in cards if (card.slots or 0) >= wanted]
    if enough or not cards:
        return enough, []
    most = max(card.slots or 0 for card in cards)
    if most == 0:
        reason = f"No node that takes the pods offers {resource} now: is the device plugin running?"
    else:
        reason = (
            f"No node has {wanted} GPUs, which one pod asks for; the largest has {most}. The pod "
            "waits until a larger node is added."
        )
    return cards, [reason]


def _gpu(chosen: NodeCard | None, able: list[NodeCard]) -> Gpu:
    """Return the chosen card, and the most of it on one node."""
    like = [card for card in able if chosen is None or _kind(card) == _kind(chosen)]
    count = max((card.count or 0 for card in like), default=0) or None
    if chosen is None:
        return Gpu(product=_only_product(able), memory_gib=None, count=count)
    return Gpu(product=chosen.product, memory_gib=chosen.memory_gib, count=count)


def _only_product(cards: list[NodeCard]) -> str | None:
    products = {card.product for card in cards}
    return products.pop() if len(products) == 1 else None


def _kind(card: NodeCard) -> tuple[str, float]:
    return card.product or "", card.size_gib or 0.0


def _notes_on_cards(known: list[NodeCard], chosen: NodeCard | None) -> list[str]:
    """One sentence for each kind of card, and one on the choice between several."""
    groups = _grouped(known, lambda card: (*_kind(card), card.source))
    notes = [
        f"{_where(cards)}: {in_ascii(product or 'GPU')}, {size:g} GiB each by {source}."
        for (product, size, source), cards in sorted(groups.items())
    ]
    kinds = {_kind(card) for card in known}
    if chosen is not None and len(kinds) > 1:
        notes.append(
            f"The pods may get {len(kinds)} different cards; the plan is for the smallest, "
            f"{in_ascii(chosen.product or 'GPU')}. node_selector picks one."
        )
    return notes


def _notes_on_unknown(cards: list[NodeCard], model: Model, resource: str) -> list[str]:
    """One sentence on the nodes whose GPUs are not known."""
    if not cards:
        return []
    fix = f"Install {_LABELLERS[model.accelerator]}, or {_GIVE}."
    return [f"{_where(cards)}: GPUs ({resource}) whose memory no label tells. {fix}"]


def _notes_on_remarks(cards: list[NodeCard]) -> list[str]:
    """The remarks of all nodes, each once."""
    remarks = [(remark, card) for card in cards for remark in card.remarks]
    groups = _grouped(remarks, lambda entry: entry[0])
    return [
        f"{_where([card for remark, card in entries])}: {text}."
        for text, entries in sorted(groups.items())
    ]


_Entry = TypeVar("_Entry")


def _grouped(entries: Sequence[_Entry], key: Callable[[_Entry], _Key]) -> dict[_Key, list[_Entry]]:
    groups: dict[_Key, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _where(cards: Sequence[NodeCard]) -> str:
    return nodes_in_words(card.node for card in cards)
