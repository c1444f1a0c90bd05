# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the plan finds wrong before it talks to a cluster, run by Ansible itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def plan(folder: Path, **arguments: Any) -> str:
    """The output of a plan with a kubeconfig that does not exist."""
    given = {"namespace": "x", "kubeconfig": str(folder / "none.yml"), **arguments}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible")),
            *("localhost", "-m", "llmops.vllm.plan", "-a", json.dumps(given)),
        ],
        cwd=folder,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1", "HF_HUB_OFFLINE": "1", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join((done.stdout + done.stderr).split())


def test_bad_keys_and_a_bad_config_are_told_at_once(tmp_path: Path) -> None:
    models = [
        {"name": "a", "model": "b/c", "config": {"hidden_size": -1}},
        {"name": "d", "model": "b/c", "max_model_len": 0},
    ]
    words = plan(tmp_path, models=models)
    assert "vllm_models[0].config.hidden_size: is -1; it must be at least 1" in words
    assert "vllm_models[1].max_model_len: 0 is not allowed" in words
    assert "none.yml" not in words.replace(str(tmp_path), "")
    assert "Traceback" not in words


def test_without_the_checks_a_bad_config_is_a_warning(tmp_path: Path) -> None:
    models = [{"name": "a", "model": "b/c", "config": {"hidden_size": -1}}]
    words = plan(tmp_path, models=models, strict=False)
    assert "[WARNING]: a: config.hidden_size is -1; it must be at least 1" in words
    assert "localhost | SUCCESS" in words
