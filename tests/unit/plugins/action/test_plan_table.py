# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The documented examples of the two forms of a plan, run by Ansible itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sample_plans import sample_plans

from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed
from ansible_collections.llmops.vllm.plugins.module_utils.report.page import plan_page
from ansible_collections.llmops.vllm.plugins.module_utils.report.table import plan_lines
from ansible_collections.llmops.vllm.plugins.modules import plan_table

ROOT = Path(__file__).parents[4]
PAGE = yaml.safe_load((ROOT / "plugins/filter/plan_page.yml").read_text(encoding="utf-8"))


def play(
    folder: Path, tasks: list[dict[str, Any]], *options: str
) -> subprocess.CompletedProcess[str]:
    """Run tasks on this machine, where importing the kubernetes library fails."""
    (folder / "kubernetes.py").write_text("raise ImportError('must not be needed')\n")
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(yaml.safe_dump(plays))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    env = os.environ | {"PYTHONPATH": str(folder), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        [program, "play.yml", *options],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--check", "--diff"]])
def test_the_example_of_the_table_runs(tmp_path: Path, options: list[str]) -> None:
    [task] = yaml.safe_load(plan_table.EXAMPLES)
    show = {"ansible.builtin.debug": {"msg": "{{ shown.lines | length }} lines"}}
    done = play(tmp_path, [{**task, "register": "shown"}, show], *options)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "1 model: 1 fits" in lines
    assert any(line.split()[:2] == ["tiny-llama", "1,048,576"] for line in lines)
    assert "changed=0" in done.stdout
    assert " lines" in done.stdout


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    done = play(tmp_path, yaml.safe_load(PAGE["EXAMPLES"]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,048,576 tokens" in (tmp_path / "plan.html").read_text(encoding="utf-8")


def test_a_bad_plan_is_one_clear_error(tmp_path: Path) -> None:
    done = play(tmp_path, [{"llmops.vllm.plan_table": {"plans": [{"host": {"cpu": "two"}}]}}])
    assert done.returncode != 0
    assert "plans[0].host.cpu: 'two' is not a number" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_sealed_plans_that_went_through_ansible_are_shown(tmp_path: Path) -> None:
    """Out of a file, through a variable that is templated, to the table and the page."""
    plans = sample_plans()
    (tmp_path / "plans.json").write_text(json.dumps([sealed(plan) for plan in plans], indent=2))
    read = {"plans": "{{ lookup('file', 'plans.json') | from_json }}"}
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.set_fact": read},
        {"llmops.vllm.plan_table": {"plans": "{{ plans }}"}},
        {
            "ansible.builtin.copy": {
                "content": "{{ plans | llmops.vllm.plan_page }}",
                "dest": "plan.html",
                "mode": "0644",
            }
        },
    ]
    done = play(tmp_path, tasks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n".join(plan_lines(plans)) in done.stdout
    assert (tmp_path / "plan.html").read_text(encoding="utf-8") == plan_page(plans)


def test_a_sealed_plan_that_was_edited_is_one_clear_error(tmp_path: Path) -> None:
    plans = [sealed(plan) for plan in sample_plans()[:2]]
    plans[1]["kv_cache"]["tokens"] = 77777
    for task in (
        {"llmops.vllm.plan_table": {"plans": plans}},
        {"ansible.builtin.debug": {"msg": "{{ plans | llmops.vllm.plan_page }}"}},
    ):
        done = play(tmp_path, [{**task, "vars": {"plans": plans}}])
        assert done.returncode != 0
        told = " ".join((done.stdout + done.stderr).split())
        assert "plans[1]: was changed or cut off after it had been made" in told
        assert "Traceback" not in told
