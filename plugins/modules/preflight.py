# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Check a deployment before anything is applied
version_added: 1.0.0
description:
  - Checks exactly the objects that will be sent, as P(llmops.vllm.plan#module) has rendered them -
    their names, quantities, ports and labels, and whether the cluster knows their kinds.
  - Checks that the API server is reachable and accepts the credentials, and that this user has the
    rights that sending, watching and asking these objects needs.
  - Refuses a model whose plan does not fit, with the longest context and the number of GPUs that
    would.
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
      - Does the same as without it, since it changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing.
options:
  objects:
    description:
      - The objects by component, as in RV(llmops.vllm.plan#module:objects); each is a list, or the
        text of one that was packed.
      - Without any, only the way to the API server and the credentials are checked.
    type: dict
    default: {}
  plans:
    description:
      - The plans of the models, as in RV(llmops.vllm.plan#module:plans).
      - A plan that was changed since is refused.
      - A list, or the text of one that was packed.
    type: raw
    default: []
  namespace:
    description: Namespace that the models will be in; it need not exist.
    type: str
    required: true
  until:
    description: How far the deployment will wait; it decides which rights are needed.
    type: str
    choices: [completion, rollout, none]
    default: completion
seealso:
  - module: llmops.vllm.apply
  - module: llmops.vllm.plan
"""

EXAMPLES = r"""
- name: See that the cluster can be reached
  llmops.vllm.preflight:
    namespace: llm

- name: Plan the models and render what will be sent
  llmops.vllm.plan:
    models: "{{ vllm_models }}"
    namespace: llm
    cluster: required
    look: true
  register: planned

- name: Check before anything is applied
  llmops.vllm.preflight:
    objects: "{{ planned.objects }}"
    plans: "{{ planned.plans }}"
    namespace: llm
"""

RETURN = r"""
findings:
  description:
    - What could not be checked, or will show less evidence later, each with C(severity), C(rule),
      C(subject), C(cause), C(evidence) and C(fix). They are shown as warnings, too.
  returned: success
  type: list
  elements: dict
"""
