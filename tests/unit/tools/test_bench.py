# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the bench counts and prints; the figures themselves are nobody's to judge here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cluster
import helm
import pytest
import table
import yaml

ROOT = Path(__file__).resolve().parents[3]
TIMES = {
    "median_seconds": 2.0,
    "fastest_seconds": 1.5,
    "slowest_seconds": 3.0,
    "median_cpu_seconds": 1.0,
}
ONE = {
    "objects": 3,
    "first": TIMES,
    "unchanged": TIMES,
    "requests": {"first": 23, "unchanged": 5},
}
THOUSAND = {f"{part}_seconds": 1.25 for part in ("parse", "plan", "render", "total")}
DOCUMENT = {
    "python": "3.11.7",
    "ansible_core": "2.19.14",
    "cpus": 2,
    "empty_play": TIMES,
    "pure": {"thousand_models": THOUSAND, "memory_plan_1000_shapes_seconds": 4.0},
    "deploy": {"chart": "c 1", "helm_version": "v3", "helm": {"10": ONE}, "ansible": {"10": ONE}},
}


def test_the_document_becomes_markdown() -> None:
    lines = table.markdown(DOCUMENT).splitlines()
    assert "| 1000 models: plan | 1.25 |" in lines
    times = "2.00 (1.50 to 3.00) | 2.00 (1.50 to 3.00) | 1.00 | 1.00"
    assert f"| 10 | Helm | 3 | {times} | 23 | 5 |" in lines
    assert f"| 10 | `deploy_vllm` | 3 | {times} | 23 | 5 |" in lines
    widths = {line.count("|") for line in lines if "models" in line and "tool" in line}
    assert widths == {line.count("|") for line in lines if "Helm |" in line}


def test_what_a_client_asks_is_counted_and_handed_on(tmp_path: Path) -> None:
    counter = cluster.Counter(tmp_path / "kubeconfig")
    client, near = socket.socketpair()
    far, server = socket.socketpair()
    sent = (
        b"GET /api HTTP/1.1\r\nHost: a\r\n\r\n"
        b'PATCH /apis/apps/v1?force=true HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"a": "b"}\n'
    )
    worker = threading.Thread(target=cluster.relay, args=(near, far, counter))
    worker.start()
    client.sendall(sent)
    client.shutdown(socket.SHUT_WR)
    worker.join(10)
    assert counter.requests == 2
    assert server.recv(4096) == sent
    for end in (client, near, far, server):
        end.close()


def test_the_values_fit_their_chart() -> None:
    ours = helm.values(str(helm.about_chart(helm.OURS)["name"]), 2)
    assert [model["name"] for model in ours["models"]] == ["bench-0", "bench-1"]
    given = yaml.safe_load((helm.OURS / "values.yaml").read_text())
    assert set(ours) <= set(given)
    theirs = helm.values("vllm-stack", 2)["servingEngineSpec"]["modelSpec"]
    assert [model["modelURL"] for model in theirs] == ["Qwen/Qwen3-0.6B"] * 2


def test_helm_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n'
        'mkdir -p "$GOBIN" "$GOMODCACHE"\necho helm >"$GOBIN/helm"\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(helm, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(helm, "PROGRAM", tmp_path / "cache" / "bin" / "helm-v1")
    helm.build()
    helm.build()
    assert helm.PROGRAM.read_text() == "helm\n"
    assert not (tmp_path / "cache" / "build" / "helm").exists()
    [call] = (tmp_path / "calls").read_text().splitlines()
    assert call.endswith(f"helm.sh/helm/v3/cmd/helm@{helm.VERSION}")


def test_each_model_becomes_what_helm_makes_of_it() -> None:
    code = (
        "import pure, json; from models import models;"
        "checked = pure.parse(models(3)); plans = pure.plan(checked);"
        "print(json.dumps(sorted(o['kind'] for o in pure.render(checked, plans))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "tests" / "bench",
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = yaml.safe_load(done.stdout)
    each = ("Deployment", "PersistentVolumeClaim", "Service")
    assert kinds == sorted(["Namespace", *each, *each, *each])
