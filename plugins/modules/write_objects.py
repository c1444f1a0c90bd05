# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: write_objects
short_description: Write rendered objects as YAML files
version_added: 1.1.0
description:
  - Writes one YAML file for each object, with a name and a content that are the same on every run.
    The names sort in the order in which the objects are sent.
  - A file of an earlier run whose object is gone is removed. Files of other origin are left alone.
  - Needs no cluster.
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The text of a Secret is not shown.
  idempotent:
    support: full
  action_group:
    support: none
    membership: []
options:
  objects:
    description: The objects by component, as in RV(llmops.vllm.plan#module:objects).
    type: dict
    required: true
  directory:
    description: Where the files go. It is made if needed.
    type: path
    required: true
  secrets:
    description: Whether Secrets are written; their files have the mode 0600.
    type: bool
    default: true
seealso:
  - module: llmops.vllm.plan
"""

EXAMPLES = r"""
- name: Render a model without a cluster
  llmops.vllm.plan:
    models:
      - name: tiny-llama
        model: example/tiny-llama
        accelerator: cpu
        kv_cache_memory_gib: 1
    cluster: none
  register: planned

- name: Write what would be sent
  llmops.vllm.write_objects:
    objects: "{{ planned.objects }}"
    directory: rendered
"""

RETURN = r"""
files:
  description: Paths of all files, whether or not they changed.
  returned: success
  type: list
  elements: str
"""
