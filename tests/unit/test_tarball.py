# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is published: small, without what only the checkout needs, usable where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
ONLY_IN_CHECKOUT = ("tests/", "molecule/", "requirements/", "Makefile", ".", "pyproject.toml")
MOST_BYTES = 480_000


def ansible(program: str, *arguments: str, cwd: Path) -> str:
    """Run a program of this environment that sees the installed collection only."""
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(cwd / "collections"), "NO_COLOR": "1"}
    env.pop("ANSIBLE_CONFIG", None)
    command = [str(Path(sys.executable).parent / program), *arguments]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that has the collection installed from its tarball, and an inventory."""
    path = tmp_path_factory.mktemp("elsewhere")
    ansible(
        "ansible-galaxy", "collection", "build", "--output-path", str(path), str(ROOT), cwd=path
    )
    [tarball] = path.glob("*.tar.gz")
    ansible("ansible-galaxy", "collection", "install", str(tarball), "-p", "collections", cwd=path)
    hosts: dict[str, object] = {"vllm_clusters": {"hosts": {"one": {"vllm_models": []}}}}
    (path / "inventory.yml").write_text(yaml.safe_dump(hosts))
    return path


def test_the_tarball_holds_what_users_need(elsewhere: Path) -> None:
    [tarball] = elsewhere.glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert [name for name in names if name.startswith(ONLY_IN_CHECKOUT)] == []
    assert [name for name in names if "__pycache__" in name] == []
    assert {"LICENSE", "README.md", "CHANGELOG.md", "meta/runtime.yml"} <= set(names)
    assert tarball.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbooks_run_by_their_full_name(elsewhere: Path, playbook: str) -> None:
    ansible(
        "ansible-playbook",
        *("--syntax-check", "-i", "inventory.yml", f"llmops.vllm.{playbook}"),
        cwd=elsewhere,
    )


def test_actions_are_documented(elsewhere: Path) -> None:
    for action in ("apply", "completion", "plan", "preflight"):
        assert "kubeconfig" in ansible("ansible-doc", f"llmops.vllm.{action}", cwd=elsewhere)
