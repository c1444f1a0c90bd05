# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A real API server with simulated nodes, made by the project's own playbook.

Nothing here skips: a cluster that cannot be made fails the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)

from .nodes import Pool

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmops.vllm"
CLUSTER = "llmops-vllm-test"
KUBECONFIG = CACHE / f"{CLUSTER}.kubeconfig"
# Longer than the first build of the control plane.
CLUSTER_SECONDS = 1100
PLAY_SECONDS = 120

Object = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a finished ansible-playbook has said, and the result of its last task."""

    returncode: int
    output: str
    seconds: float
    result: dict[str, Any]

    @property
    def words(self) -> str:
        """Return the message of a failure with all white space as single spaces."""
        return " ".join(str(self.result.get("msg", "")).replace("\n  |", " ").split())


def ansible(*arguments: str, timeout_seconds: float, **environment: str) -> tuple[int, str]:
    """Run ansible-playbook of the Python environment that runs the tests."""
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Make the cluster, or find it running, and return its kubeconfig."""
    status, output = ansible(
        "playbooks/local_cluster.yml",
        "-e",
        "local_cluster_kind=simulated",
        "-e",
        f"local_cluster_name={CLUSTER}",
        timeout_seconds=CLUSTER_SECONDS,
    )
    assert status == 0, output
    return KUBECONFIG


@pytest.fixture(scope="session")
def client(kubeconfig: Path) -> Iterator[Client]:
    """Return an administrator's connection."""
    connected = connect(str(kubeconfig))
    yield connected
    connected.close()


@pytest.fixture
def namespace(client: Client) -> Iterator[str]:
    """Make a namespace for one test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    client.request("POST", "/api/v1/namespaces", body=body)
    yield name
    client.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def play_tasks(kubeconfig: Path, tmp_path: Path) -> Callable[..., Run]:
    """Return a function that runs tasks of the collection; the result is that of the last one."""

    def run(tasks: Sequence[tuple[str, dict[str, Any]]], *options: str) -> Run:
        result_file = tmp_path / "result.json"
        result_file.write_text("{}")
        played: list[dict[str, Any]] = []
        for number, (action, arguments) in enumerate(tasks):
            given = {"kubeconfig": str(kubeconfig)} | arguments
            played.append({f"llmops.vllm.{action}": given, "register": f"run_{number}"})
        last = f"run_{len(tasks) - 1}"
        played[-1]["ignore_errors"] = True
        save = {
            "ansible.builtin.copy": {
                "content": "{{ " + last + " | to_json }}",
                "dest": str(result_file),
            },
            "check_mode": False,
            "diff": False,
        }
        judge = {"ansible.builtin.assert": {"that": f"{last} is success", "quiet": True}}
        python = {"ansible_python_interpreter": sys.executable}
        plays = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": python,
                "tasks": [*played, save, judge],
            }
        ]
        path = tmp_path / "play.yml"
        path.write_text(yaml.safe_dump(plays))
        start = time.monotonic()
        status, output = ansible(
            "-i", "localhost,", "-c", "local", *options, str(path), timeout_seconds=PLAY_SECONDS
        )
        seconds = time.monotonic() - start
        return Run(status, output, seconds, json.loads(result_file.read_text()))

    return run


@pytest.fixture
def play(play_tasks: Callable[..., Run]) -> Callable[..., Run]:
    """Return a function that runs one task of the collection through ansible-playbook."""

    def run(action: str, *options: str, **arguments: Any) -> Run:
        return play_tasks([(action, arguments)], *options)

    return run


@pytest.fixture
def check(play_tasks: Callable[..., Run]) -> Callable[..., Run]:
    """Return a function that plans models and checks what would be sent, as a deployment does."""

    def run(namespace: str, *models: dict[str, Any], until: str = "none", **connection: Any) -> Run:
        wanted = {"models": list(models), "namespace": namespace, **connection}
        plan = {**wanted, "cluster": "required", "look": True}
        preflight = {
            "objects": "{{ run_0.objects }}",
            "plans": "{{ run_0.plans }}",
            "namespace": namespace,
            "until": until,
            **connection,
        }
        return play_tasks([("plan", plan), ("preflight", preflight)])

    return run


@pytest.fixture
def pool(client: Client, until: Callable[..., Any]) -> Iterator[Pool]:
    """Return a pool without nodes; they are removed at the end."""
    made = Pool(client, until)
    yield made
    made.remove()


@pytest.fixture
def until(client: Client) -> Callable[..., Any]:
    """Return a function that waits until an object satisfies a condition, and returns it."""

    def wait(path: str, wanted: Callable[[Any], Any], seconds: float = 20.0) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = client.find(path)
            if found is not None and wanted(found):
                return found
            time.sleep(0.1)
        pytest.fail(f"{path} did not become as expected in {seconds} s")

    return wait
