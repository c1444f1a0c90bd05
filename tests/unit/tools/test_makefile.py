# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What make starts speaks while it works, in a pipe as on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# One long task that says what it is at, as those of the demo are.
PLAY = """\
---
- name: Work that takes a while
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Build
      llmops.vllm.build_steps:
        state_dir: "{folder}"
        steps:
          - {{name: first, run: "true"}}
          - {{name: second, run: sleep 3, needs: [first]}}
"""


def test_output_comes_before_the_end_in_a_pipe(tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY.format(folder=tmp_path))
    program = Path(sys.executable).with_name("ansible-playbook")
    target = f"try:\n\t@{program} -i localhost, {playbook}"
    env = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    came: float | None = None
    with subprocess.Popen(
        ["make", f"--eval={target}", "try"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if "second: started" in line:
                came = time.monotonic()
    assert process.returncode == 0
    assert came is not None
    # The work itself is three seconds; without the Makefile's word all comes at its end.
    assert time.monotonic() - came > 2
