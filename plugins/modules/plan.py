# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Calculate what models need, without changing anything
version_added: 1.0.0
description:
  - Finds the shape of each checkpoint, in the model's C(config), a directory on the controller,
    the Hub, or the shipped catalogue, and calculates GPU memory, KV cache, host memory, shared
    memory, disk, CPU and probes.
  - Needs no cluster. If there is one, it is only asked, and nothing is changed there. The nodes
    are read if a model does not name its C(gpu), and the figures of the last deployment if the
    checkpoint cannot be seen from here.
  - A model that does not fit is part of the answer, not a failure.
  - A model that cannot be planned, such as a gated or missing one, is a failure, and RV(plans) has
    the other models all the same.
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.connection
  - llmops.vllm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing.
options:
  models:
    description: The models, as in the inventory variable C(vllm_models).
    type: list
    elements: dict
    required: true
  namespace:
    description: Namespace of the models, where the last deployment is looked for.
    type: str
    default: vllm
  cluster_name:
    description: The name of the cluster that the plans carry.
    type: str
    default: ""
  ask_cluster:
    description: Whether the cluster may be asked.
    type: bool
    default: true
seealso:
  - plugin: llmops.vllm.memory_plan
    plugin_type: filter
  - module: llmops.vllm.plan_table
  - module: llmops.vllm.preflight
"""

EXAMPLES = r"""
- name: Calculate what the models need
  llmops.vllm.plan:
    models: "{{ vllm_models }}"
    ask_cluster: false
  register: planned

- name: Stop at a model that does not fit
  ansible.builtin.assert:
    that: planned.plans | rejectattr('fits') | length == 0
    quiet: true
"""

RETURN = r"""
plans:
  description:
    - One plan for each model that could be planned, in the order of the models, with the keys of
      the filter P(llmops.vllm.memory_plan#filter) and what they were made from.
  returned: unless the arguments are wrong
  type: list
  elements: dict
  contains:
    cluster:
      description: Name of the cluster.
      type: str
    name:
      description: Name of the model's Deployment.
      type: str
    model:
      description: The model on the Hub, or its path.
      type: str
    checkpoint:
      description: >-
        Where the shape comes from: C(source) is V(model), V(directory), V(node), V(hub),
        V(catalogue) or V(none); C(revision) is the commit on the Hub, C(notes) says more.
      type: dict
    gpu:
      description: >-
        The GPU that was planned for: C(product), C(memory_gib), C(count), C(notes), and C(source),
        which is V(model), V(nodes) or V(none).
      type: dict
    startup:
      description: The start-up time, the probes and the deadlines that follow from it.
      type: dict
    fits:
      description: False when vLLM would refuse to start, for certain or likely.
      type: bool
    confidence:
      description: V(exact), V(estimate) or V(unknown).
      type: str
errors:
  description: What is wrong with the models that could not be planned; C(msg) has the same.
  returned: unless the arguments are wrong
  type: list
  elements: str
"""
