# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Check a deployment before anything is applied
version_added: 1.0.0
description:
  - Checks that the models are valid, that the API server is reachable and accepts the
    credentials, and that this user has the rights that a deployment needs.
  - Plans the memory of each model, as P(llmops.vllm.plan#module) does, and refuses one that does
    not fit, with the longest context and the number of GPUs that would.
  - What the last deployment knew is kept if less is known now (a Hub that does not answer, nodes
    that are gone), so that the pods of a running server do not change.
  - Finds the node that has a model's C(storage.host_path), and checks that the user id will run
    the server can read every file in it, or write to it where it is a cache. For that, short-lived
    pods look at the directory from a temporary namespace, which is removed again. They read the
    checkpoint's config.json and the sizes of its weights, too.
  - All problems are reported at once.
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.connection
  - llmops.vllm.attributes
attributes:
  check_mode:
    support: full
    details:
      - Does the same as without it, since nothing that it makes stays.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing that stays.
options:
  models:
    description: The models, as in the inventory variable C(vllm_models).
    type: list
    elements: dict
    required: true
  namespace:
    description: Namespace that the models will be in; it need not exist.
    type: str
    required: true
  objects:
    description:
      - The objects that will be applied; the rights are checked for their kinds.
      - Without it the rights for Deployments, Services and claims are checked.
    type: list
    elements: dict
    default: []
  cluster_checks:
    description:
      - With V(false) the models are checked and planned, and the cluster is only asked for what
        the last deployment left. RV(nodes) then holds the nodes that the models name in
        C(storage.node) or C(node_name), and a model that does not fit, or whose checkpoint is
        not found, is a warning.
    type: bool
    default: true
seealso:
  - module: llmops.vllm.apply
  - module: llmops.vllm.plan
"""

EXAMPLES = r"""
- name: Check before anything is applied
  llmops.vllm.preflight:
    models: "{{ vllm_models }}"
    namespace: llm
  register: preflight_result
"""

RETURN = r"""
nodes:
  description:
    - For each model with a C(storage.host_path), the node that has the directory, by its label
      C(kubernetes.io/hostname).
  returned: success
  type: dict
  sample:
    tiny-llama: kind-control-plane
plans:
  description:
    - The plan of each model, as P(llmops.vllm.plan#module) returns it.
  returned: success
  type: list
  elements: dict
warnings:
  description: What could not be checked, or will show less evidence later.
  returned: success
  type: list
  elements: str
"""
