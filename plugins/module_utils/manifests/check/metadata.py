# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Metadata, labels and selectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...findings import shown
from . import forms
from .forms import Form
from .values import (
    MAPPINGS,
    Notes,
    Reader,
    Together,
    at,
    list_at,
    list_of,
    mapping_at,
    mappings_at,
    named,
    one_of,
    required,
    struct,
    text_at,
    texts,
    type_name,
    wrong_type,
)

ANNOTATION_BYTES = 256 * 1024
# The most bytes that one character takes.
_WIDEST = 4

subdomain = named(forms.subdomain, forms.SUBDOMAIN)
dns_label = named(forms.label, forms.LABEL)
data_key = named(forms.data_key, forms.DATA_KEY)
label_key = named(forms.key, forms.KEY, rule="wrong_label")


def label_map(value: Any, path: str, notes: Notes) -> None:
    """A mapping of labels."""
    if not isinstance(value, MAPPINGS):
        wrong_type(notes, path, value, "a mapping", "wrong_label")
        return
    for key, entry in value.items():
        _key(key, path, notes, forms.key, "wrong_label")
        if isinstance(entry, str):
            wrong = forms.label_value(entry)
            if wrong:
                cause = f"{shown(entry)} {wrong}"
                notes.add("wrong_label", at(path, key), cause, f"give {forms.LABEL_VALUE}")
        elif entry is not None:
            _not_text(entry, at(path, key), notes, "wrong_label")


def _key(key: Any, path: str, notes: Notes, form: Form, rule: str) -> None:
    if not isinstance(key, str):
        notes.add(rule, at(path, key), f"the key is {type_name(key)}", "put the key in quotes")
        return
    wrong = form(key)
    if wrong:
        notes.add(rule, at(path, key), f"the key {shown(key)} {wrong}", f"give {forms.KEY}")


def _not_text(value: Any, path: str, notes: Notes, rule: str) -> None:
    if isinstance(value, int | float):
        notes.add(rule, path, f"{shown(value)} is {type_name(value)}", "put it in quotes")
    else:
        wrong_type(notes, path, value, "a text", rule)


def annotation_map(value: Any, path: str, notes: Notes) -> None:
    """A mapping of annotations, whose values are any text."""
    if not isinstance(value, MAPPINGS):
        wrong_type(notes, path, value, "a mapping", "wrong_annotation")
        return
    size = 0
    for key, entry in value.items():
        _key(key, path, notes, forms.annotation_key, "wrong_annotation")
        size += len(key) if isinstance(key, str) else 0
        if isinstance(entry, str):
            size += len(entry)
        elif entry is not None:
            _not_text(entry, at(path, key), notes, "wrong_annotation")
    if size * _WIDEST > ANNOTATION_BYTES:
        words = [word for pair in value.items() for word in pair if isinstance(word, str)]
        size = sum(len(word.encode("utf-8", "surrogatepass")) for word in words)
        if size > ANNOTATION_BYTES:
            cause = f"has {size} bytes in all"
            notes.add("wrong_annotation", path, cause, f"give at most {ANNOTATION_BYTES}")


# What the metadata of an object and of a pod's template share.
METADATA: dict[str, Reader] = {"labels": label_map, "annotations": annotation_map}
template_metadata = struct(METADATA)


def _expression(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    operator, values = value.get("operator"), value.get("values")
    if operator in ("In", "NotIn") and not values:
        notes.add("missing_key", f"{path}.values", "is missing", f"{operator} needs a value")
    if operator in ("Exists", "DoesNotExist") and values:
        notes.add(
            "contradiction", f"{path}.values", f"{operator} takes no values", "leave them out"
        )


_label_value = named(forms.label_value, forms.LABEL_VALUE, rule="wrong_label")
selector = struct(
    {
        "matchLabels": label_map,
        "matchExpressions": list_of(
            struct(
                {
                    "key": label_key,
                    "operator": one_of("In", "NotIn", "Exists", "DoesNotExist"),
                    "values": list_of(_label_value),
                },
                required("key", "operator"),
                _expression,
            )
        ),
    }
)
node_requirement = struct(
    {
        "key": label_key,
        "operator": one_of("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
        "values": texts,
    },
    required("key", "operator"),
    _expression,
)


def _matches(wanted: Any, found: Mapping[str, Any]) -> bool:
    """Whether labels fit a selector; what is wrong with the selector itself is told elsewhere."""
    return all(
        found.get(key) == (value or "") for key, value in mapping_at(wanted, "matchLabels").items()
    ) and all(_fits(entry, found) for _index, entry in mappings_at(wanted, "matchExpressions"))


def _fits(expression: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    key, operator = text_at(expression, "key"), text_at(expression, "operator")
    value, values = found.get(key), list_at(expression, "values")
    fits = {
        "In": value in values,
        "NotIn": value is None or value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return fits.get(operator, True)


def selects_template(*, is_needed: bool = True) -> Together:
    """The selector of a workload is there and fits the labels of its pods."""

    def check(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
        wanted = mapping_at(spec, "selector")
        if not any(wanted.get(key) for key in ("matchLabels", "matchExpressions")):
            if is_needed:
                fix = "give spec.selector.matchLabels, some of the labels of the template"
                notes.add("missing_key", f"{path}.selector", "selects nothing", fix)
            return
        if not _matches(wanted, mapping_at(spec, "template", "metadata", "labels")):
            cause = "the selector of the object does not fit them"
            fix = "give the template every label that the selector names"
            notes.add("selector_mismatch", f"{path}.template.metadata.labels", cause, fix)

    return check
