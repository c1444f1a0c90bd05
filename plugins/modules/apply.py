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
  - With O(apply_set) only what differs is sent, which is what you have changed, and each object of
    which someone else has changed, removed or taken over a field that was set here.
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
      - With O(apply_set), nothing at all is written to the cluster when nothing has changed.
options:
  apply_set:
    description:
      - Name of the apply set of the objects, or V(NAMESPACE/NAME). Without a namespace it is that
        of the objects, which then have to be in one namespace.
      - A ConfigMap of this name records the objects, with hashes of what was sent and of the fields
        that were set by it. Each object gets the label C(applyset.kubernetes.io/part-of), but for
        Namespaces. This follows the ApplySet specification of Kubernetes.
      - No hash is kept of the values of a Secret. They are compared with the live ones.
      - Objects that are no longer in O(objects) stay in the cluster and in the record.
      - An object is in one apply set at most. An object of another set is an error, and so is a
        ConfigMap of this name that something else has made.
      - Without a name nothing is recorded and every object is sent.
      - Needs the rights to get, create, patch and delete ConfigMaps in the namespace.
    type: str
    version_added: 1.1.0
  objects:
    description:
      - Kubernetes objects with C(apiVersion), C(kind) and C(metadata.name), and a namespace where
        the kind has one.
      - A list, a single object, or the text of a list that P(llmops.vllm.plan#module) has packed.
      - Objects of kind C(List) are unpacked.
    type: raw
    required: true
  state:
    description:
      - With V(present) the objects are created or changed.
      - With V(absent) they are deleted in the reverse order, waiting until workloads are gone. Only
        what is in O(objects) is deleted, and taken out of the record of O(apply_set).
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
        apply_set: models

    - name: Delete them again
      llmops.vllm.apply:
        objects: "{{ objects }}"
        apply_set: models
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
