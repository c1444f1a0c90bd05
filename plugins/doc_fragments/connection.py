# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that all cluster actions share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file.
      - Without it the environment variable E(KUBECONFIG) is used, then C(~/.kube/config), and in a
        pod its service account.
    type: path
  context:
    description:
      - Name of the context in the kubeconfig.
      - Without it the file's current context is used.
    type: str
requirements:
  - kubernetes (Python library, on the controller)
  - PyYAML
notes:
  - The action runs on the controller, in Ansible's own process; it needs no connection to the host.
  - Set O(kubeconfig) and O(context) once for all actions with C(module_defaults) and the action
    group
    C(llmops.vllm.cluster).
"""
