# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A real cluster with a real vLLM, made by the project's own playbook.

Nothing here skips: without a cluster these tests have no meaning, so a cluster
that cannot be made fails them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmops.vllm"
KUBECONFIG = CACHE / "llmops-vllm.kubeconfig"
# Longer than the first build of everything.
CLUSTER_SECONDS = 2400
DEPLOY_SECONDS = 600


@dataclass(frozen=True)
class Run:
    """What a finished ansible-playbook has said, and how long it took."""

    returncode: int
    output: str
    seconds: float

    @property
    def words(self) -> str:
        """The output with all white space as single spaces, however it was folded."""
        return " ".join(self.output.split())

    def counts(self, host: str) -> dict[str, int]:
        """Return the numbers of the recap for a host."""
        recap = self.output.rsplit("PLAY RECAP", 1)[-1]
        line = next(line for line in recap.splitlines() if line.startswith(host))
        return {
            name: int(number)
            for name, number in (item.split("=") for item in line.split(":", 1)[1].split())
        }


def playbook(name: str, *options: str, timeout_seconds: float) -> Run:
    """Run one of the project's playbooks with the local inventory."""
    command = ["ansible-playbook", "-i", "inventories/local", f"playbooks/{name}", *options]
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _nothing = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        # Asked to end, not killed: what it has started ends with it, and it says how far it was.
        process.send_signal(signal.SIGINT)
        output, _nothing = process.communicate(timeout=60)
        pytest.fail(f"{name} was not done after {timeout_seconds} s:\n{output}", pytrace=False)
    return Run(process.returncode, output, time.monotonic() - started)


@dataclass(frozen=True)
class Cluster:
    """The cluster's API, and the host's directory that is /models on its node."""

    core: client.CoreV1Api
    apps: client.AppsV1Api
    models: Path
    kubeconfig: Path

    def namespaces(self) -> set[str]:
        """Return the names of all namespaces."""
        return {one.metadata.name for one in self.core.list_namespace().items}

    def remove(self, namespace: str) -> None:
        """Delete a namespace and the volumes that its claims are bound to."""
        for volume in self.core.list_persistent_volume().items:
            claim = volume.spec.claim_ref
            if claim and claim.namespace == namespace:
                self.core.delete_persistent_volume(volume.metadata.name)
        if namespace in self.namespaces():
            self.core.delete_namespace(namespace)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Make the cluster, or keep the one that is up."""
    run = playbook("local_cluster.yml", timeout_seconds=CLUSTER_SECONDS)
    if run.returncode != 0:
        pytest.fail(f"the cluster cannot be made:\n{run.output}", pytrace=False)
    api = config.new_client_from_config(str(KUBECONFIG))
    return Cluster(client.CoreV1Api(api), client.AppsV1Api(api), CACHE / "models", KUBECONFIG)


@pytest.fixture
def cluster_again(cluster: Cluster) -> Run:
    """What the playbook says when the cluster is up."""
    assert cluster.namespaces()
    return playbook("local_cluster.yml", timeout_seconds=60)


@pytest.fixture(scope="session")
def model() -> dict[str, Any]:
    """The model of the local inventory."""
    inventory = yaml.safe_load((ROOT / "inventories" / "local" / "hosts.yml").read_text())
    [host] = inventory["vllm_clusters"]["hosts"].values()
    models: list[dict[str, Any]] = host["vllm_models"]
    return models[0]


@contextmanager
def new_namespace(cluster: Cluster) -> Iterator[str]:
    """Give the name of a namespace that does not exist; what is made in it is removed."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    try:
        yield name
    finally:
        cluster.remove(name)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for one test."""
    with new_namespace(cluster) as name:
        yield name


@pytest.fixture(scope="module")
def shared_namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for the tests of one module that look at the same deployment."""
    with new_namespace(cluster) as name:
        yield name


Deploy = Callable[..., Run]


@pytest.fixture(scope="session")
def deploy(cluster: Cluster) -> Deploy:
    """Deploy models (default: the inventory's) into a namespace."""
    assert cluster.namespaces()

    def run(namespace: str, *models: dict[str, Any]) -> Run:
        variables: dict[str, Any] = {"vllm_namespace": namespace}
        if models:
            variables["vllm_models"] = list(models)
        options = ("-e", json.dumps(variables))
        return playbook("deploy_vllm.yml", *options, timeout_seconds=DEPLOY_SECONDS)

    return run


@pytest.fixture
def unreadable_model(cluster: Cluster) -> Iterator[str]:
    """A copy of the model on the node whose weights only root may read."""
    directory = cluster.models / f"e2e-{uuid.uuid4().hex[:8]}"
    shutil.copytree(cluster.models / "tiny-llama", directory)
    (directory / "model.safetensors").chmod(0o600)
    yield f"/models/{directory.name}"
    shutil.rmtree(directory)
