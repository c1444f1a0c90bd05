# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures and prints figures as one JSON document; nothing is asserted.

`bench.py` measures everything, `bench.py --no-cluster` only what needs no API server. On one
simulated cluster, in one run, some models are deployed with Helm and with this collection, first
and again with nothing changed. Whole commands are timed, and neither waits for a model. The
variables BENCH_MODELS ("1 10 100"), BENCH_RUNS (3) and BENCH_CHART (see helm.py) change what is
measured; `table.py` makes Markdown of the document.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cluster
import deploy
import helm
from pure import pure_figures
from timing import Time, say, summary, time_of

RUNS = int(os.environ.get("BENCH_RUNS") or 3)
COUNTS = [int(word) for word in (os.environ.get("BENCH_MODELS") or "1 10 100").split()]
# A tool's commands for a kubeconfig, a namespace and a number of models: to deploy, and again.
Commands = tuple[list[str], list[str]]
Tool = Callable[[Path, str, int], AbstractContextManager[Commands]]


@contextmanager
def this_collection(kubeconfig: Path, namespace: str, count: int) -> Iterator[Commands]:
    """Yield the same command twice: it is for the first time and for every other."""
    with deploy.deployment(kubeconfig, namespace, count) as command:
        yield command, command


def timed(tool: Tool, name: str, kubeconfig: Path, count: int) -> dict[str, Any]:
    """Measure some first deployments, each in a namespace of its own, and the same again."""
    first: list[Time] = []
    again: list[Time] = []
    objects = 0
    for run in range(RUNS):
        namespace = f"{name}-{count}-{run}"
        with tool(kubeconfig, namespace, count) as (install, repeat):
            first.append(time_of(install))
            again.append(time_of(repeat))
        objects = cluster.objects_in(kubeconfig, namespace)
        cluster.remove(kubeconfig, namespace)
        say(f"{name}, {count} models: first {first[-1].wall:.2f} s, again {again[-1].wall:.2f} s")
    return {"objects": objects, "first": summary(first), "unchanged": summary(again)}


def requests(tool: Tool, name: str, kubeconfig: Path, count: int) -> dict[str, int]:
    """Count the requests of a first deployment and of the same again."""
    namespace = f"{name}-{count}-counted"
    with (
        cluster.counted(kubeconfig) as counter,
        tool(counter.kubeconfig, namespace, count) as (install, repeat),
    ):
        time_of(install)
        first = counter.requests
        time_of(repeat)
        again = counter.requests - first
    cluster.remove(kubeconfig, namespace)
    say(f"{name}, {count} models: {first} requests first, {again} again")
    return {"first": first, "unchanged": again}


def deployments(kubeconfig: Path) -> dict[str, Any]:
    """Measure both tools at every number of models, in turns."""
    helm.build()
    figures: dict[str, Any] = {}
    with helm.chart() as chart:
        about = helm.about_chart(chart)
        figures["chart"] = f"{about['name']} {about['version']}"
        figures["helm_version"] = helm.VERSION
        tools: dict[str, Tool] = {"helm": partial(helm.release, chart), "ansible": this_collection}
        for count in COUNTS:
            for name, tool in tools.items():
                measured = timed(tool, name, kubeconfig, count)
                measured["requests"] = requests(tool, name, kubeconfig, count)
                figures.setdefault(name, {})[str(count)] = measured
    return figures


def rounded(value: Any) -> Any:
    """Round all figures to three decimals."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main() -> int:
    """Measure and print."""
    figures: dict[str, Any] = {
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "pure": pure_figures(),
        "empty_play": summary([deploy.empty_play() for _run in range(RUNS)]),
    }
    if "--no-cluster" not in sys.argv:
        with cluster.simulated_cluster() as kubeconfig:
            figures["deploy"] = deployments(kubeconfig)
    figures["load_after"] = os.getloadavg()[0]
    print(json.dumps(rounded(figures), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
