# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while the preflight looks at a directory: nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client

from .conftest import ROOT
from .objects import model

LEFT = {"labelSelector": "app.kubernetes.io/component=preflight"}


def looking(client: Client) -> set[str]:
    """Return the names of the temporary namespaces that nobody is deleting."""
    found = client.get("/api/v1/namespaces", LEFT)["items"]
    return {
        item["metadata"]["name"] for item in found if not item["metadata"].get("deletionTimestamp")
    }


def until(condition: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def silent_node(client: Client, namespace: str) -> Iterator[str]:
    """Make a node that is not marked as simulated, whose pods never report anything."""
    client.request("POST", "/api/v1/nodes", body={"metadata": {"name": namespace}})
    yield namespace
    client.request("DELETE", f"/api/v1/nodes/{namespace}")


def test_ctrl_c_removes_the_temporary_namespace(
    client: Client, kubeconfig: Path, silent_node: str, tmp_path: Path
) -> None:
    storage = {"host_path": "/models/x", "node": silent_node}
    arguments = {
        "kubeconfig": str(kubeconfig),
        "namespace": silent_node,
        "models": [model(model="/models/x", storage=storage)],
        "cluster": "required",
        "look": True,
    }
    tasks = [{"llmops.vllm.plan": arguments}]
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    before = looking(client)
    running = subprocess.Popen(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(play)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert until(lambda: looking(client) - before, 60), "nobody made a namespace to look from"
        os.killpg(running.pid, signal.SIGINT)
        output = running.communicate(timeout=20)[0]
    finally:
        running.kill()
    assert running.returncode != 0, output
    assert until(lambda: not looking(client) - before, 10), "the temporary namespace is still there"
    assert "Traceback" not in output
