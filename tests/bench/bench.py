# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures and prints figures as JSON; nothing is asserted.

`bench.py` measures everything, `bench.py --no-cluster` only what needs no API server. The cluster
is a simulated one of its own, taken down at the end.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))

RUNS = 7
# The task that follows the last apply.
AFTER_LAST_APPLY = "TASK [llmops.vllm.vllm_server : Wait until every model is served]"
CLUSTER = "llmops-vllm-bench"
MODEL = {
    "name": "bench",
    "model": "Qwen/Qwen3-0.6B",
    "accelerator": "cpu",
    "replicas": 2,
    "max_model_len": 4096,
    "startup": {"max_seconds": 300},
    # Given, so that no figure depends on the Hub.
    "config": {
        "model_type": "qwen3",
        "hidden_size": 1024,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 3072,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
        "max_position_embeddings": 40960,
    },
}


def per_call_ms(call: Callable[[], object], seconds: float = 0.5) -> float:
    """Return the milliseconds of one call, from as many calls as fit into some time."""
    call()
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        call()
        calls += 1
    return (time.perf_counter() - started) * 1000 / calls


def unit_figures() -> dict[str, float]:
    """Measure the pure part: from a user's words to manifests."""
    from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import server_objects
    from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
    from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
    from ansible_collections.llmops.vllm.plugins.module_utils.startup.probes import plan_probes

    raw = [MODEL | {"name": f"bench-{number}"} for number in range(100)]
    models = parse_models(raw)
    objects = len(server_objects(models, "bench", {}))
    plans = {model.name: plan_memory(model).as_dict() for model in models}
    build_ms = per_call_ms(lambda: server_objects(models, "bench", plans))
    return {
        "parse_one_model_ms": per_call_ms(lambda: parse_models(raw)) / len(raw),
        "plan_probes_ms": per_call_ms(lambda: plan_probes(600)),
        "manifests_per_ms": objects / build_ms,
    }


def sizing_figures() -> dict[str, float]:
    """Measure memory plans: of one model, and of 1000 over all known shapes and some splits."""
    from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan

    configs = yaml.safe_load((ROOT / "tests/data/model_configs.yaml").read_text(encoding="utf-8"))
    card = {"product": "H100-80GB"}
    models = [
        {"config": config, "gpu": card, "tensor_parallel_size": 2 ** (number % 4)}
        for number, config in enumerate(islice(cycle(configs.values()), 1000))
    ]
    started = time.perf_counter()
    for model in models:
        memory_plan(model)
    seconds = time.perf_counter() - started
    one = {"config": MODEL["config"], "gpu": card}
    return {
        "memory_plan_one_model_ms": per_call_ms(lambda: memory_plan(one)),
        "memory_plan_1000_models_seconds": seconds,
    }


def playbook(*arguments: str) -> list[str]:
    """Return the command that runs one of the playbooks."""
    return [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]


def seconds_until(line_start: str, command: list[str]) -> float:
    """Return the seconds from the start of a command to a line of its output."""
    started, found, output = time.perf_counter(), 0.0, []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            output.append(line)
            if not found and line.startswith(line_start):
                found = time.perf_counter() - started
    if process.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)} failed:\n{''.join(output)}")
    return found


@contextmanager
def simulated_cluster() -> Iterator[Path]:
    """Bring up a simulated cluster, yield its kubeconfig, take it down."""
    variables = ["-e", "local_cluster_kind=simulated", "-e", f"local_cluster_name={CLUSTER}"]
    command = playbook("playbooks/local_cluster.yml", *variables)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    try:
        yield Path(cache) / "llmops.vllm" / f"{CLUSTER}.kubeconfig"
    finally:
        absent = ["-e", "local_cluster_state=absent", "-e", "local_cluster_keep_cache=true"]
        subprocess.run([*command, *absent], cwd=ROOT, check=True, stdout=sys.stderr)


def inventory(kubeconfig: Path, namespace: str) -> dict[str, Any]:
    """Return an inventory of one cluster and one model that does not wait for the model."""
    host = {
        "vllm_kubeconfig": str(kubeconfig),
        "vllm_namespace": namespace,
        "vllm_models": [MODEL],
        "vllm_check": "none",
    }
    return {"vllm_clusters": {"hosts": {"bench": host}}}


def deployment_figures(kubeconfig: Path) -> dict[str, float]:
    """Measure Ansible's own part of a deployment: from its start to the last apply."""
    first: list[float] = []
    again: list[float] = []
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        for run in range(RUNS):
            file.seek(0)
            file.truncate()
            json.dump(inventory(kubeconfig, f"bench-{run}"), file)
            file.flush()
            command = playbook("-i", file.name, "playbooks/deploy_vllm.yml")
            first.append(seconds_until(AFTER_LAST_APPLY, command))
            again.append(seconds_until(AFTER_LAST_APPLY, command))
    return {
        "first_median_seconds": statistics.median(first),
        "first_slowest_seconds": max(first),
        "unchanged_median_seconds": statistics.median(again),
    }


def empty_play_seconds() -> float:
    """Measure a play of one host without a task: what Ansible itself takes to start."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write("---\n- name: Nothing\n  hosts: localhost\n  gather_facts: false\n")
        file.flush()
        command = playbook("-i", "localhost,", file.name)
        return statistics.median(seconds_until("PLAY RECAP", command) for _run in range(RUNS))


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
        "unit": unit_figures(),
        "sizing": sizing_figures(),
        "empty_play_median_seconds": empty_play_seconds(),
    }
    if "--no-cluster" not in sys.argv:
        with simulated_cluster() as kubeconfig:
            figures["deploy_one_model"] = deployment_figures(kubeconfig)
    print(json.dumps(rounded(figures), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
