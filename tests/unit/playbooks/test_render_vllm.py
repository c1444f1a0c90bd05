# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The playbook render_vllm.yml, run as a user runs it, on a machine without a cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from . import playing
from .playing import EXAMPLE, ROOT, changed, inventory

GOLDEN = ROOT / "tests" / "data" / "golden"
PLAN = "llmops.vllm/plan"


def run(inventory: Path, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook where importing the kubernetes library fails."""
    (directory / "kubernetes.py").write_text("raise ImportError('must not be needed')\n")
    path = {"PYTHONPATH": str(directory)}
    return playing.run("render_vllm.yml", inventory, directory, *options, **path)


def objects(directory: Path) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(directory.rglob("*.yaml"))]


def test_the_example_is_written_as_it_would_be_sent(tmp_path: Path) -> None:
    options = ("-e", "vllm_render_dir=out")
    first = run(EXAMPLE, tmp_path, *options)
    assert first.returncode == 0, first.stdout + first.stderr
    assert changed(first.stdout) == 2
    for cluster in ("nvidia-berlin", "amd-oslo"):
        golden = yaml.safe_load((GOLDEN / f"{cluster}.yml").read_text())
        wanted = [item for component in golden.values() for item in component]
        made = objects(tmp_path / "out" / cluster)
        for item in [*made, *wanted]:
            item["metadata"].get("annotations", {}).pop(PLAN, None)
        assert sorted(made, key=str) == sorted(wanted, key=str)
    names = [path.name for path in sorted((tmp_path / "out" / "nvidia-berlin").iterdir())]
    assert names[0] == "0-namespace-models.yaml"
    assert names[-1].startswith("3-service-")
    again = run(EXAMPLE, tmp_path, *options)
    assert changed(again.stdout) == 0


def test_check_and_diff_show_and_write_nothing(tmp_path: Path) -> None:
    done = run(EXAMPLE, tmp_path, "--check", "--diff", "-e", "vllm_render_dir=out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+kind: Deployment" in done.stdout
    assert changed(done.stdout) == 2
    assert not (tmp_path / "out").exists()


def test_what_left_the_inventory_goes_and_a_users_file_stays(tmp_path: Path) -> None:
    base = {"model": "org/x", "accelerator": "cpu"}
    options = ("-e", "vllm_render_dir=out")
    run(inventory(tmp_path, {**base, "name": "one"}, {**base, "name": "two"}), tmp_path, *options)
    mine = tmp_path / "out" / "here" / "mine.yaml"
    mine.write_text("kind: Mine\n")
    done = run(inventory(tmp_path, {**base, "name": "one"}), tmp_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    names = [path.name for path in sorted((tmp_path / "out" / "here").iterdir())]
    assert names == [
        "0-namespace-vllm.yaml",
        "2-deployment-vllm.one.yaml",
        "3-service-vllm.one.yaml",
        "mine.yaml",
    ]


def test_secrets_are_for_their_owner_only_or_left_out(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "vllm"},
        "stringData": {"key": "hunter-two"},
    }
    model = {"name": "one", "model": "org/x", "accelerator": "cpu", "extra_objects": [secret]}
    path = inventory(tmp_path, model)
    done = run(path, tmp_path, "--diff", "-e", "vllm_render_dir=out")
    assert done.returncode == 0, done.stdout + done.stderr
    [file] = (tmp_path / "out" / "here").glob("*secret*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "hunter-two" in file.read_text()
    assert "hunter-two" not in done.stdout + done.stderr
    without = ("-e", "vllm_render_dir=out", "-e", "vllm_render_secrets=false")
    done = run(path, tmp_path, "--diff", *without)
    assert list((tmp_path / "out" / "here").glob("*secret*")) == []
    assert "hunter-two" not in done.stdout + done.stderr


def test_a_directory_without_a_node_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    storage = {"host_path": "/models/x"}
    path = inventory(tmp_path, {"name": "one", "model": "/models/x", "storage": storage})
    done = run(path, tmp_path, "-e", "vllm_render_dir=out")
    words = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "one: storage.host_path: no node is known to have /models/x" in words
    assert "give storage.node" in words
    assert not (tmp_path / "out").exists()


def test_the_directory_has_to_be_given(tmp_path: Path) -> None:
    done = run(inventory(tmp_path, {"name": "one", "model": "org/x"}), tmp_path)
    assert done.returncode != 0
    assert "-e vllm_render_dir=rendered" in done.stdout + done.stderr


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = inventory(tmp_path, {"name": "one", "model": "org/x"})
    done = run(path, tmp_path, "-e", "vllm_render_dir=file")
    assert done.returncode != 0
    assert "cannot be written: " in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stdout + done.stderr
