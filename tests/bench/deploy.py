# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""`llmops.vllm.deploy_vllm` as a user runs it, without waiting for the models."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import playbook
from models import models
from timing import Time, time_of


@contextmanager
def deployment(kubeconfig: Path, namespace: str, count: int) -> Iterator[list[str]]:
    """Yield the command that deploys so many models."""
    host = {
        "vllm_kubeconfig": str(kubeconfig),
        "vllm_namespace": namespace,
        "vllm_models": models(count),
        "vllm_check": "none",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"vllm_clusters": {"hosts": {"bench": host}}}, file)
        file.flush()
        yield playbook("-i", file.name, "llmops.vllm.deploy_vllm")


def empty_play() -> Time:
    """Return the time of a play of one host without a task: what Ansible takes to start."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write("---\n- name: Nothing\n  hosts: localhost\n  gather_facts: false\n")
        file.flush()
        return time_of(playbook("-i", "localhost,", file.name))
