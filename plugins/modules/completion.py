# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.

from __future__ import annotations

DOCUMENTATION = r"""
module: completion
short_description: Wait until models are served and have answered a completion
version_added: 1.0.0
description:
  - Watches the Deployments of all models at once and shows a line when something changes.
  - Each model has an end of its own. When its rollout is done, one real C(POST /v1/completions) is
    sent through its Service, while others are still loading. A model that fails ends nothing for
    the others. At the end, a table shows the models that are served, and the task fails with all
    findings about the others.
  - The wait for a model ends as soon as the cause of its failure is certain, and the message names
    it with its evidence and the fix. Named causes are an image that cannot be pulled, pods that no
    node can hold, a crash loop (with the last lines of the log), too little memory, pods that the
    API server rejects, volumes that are missing or cannot be bound or mounted, a startup budget
    that is used up, and a Deployment that somebody deleted.
  - An answer without any text is a failure. A server or gateway that does not stream may answer
    with one JSON document.
  - Log lines in an error have tokens, keys and the values of the Secrets that the pod reads taken
    out.
author:
  - the llmops.vllm contributors (@llmops)
extends_documentation_fragment:
  - llmops.vllm.connection
  - llmops.vllm.attributes
requirements:
  - jmespath (only for models with C(check.expect))
attributes:
  check_mode:
    support: full
    details:
      - Reports what it would wait for and sends nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Changes nothing in the cluster.
options:
  models:
    description:
      - The models, as in the inventory variable C(vllm_models).
      - A model's C(check) holds the prompt, the number of tokens, and C(expect), a JMESPath
        expression
        over the response that must be true.
    type: list
    elements: dict
    required: true
  namespace:
    description: Namespace of the models.
    type: str
    required: true
  timeout:
    description:
      - Seconds that each model may take until it is ready.
      - By default the time that its plan allows, which the Deployment carries in the annotation
        C(llmops.vllm/plan), or 630 seconds without one.
    type: int
  until:
    description:
      - With V(completion) each model must answer.
      - With V(rollout) its pods must be ready and its Service must send requests to them.
    type: str
    choices: [completion, rollout]
    default: completion
notes:
  - The completion goes through the API server's service proxy, so it works from any machine where
    kubectl
    works. It needs the right to create C(services/proxy) in the namespace.
  - Without the right to read events, nodes or C(pods/log) an error has less evidence.
seealso:
  - module: llmops.vllm.apply
"""

EXAMPLES = r"""
- name: Wait until all models have answered
  llmops.vllm.completion:
    namespace: llm
    models:
      - name: tiny-llama
        model: /models/tiny-llama
        accelerator: cpu
        check:
          prompt: The quick brown fox
          max_tokens: 16
          expect: usage.completion_tokens > `0`

- name: Only wait for the rollout
  llmops.vllm.completion:
    namespace: llm
    models: "{{ vllm_models }}"
    until: rollout
"""

RETURN = r"""
models:
  description: One entry per model that is served, in the order given; empty in check mode.
  returned: when the wait came to its end, also when it failed for some models
  type: list
  elements: dict
  contains:
    name:
      description: Name of the model.
      type: str
      sample: tiny-llama
    replicas:
      description: Number of ready replicas.
      type: int
      sample: 1
    startup_seconds:
      description: Time from the container's start until it was ready, of the slowest replica.
      type: float
      sample: 29.0
    first_token_seconds:
      description: Time from the request to the first token; none with O(until=rollout).
      type: float
      sample: 0.081
    total_seconds:
      description: Time from the request to the end of the answer; none with O(until=rollout).
      type: float
      sample: 0.412
    answer:
      description: Text of the answer; none with O(until=rollout).
      type: str
      sample: jumps over the lazy dog
"""
