# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Values that came through Ansible."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.plain import to_plain
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError


def test_values_without_a_json_form_are_refused() -> None:
    with pytest.raises(FindingsError, match="no form"):
        to_plain({"a": {1, 2}}, subject="objects")
