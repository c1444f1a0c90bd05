# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of what all actions of the collection support."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  action:
    support: full
    description: Runs as an action plugin on the controller.
  async:
    support: none
    description: Can run in the background with C(async).
  check_mode:
    description: Predicts what would change and changes nothing.
  diff_mode:
    description: Shows what changes in each object.
  idempotent:
    description: Changes nothing when it runs a second time with the same options.
  action_group:
    support: full
    description: Takes its connection from the action group.
    membership: [llmops.vllm.cluster]
"""
