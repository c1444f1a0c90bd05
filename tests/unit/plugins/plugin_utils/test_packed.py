# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Lists of objects that go from task to task as one text."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.plugin_utils.packed import pack, unpack

ITEMS: list[dict[str, Any]] = [{"a": "{{ x }}", "b": [1, 2.5, None, True]}, {"c": "ü"}]


def test_what_was_packed_comes_back() -> None:
    assert unpack(pack(ITEMS), "objects") == ITEMS
    assert unpack(ITEMS, "objects") == ITEMS
    assert unpack(ITEMS[0], "objects") == ITEMS[:1]
    assert unpack([], "objects") == unpack("[]", "objects") == []


@pytest.mark.parametrize("value", [7, None, True, "x", "7", "[1]", [1], ["{}"], "[" * 100_000])
def test_what_is_no_list_of_mappings_is_told(value: Any) -> None:
    with pytest.raises(FindingsError, match=r"objects: .* is not a list of mappings"):
        unpack(value, "objects")
