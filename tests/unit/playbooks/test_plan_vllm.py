# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The playbook plan_vllm.yml, run as a user runs it, on a machine without a cluster."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from . import playing
from .playing import EXAMPLE, changed, inventory


def run(inventory: Path, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return playing.run("plan_vllm.yml", inventory, directory, *options)


def test_the_example_is_planned_in_three_forms(tmp_path: Path) -> None:
    files = ("-e", "vllm_plan_file=plan.json", "-e", "vllm_report_file=plan.html")
    first = run(EXAMPLE, tmp_path, *files)
    assert first.returncode == 0, first.stdout + first.stderr
    table = first.stdout.partition("TASK [Show the table]")[2].partition("\nTASK")[0]
    shown = [line for line in table.splitlines()[1:] if not line.startswith("ok:")]
    assert max(map(len, shown)) <= 80
    plans = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    # A date would make every page of another day a change.
    assert re.findall(r"20\d\d-\d\d-\d\d", page) == []
    names = ["qwen3-8b", "llama-70b", "mistral-small"]
    assert [plan["name"] for plan in plans] == names
    for name in names:
        assert name in table
        assert name in page
    for plan in plans:
        assert plan["fits"] is True
        assert plan["per_gpu"]["weights_gib"] > 10
        assert plan["kv_cache"]["tokens"] > 0
    assert {plan["cluster"] for plan in plans} == {"nvidia-berlin", "amd-oslo"}
    assert plans[0]["checkpoint"]["source"] == "catalogue"
    assert changed(first.stdout) == 2
    assert changed(run(EXAMPLE, tmp_path, *files).stdout) == 0


def test_check_mode_shows_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    done = run(EXAMPLE, tmp_path, "--check", "-e", "vllm_plan_file=plan.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "qwen3-8b: fits" in done.stdout
    assert not (tmp_path / "plan.json").exists()


def test_one_cluster_alone_is_planned_with_limit(tmp_path: Path) -> None:
    done = run(EXAMPLE, tmp_path, "--limit", "amd-oslo", "-e", "vllm_plan_file=plan.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mistral-small: fits" in done.stdout
    [plan] = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["cluster"] == "amd-oslo"


def test_a_cluster_with_a_mistake_does_not_hide_the_others(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    good = {"name": "good", "model": "Qwen/Qwen3-8B", "gpu": {"product": "L40S"}}
    hosts = {"bad": {"vllm_models": [{"name": "x"}]}, "well": {"vllm_models": [good]}}
    path.write_text(yaml.safe_dump({"vllm_clusters": {"hosts": hosts}}), encoding="utf-8")
    done = run(path, tmp_path)
    assert done.returncode != 0
    assert "good: fits" in done.stdout
    assert "vllm_models[0].model" in done.stdout + done.stderr


def test_a_model_that_does_not_fit_is_an_answer(tmp_path: Path) -> None:
    large = {"name": "large", "model": "Qwen/Qwen3-32B", "gpu": {"product": "L4"}}
    done = run(inventory(tmp_path, large), tmp_path, "-e", "vllm_plan_file=plan.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "large: does not fit" in done.stdout
    [plan] = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["fits"] is False
    assert plan["minimum_gpus"] > 1
    assert all(reason["fix"] for reason in plan["reasons"])


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    base = {"model": "Qwen/Qwen3-8B"}
    wrong: list[dict[str, Any]] = [
        {**base, "name": "one", "gpu_memory_utilization": 1.5},
        {**base, "name": "two", "tensor_parallel_size": 0},
        {**base, "name": "three", "gpus": {"product": "L4"}},
    ]
    done = run(inventory(tmp_path, *wrong), tmp_path, "-e", "vllm_plan_file=plan.json")
    words = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    for path in (
        "vllm_models[0].gpu_memory_utilization",
        "vllm_models[1].tensor_parallel_size",
        "vllm_models[2].gpus",
    ):
        assert path in words
    assert "Traceback" not in words
    impossible: list[dict[str, Any]] = [
        {**base, "name": "one", "config": {"hidden_size": -1}},
        {**base, "name": "two", "config": {"num_hidden_layers": "many", "vocab_size": -2}},
        {**base, "name": "three", "kv_cache_memory_gib": 1e300},
    ]
    done = run(inventory(tmp_path, *impossible), tmp_path)
    words = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "vllm_models[0].config.hidden_size: is -1; it must be" in words
    assert "vllm_models[1].config.num_hidden_layers: is 'many'; it must be" in words
    assert "vllm_models[1].config.vocab_size: is -2; it must be" in words
    assert "vllm_models[2].kv_cache_memory_gib: 1e+300 is not allowed" in words


def test_a_place_that_cannot_be_written_is_named_before_anything_is_planned(
    tmp_path: Path,
) -> None:
    small = {"name": "small", "model": "Qwen/Qwen3-8B", "gpu": {"product": "L40S"}}
    options = ("-e", "vllm_plan_file=missing/plan.json", "-e", "vllm_report_file=.")
    done = run(inventory(tmp_path, small), tmp_path, *options)
    words = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "vllm_plan_file: " in words
    assert "there is no directory" in words
    assert "vllm_report_file: " in words
    assert "it is a directory; give the name of a file" in words
    assert "small: fits" not in words


def broken(directory: Path, name: str) -> dict[str, Any]:
    """A model whose directory is there, and its config is not JSON."""
    place = directory / name
    place.mkdir()
    (place / "config.json").write_text("{", encoding="utf-8")
    return {"name": name, "model": str(place), "storage": {"claim_name": "models"}}


def test_a_model_that_cannot_be_planned_does_not_hide_the_others(tmp_path: Path) -> None:
    good = {"model": "Qwen/Qwen3-8B", "gpu": {"product": "L40S"}}
    here = [broken(tmp_path, "one"), {**good, "name": "well"}, broken(tmp_path, "two")]
    hosts = {
        "here": {"vllm_models": here},
        "none": {"vllm_models": [broken(tmp_path, "three")]},
        "there": {"vllm_models": [{**good, "name": "sound"}]},
    }
    path = tmp_path / "hosts.yml"
    path.write_text(yaml.safe_dump({"vllm_clusters": {"hosts": hosts}}), encoding="utf-8")
    files = ("-e", "vllm_plan_file=plan.json", "-e", "vllm_report_file=plan.html")
    for options, written in ((("--check",), []), ((), ["well", "sound"])):
        done = run(path, tmp_path, *files, *options)
        words = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0
        assert "well: fits" in words
        assert "sound: fits" in words
        for name in ("one", "two", "three"):
            assert f"{name}: checkpoint: {tmp_path / name}" in words.replace("| ", "")
        # No run of this playbook is kept from planning by a switch.
        assert "vllm_preflight" not in words
        assert re.search(r"there : ok=\d+ .*failed=0", words)
        plan = tmp_path / "plan.json"
        shown = json.loads(plan.read_text(encoding="utf-8")) if plan.exists() else []
        assert [entry["name"] for entry in shown] == written
        assert (tmp_path / "plan.html").exists() == bool(written)


def test_models_that_can_none_of_them_be_planned_leave_no_files(tmp_path: Path) -> None:
    done = run(
        inventory(tmp_path, broken(tmp_path, "one")), tmp_path, "-e", "vllm_plan_file=plan.json"
    )
    assert done.returncode != 0
    assert "one: checkpoint" in done.stdout + done.stderr
    assert "No models to plan" not in done.stdout
    assert not (tmp_path / "plan.json").exists()
