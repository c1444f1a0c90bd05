# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Helm with a chart that makes the same for each model: a Deployment, a Service and a claim.

BENCH_CHART names a folder with the production-stack chart, or one that takes the values of ours;
without it the chart beside this file is used. Helm is built once, from its Go module.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from cluster import CACHE
from models import MODEL, models
from timing import say

VERSION = "v3.22.0"
PROGRAM = CACHE / "bin" / f"helm-{VERSION}"
OURS = Path(__file__).resolve().parent / "chart"
RELEASE = "bench"


def build() -> None:
    """Build Helm into the cache, unless it is there."""
    if PROGRAM.exists():
        return
    say(f"building Helm {VERSION} from its Go module, about two minutes")
    work = CACHE / "build" / "helm"
    env = os.environ | {
        "GOBIN": str(work),
        "GOCACHE": str(work / "go-cache"),
        "GOMODCACHE": str(work / "go-mod"),
        "GOFLAGS": "-buildvcs=false -modcacherw",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    options = ["-trimpath", "-ldflags", "-s -w"]
    source = f"helm.sh/helm/v3/cmd/helm@{VERSION}"
    command = ["go", "install", *options, source]
    if subprocess.run(command, env=env, stdout=sys.stderr, check=False).returncode != 0:
        sys.exit(f"Helm could not be built from {source}")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    (work / "helm").replace(PROGRAM)
    shutil.rmtree(work)


@contextmanager
def chart() -> Iterator[Path]:
    """Yield the chart in use: a copy without dependencies, none of which is switched on."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "chart"
        shutil.copytree(os.environ.get("BENCH_CHART") or OURS, copy)
        (copy / "Chart.lock").unlink(missing_ok=True)
        about = about_chart(copy)
        about.pop("dependencies", None)
        (copy / "Chart.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        yield copy


def about_chart(folder: Path) -> dict[str, Any]:
    """Return what a chart says of itself."""
    about: dict[str, Any] = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    return about


def values(chart_name: str, count: int) -> dict[str, Any]:
    """Return the values for so many models."""
    if chart_name == "vllm-stack":
        return production_stack_values(count)
    listed = [
        {
            "name": model["name"],
            "model": model["model"],
            "maxModelLen": model["max_model_len"],
            "replicas": 1,
            "cpu": 3,
            "memory": "8Gi",
            "storage": "10Gi",
            "storageClass": "standard",
        }
        for model in models(count)
    ]
    return {"models": listed}


def production_stack_values(count: int) -> dict[str, Any]:
    """Return the values of the production-stack chart, without its router."""
    listed = [
        {
            "name": model["name"],
            "repository": "vllm/vllm-openai",
            "tag": "v0.32.0",
            "modelURL": MODEL["model"],
            "replicaCount": 1,
            "requestCPU": 3,
            "requestMemory": "8Gi",
            "requestGPU": 0,
            "pvcStorage": "10Gi",
            "storageClass": "standard",
            "vllmConfig": {"maxModelLen": model["max_model_len"]},
        }
        for model in models(count)
    ]
    return {
        "servingEngineSpec": {"runtimeClassName": "", "modelSpec": listed},
        "routerSpec": {"enableRouter": False},
    }


@contextmanager
def release(
    chart_folder: Path, kubeconfig: Path, namespace: str, count: int
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the commands that install so many models, and that do it again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.yaml"
        given = values(str(about_chart(chart_folder)["name"]), count)
        file.write_text(yaml.safe_dump(given), encoding="utf-8")
        where = ["--kubeconfig", str(kubeconfig), "--namespace", namespace, "--create-namespace"]
        common = [RELEASE, str(chart_folder), *where, "--values", str(file)]
        yield (
            [str(PROGRAM), "install", *common],
            [str(PROGRAM), "upgrade", "--install", *common],
        )
