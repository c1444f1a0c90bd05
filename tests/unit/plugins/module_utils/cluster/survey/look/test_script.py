# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the pod's script reports of directories of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.pod import (
    REPORT_LIMIT_BYTES,
)

from ....checkpoint.files import single, write
from ..inspection import at, run_script


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    directory = write(tmp_path / "model", single())
    (directory / "sub").mkdir()
    (directory / "sub" / "extra.txt").write_text("x")
    for path in (directory, *tmp_path.parents):
        if path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(0o755)
    return directory


def test_the_script_sees_a_good_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    report = run_script(at(checkpoint), tmp_path).report
    assert (report.bad_count, report.files) == (0, 3)
    assert (report.config, report.weights) == (True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run as another user")
def test_the_script_sees_what_another_user_cannot_read(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "model.safetensors").chmod(0o600)
    (checkpoint / "sub").chmod(0o700)
    tmp_path.chmod(0o755)
    report = run_script(at(checkpoint), tmp_path, uid=2000).report
    seen = {name: (mode, owner) for name, mode, owner, error in report.bad}
    assert seen == {"model.safetensors": (0o600, 0), "sub": (0o700, 0)}
    assert not report.writable


def test_the_report_fits_the_kubelets_limit(checkpoint: Path, tmp_path: Path) -> None:
    for number in range(200):
        (checkpoint / f"{'long-name-' * 20}{number}").symlink_to("nowhere")
    for number in range(20):
        (checkpoint / f"{number}{chr(0x6A21) * 80}.safetensors").write_bytes(b"")
    seen = run_script(at(checkpoint), tmp_path)
    assert (seen.report.bad_count, seen.report.bad[0][3]) == (200, "No such file or directory")
    assert seen.report.checkpoint is not None
    assert seen.report.checkpoint.fault_count == 20
    assert len(seen.message.encode()) <= REPORT_LIMIT_BYTES == 4096


def test_one_path_of_any_length_fits_the_report(checkpoint: Path, tmp_path: Path) -> None:
    deep = checkpoint.joinpath(*[chr(0x6A21) * 80] * 10)
    deep.mkdir(parents=True)
    (deep / "link").symlink_to("nowhere")
    seen = run_script(at(checkpoint), tmp_path)
    assert seen.report.bad[0][0].startswith(chr(0x6A21) * 80 + "/")
    assert len(seen.message.encode()) <= REPORT_LIMIT_BYTES
