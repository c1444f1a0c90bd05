# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Runs a playbook as a user runs it, on a machine without a cluster."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "inventories" / "example"


def run(
    playbook: str, inventory: Path, directory: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a playbook in a directory that has neither a kubeconfig nor a cache."""
    own = {"HOME": str(directory), "HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(directory)}
    own |= {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **environment}
    outer = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    program = Path(sys.executable).with_name("ansible-playbook")
    return subprocess.run(
        [str(program), "-i", str(inventory), str(ROOT / "playbooks" / playbook), *options],
        cwd=directory,
        env=outer | own,
        capture_output=True,
        text=True,
        check=False,
    )


def changed(output: str) -> int:
    """Return the number of changes that the recap tells."""
    return sum(map(int, re.findall(r"changed=(\d+)", output)))


def inventory(directory: Path, *models: dict[str, Any]) -> Path:
    """Write an inventory of one cluster."""
    path = directory / "hosts.yml"
    hosts = {"here": {"vllm_models": list(models)}}
    path.write_text(yaml.safe_dump({"vllm_clusters": {"hosts": hosts}}), encoding="utf-8")
    return path
