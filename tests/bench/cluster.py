# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated cluster of the bench's own: a real control plane, and pods without containers."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from timing import ROOT

NAME = "llmops-vllm-bench"
NODES = 20
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmops.vllm"
KUBECTL = CACHE / "bin" / "kubectl"
REQUEST = re.compile(rb"^(?:GET|POST|PUT|PATCH|DELETE) /\S* HTTP/1\.1\r$", re.MULTILINE)


def playbook(*arguments: str) -> list[str]:
    """Return the command that runs ansible-playbook."""
    return [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]


@contextmanager
def simulated_cluster() -> Iterator[Path]:
    """Bring up the cluster, yield its kubeconfig, take it down; what was built is kept."""
    words = [f"local_cluster_name={NAME}", f"local_cluster_simulated_nodes={NODES}"]
    variables = [part for word in ("local_cluster_kind=simulated", *words) for part in ("-e", word)]
    command = playbook("playbooks/local_cluster.yml", *variables)
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    try:
        yield CACHE / f"{NAME}.kubeconfig"
    finally:
        absent = ["-e", "local_cluster_state=absent", "-e", "local_cluster_keep_cache=true"]
        subprocess.run([*command, *absent], cwd=ROOT, check=True, stdout=sys.stderr)


def kubectl(kubeconfig: Path, *arguments: str) -> str:
    """Return what kubectl says."""
    command = [str(KUBECTL), "--kubeconfig", str(kubeconfig), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def objects_in(kubeconfig: Path, namespace: str) -> int:
    """Count the Deployments, Services and claims of a namespace."""
    kinds = "deployments,services,persistentvolumeclaims"
    return len(kubectl(kubeconfig, "-n", namespace, "get", kinds, "-o", "name").split())


def remove(kubeconfig: Path, namespace: str) -> None:
    """Remove a namespace and wait until it is gone: the next run has the cluster to itself."""
    kubectl(kubeconfig, "delete", "namespace", namespace, "--ignore-not-found", "--wait=true")


@dataclass
class Counter:
    """A kubeconfig that leads through a counter, and how many requests went through it."""

    kubeconfig: Path
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, sent: bytes) -> None:
        """Count the request lines in what a client has sent.

        A line that is cut in two by the end of a packet is missed: it may happen once in thousands.
        """
        with self.lock:
            self.requests += len(REQUEST.findall(sent))


def relay(source: socket.socket, target: socket.socket, counter: Counter | None) -> None:
    """Hand on what one side sends to the other, until it ends."""
    with suppress(OSError):
        while part := source.recv(65536):
            if counter:
                counter.count(part)
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def accept(listener: socket.socket, port: int, counter: Counter) -> None:
    """Serve connections until the listener is closed."""
    with suppress(OSError):
        while True:
            client, _address = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            for ends in ((client, server, counter), (server, client, None)):
                threading.Thread(target=relay, args=ends, daemon=True).start()


@contextmanager
def counted(kubeconfig: Path) -> Iterator[Counter]:
    """Yield a way to the cluster that counts requests: plain HTTP through `kubectl proxy`."""
    command = [str(KUBECTL), "--kubeconfig", str(kubeconfig), "proxy", "--port=0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy,
    ):
        assert proxy.stdout is not None
        port = int(proxy.stdout.readline().rsplit(":", 1)[1])
        counter = Counter(Path(folder) / "kubeconfig")
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        counter.kubeconfig.write_text(json.dumps(plain_kubeconfig(address)), encoding="utf-8")
        threading.Thread(target=accept, args=(listener, port, counter), daemon=True).start()
        try:
            yield counter
        finally:
            proxy.terminate()


def plain_kubeconfig(address: str) -> dict[str, object]:
    """Return a kubeconfig without credentials."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "counted", "cluster": {"server": address}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "counted", "context": {"cluster": "counted", "user": "nobody"}}],
        "current-context": "counted",
    }
