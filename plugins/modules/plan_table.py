# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_table
short_description: Shows memory plans as a table
version_added: 1.0.0
description:
  - Shows at once what each GPU's memory goes to, what the cache holds, what a pod asks of its node,
    and whether the model fits. Below follow the details of each model, with the reasons for which
    it does not fit, and what to change.
  - No line is longer than 80 columns. Models are grouped by cluster.
  - A figure that is not known is shown as C(-).
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.attributes
attributes:
  check_mode:
    support: full
    details:
      - Shows the same.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing.
  action_group:
    support: none
    membership: []
options:
  plans:
    description:
      - One plan for each model, as in RV(llmops.vllm.plan#module:plans).
      - The keys of the filter P(llmops.vllm.memory_plan#filter) and a C(name) are enough.
      - A plan with a C(digest) that was changed since it was made is refused.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: llmops.vllm.plan_page
    plugin_type: filter
  - plugin: llmops.vllm.memory_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show whether a model fits
  llmops.vllm.plan_table:
    plans:
      - "{{ model | combine(model | llmops.vllm.memory_plan) }}"
  vars:
    model:
      name: tiny-llama
      accelerator: cpu
      kv_cache_memory_gib: 1
      max_model_len: 2048
      config:
        model_type: llama
        hidden_size: 128
        num_hidden_layers: 2
        num_attention_heads: 4
        num_key_value_heads: 4
        head_dim: 32
        intermediate_size: 256
        vocab_size: 1024
"""

RETURN = r"""
lines:
  description: The lines that were shown.
  returned: success
  type: list
  elements: str
  sample:
    - "laptop - 1 model: 1 fits"
"""
