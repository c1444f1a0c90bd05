# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The programs that a local cluster's node is made with."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = Path(__file__).resolve().parents[4] / "roles" / "local_cluster" / "files"


def load(name: str) -> ModuleType:
    """Import a program of the role by its path."""
    spec = importlib.util.spec_from_file_location(name, FILES / "node" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tarfile.TarFile]:
    """An archive of two images that share a layer, and of one with a layer of its own."""
    for name in ("program", "other"):
        (tmp_path / name).write_text(name)
    with tarfile.open(tmp_path / "base.tar", "w") as base:
        base.add(tmp_path / "other", "etc/other")
    layers = {
        "base": {"tar": str(tmp_path / "base.tar")},
        "program": {
            "files": [
                {"path": "bin/program", "source": str(tmp_path / "program"), "links": ["alias"]}
            ]
        },
    }
    images = [
        {"name": "localhost/one:1", "layers": ["program"], "config": {"Entrypoint": ["program"]}},
        {"name": "localhost/two:1", "layers": ["base", "program"], "config": {}},
    ]
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"layers": layers, "images": images}))
    load("image_archive").main(str(spec), str(tmp_path / "images.tar"))
    with tarfile.open(tmp_path / "images.tar") as archive:
        yield archive


def member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream
    return stream.read()


def test_archive_names_images_and_shares_layers(archive: tarfile.TarFile) -> None:
    one, two = json.loads(member(archive, "manifest.json"))
    assert (one["RepoTags"], two["RepoTags"]) == (["localhost/one:1"], ["localhost/two:1"])
    assert two["Layers"][1:] == one["Layers"]
    layers = [name for name in archive.getnames() if name.endswith("layer.tar")]
    assert len(layers) == 2


def test_archive_has_the_digests_of_its_layers(archive: tarfile.TarFile) -> None:
    for image in json.loads(member(archive, "manifest.json")):
        config = json.loads(member(archive, image["Config"]))
        digests = [hashlib.sha256(member(archive, name)).hexdigest() for name in image["Layers"]]
        assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in digests]


def test_program_is_executable_and_has_its_other_names(archive: tarfile.TarFile) -> None:
    [image, _two] = json.loads(member(archive, "manifest.json"))
    with tarfile.open(fileobj=archive.extractfile(image["Layers"][0])) as layer:
        program, alias = layer.getmembers()
        assert (program.name, program.mode, program.uid) == ("bin/program", 0o755, 0)
        assert (alias.name, alias.linkname) == ("bin/alias", "program")


@pytest.fixture
def runc(tmp_path: Path) -> Path:
    """A runc that only shows what it was called with."""
    program = tmp_path / "bin" / "runc"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    return program


def run_wrapper(runc: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, FILES / "node" / "runc_within_limits.py", *arguments],
        env={**os.environ, "PATH": f"{runc.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def process() -> dict[str, Any]:
    """An OCI process that asks for more than any machine has."""
    return {
        "capabilities": {"bounding": ["CAP_CHOWN", "CAP_NO_SUCH"]},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 2**40, "soft": 2**40}],
    }


def assert_fitted(given: dict[str, Any]) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert "CAP_NO_SUCH" not in given["capabilities"]["bounding"]
    if limit != resource.RLIM_INFINITY:
        assert given["rlimits"][0]["hard"] == limit


@pytest.mark.parametrize("command", ["create", "run"])
def test_wrapper_fits_the_container(runc: Path, tmp_path: Path, command: str) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": process()}))
    assert run_wrapper(runc, command, "--bundle", str(tmp_path), "name").startswith(command)
    assert_fitted(json.loads(config.read_text())["process"])


def test_wrapper_fits_the_process_of_exec(runc: Path, tmp_path: Path) -> None:
    file = tmp_path / "process.json"
    file.write_text(json.dumps(process()))
    run_wrapper(runc, "exec", f"--process={file}", "name")
    assert_fitted(json.loads(file.read_text()))


def test_wrapper_hands_other_commands_on(runc: Path) -> None:
    assert run_wrapper(runc, "state", "name") == "state name"
