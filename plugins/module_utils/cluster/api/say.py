# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""How progress reaches the user."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
