# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Elements of a page. Text goes in as text: the serializer escapes it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TypeAlias

Element = ET.Element
Child: TypeAlias = "Element | str | None"


def el(tag: str, *children: Child, **attributes: str | None) -> Element:
    """An element. ``class_`` is ``class``, ``_`` in a name ``-``; what is None is left out."""
    element = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name.rstrip("_").replace("_", "-"), value)
    return add(element, children)


def add(element: Element, children: Iterable[Child]) -> Element:
    """Append elements and texts in their order; return the element."""
    for child in children:
        if child is None:
            continue
        if not isinstance(child, str):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + child
        else:
            element.text = (element.text or "") + child
    return element


def serialize(root: Element) -> str:
    """The element as an HTML5 document."""
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}\n"
