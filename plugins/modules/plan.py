# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Calculate what models need, and render what would be sent
version_added: 1.0.0
description:
  - Finds the shape of each checkpoint, in the model's C(config), a directory on the controller,
    the Hub, or the shipped catalogue, and calculates GPU memory, KV cache, host memory, shared
    memory, disk, CPU and probes.
  - Renders every object that a deployment would send, and checks its names, quantities, ports and
    labels.
  - Needs no cluster. If there is one, it is only asked, once for each kind, however many models
    there are. The nodes are read if a model does not name its C(gpu), and the figures of the last
    deployment are kept if less is known now (a Hub that does not answer, nodes that are gone), so
    that the pods of a running server do not change.
  - A plan carries a digest of what it was made from. One that was changed by hand, cut off or made
    by another version is named and not used.
  - A model that does not fit is part of the answer, not a failure; P(llmops.vllm.preflight#module)
    refuses it.
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
    description:
      - The models, as in the inventory variable C(vllm_models).
      - Without them only the namespace is rendered.
    type: list
    elements: dict
  namespace:
    description: Namespace of the models, where the last deployment is looked for.
    type: str
    default: vllm
  cluster_name:
    description: The name of the cluster that the plans carry.
    type: str
    default: ""
  pod_security_level:
    description: The Pod Security level that the namespace enforces.
    type: str
    choices: [restricted, baseline, privileged]
    default: restricted
  cluster:
    description:
      - Whether the cluster is asked.
      - With V(optional) one that is out of reach costs the figures that only it knows, not the
        plan. With V(required) it is an error.
    type: str
    choices: [none, optional, required]
    default: optional
  look:
    description:
      - Whether to find the node that has a model's C(storage.host_path), and to check that the
        user id which will run the server can read every file in it, or write to it where it is a
        cache.
      - For that, short-lived pods look at the directory from a temporary namespace, which is
        removed again. They read the checkpoint's config.json and the sizes of its weights, too.
        Nothing else is ever changed in the cluster.
    type: bool
    default: false
  render:
    description: Whether to render the objects, too.
    type: bool
    default: true
  strict:
    description:
      - With V(false) what is wrong with a model's checkpoint or its configuration, and a model
        that does not fit, is a warning; such a model is planned without figures.
    type: bool
    default: true
  packed:
    description:
      - Whether RV(plans) and each component of RV(objects) are returned as one JSON text, which the
        other actions take as well. Ansible hands on a text in no time, and a hundred nested objects
        in a second for each task.
    type: bool
    default: false
seealso:
  - plugin: llmops.vllm.memory_plan
    plugin_type: filter
  - module: llmops.vllm.plan_table
  - module: llmops.vllm.preflight
  - module: llmops.vllm.write_objects
"""

EXAMPLES = r"""
- name: Calculate what the models need
  llmops.vllm.plan:
    models: "{{ vllm_models }}"
    cluster: none
  register: planned
  vars:
    vllm_models:
      - name: qwen3-8b
        model: Qwen/Qwen3-8B
        max_model_len: 32768
        gpu: {product: NVIDIA-L40S}

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
objects:
  description:
    - The objects that would be sent, by component (C(namespace), C(storage), C(server)), each a
      list for P(llmops.vllm.apply#module). Empty if anything is wrong.
  returned: unless the arguments are wrong
  type: dict
findings:
  description:
    - Everything that was found, each with C(severity) (V(error) or V(warning)), C(rule),
      C(subject), C(cause), C(evidence) and C(fix).
  returned: unless the arguments are wrong
  type: list
  elements: dict
errors:
  description: What is wrong with the models that could not be planned; C(msg) has the same.
  returned: unless the arguments are wrong
  type: list
  elements: str
"""
