# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: Create, change or delete a whole list of Kubernetes objects
version_added: 1.0.0
description:
  - Sends all objects in one task, by server-side apply with the field manager C(llmops.vllm), in
    parallel within a phase.
  - The phases are cluster scope and namespaces, then configuration and storage, then workloads,
    then
    services, routes and policies. When an object of a phase is refused, all errors of that phase
    are
    reported and no later phase is sent.
  - Fields that another manager has set are never taken over; the error names the field and the
    manager.
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.connection
  - llmops.vllm.attributes
attributes:
  check_mode:
    support: full
    details:
      - The API server runs the request as a dry run, with its defaults, admission and conflicts.
      - Objects whose namespace does not exist yet are reported as created.
  diff_mode:
    support: full
    details:
      - One entry per object that changes. Values of Secrets are shown as numbered placeholders;
        equal
        values have the same number.
  idempotent:
    support: full
    details:
      - An object counts as changed only when the API server changed something other than its
        status.
options:
  objects:
    description:
      - Kubernetes objects with C(apiVersion), C(kind) and C(metadata.name), and a namespace where
        the
        kind has one.
      - Objects of kind C(List) are unpacked.
    type: list
    elements: dict
    required: true
  state:
    description:
      - With V(present) the objects are created or changed.
      - With V(absent) they are deleted in the reverse order, waiting until workloads are gone. Only
        what is in O(objects) is deleted.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: llmops.vllm.completion
"""

EXAMPLES = r"""
- name: Set the connection once
  hosts: vllm_clusters
  gather_facts: false
  module_defaults:
    group/llmops.vllm.cluster:
      kubeconfig: ~/.kube/gpu-cluster
      context: admin
  tasks:
    - name: Apply all objects of a deployment
      llmops.vllm.apply:
        objects: "{{ objects }}"

    - name: Delete them again
      llmops.vllm.apply:
        objects: "{{ objects }}"
        state: absent
"""

RETURN = r"""
objects:
  description: One entry per object, in the order of the option O(objects).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      sample: Deployment
    namespace:
      description: Namespace of the object, empty for cluster scope.
      type: str
      sample: llm
    name:
      description: Name of the object.
      type: str
      sample: tiny-llama
    result:
      description:
        - One of V(created), V(changed), V(unchanged), V(deleted), V(absent).
        - In check mode what would happen.
      type: str
      sample: created
diff:
  description: One entry per object that changes; empty without diff mode.
  returned: success
  type: list
  elements: dict
  contains:
    before_header:
      description: Name of the live object.
      type: str
    after_header:
      description: Name of the object and what happens to it.
      type: str
    before:
      description: The object before, as YAML.
      type: str
    after:
      description: The object after, as YAML.
      type: str
"""
