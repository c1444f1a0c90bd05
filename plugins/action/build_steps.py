# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The action behind `llmops.vllm.build_steps`: arguments in, progress and a result out.

It is internal to the role `local_cluster`.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.llmops.vllm.plugins.plugin_utils.build_steps import (
    LINE_COLUMNS,
    Builder,
    Interrupted,
    Result,
    Step,
    StepError,
    StepFailed,
    duration,
)

STEP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "run": {"type": "str", "required": True},
    "title": {"type": "str", "default": ""},
    "needs": {"type": "list", "elements": "str", "default": []},
    "inputs": {"type": "list", "elements": "str", "default": []},
    "check": {"type": "str", "default": ""},
    "about_seconds": {"type": "int", "default": 0},
}
ABOUT_COLUMNS = 9
ARGUMENTS = {
    "steps": {"type": "list", "elements": "dict", "required": True, "options": STEP_OPTIONS},
    "state_dir": {"type": "path", "required": True},
    "variables": {"type": "dict", "default": {}},
    "jobs": {"type": "int", "default": 2},
}


class ActionModule(ActionBase):
    """Runs the steps in this process, so that progress reaches the terminal at once."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run what is missing, or in check mode say what would run."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        display = Display()
        try:
            builder = make_builder(arguments, display.display)
            missing = builder.missing()
            announce(missing, display)
            if self._task.check_mode:
                results = [Result(step.name, "missing", 0.0) for step in missing]
            else:
                results = builder.run()
        except (StepError, StepFailed, Interrupted) as error:
            raise AnsibleActionFail(str(error)) from error
        result["changed"] = any(one.outcome != "kept" for one in results)
        result["steps"] = [vars(one) for one in results]
        return result


def make_step(given: dict[str, Any]) -> Step:
    """Return the step for its validated mapping."""
    lists = {name: tuple(given[name]) for name in ("needs", "inputs")}
    return Step(**{**given, **lists})


def make_builder(arguments: dict[str, Any], report: Callable[[str], None]) -> Builder:
    """Return the builder for validated arguments; StepError when they do not fit together."""
    steps = [make_step(given) for given in arguments["steps"]]
    variables = {name: str(value) for name, value in arguments["variables"].items()}
    return Builder(
        steps=steps,
        state=Path(arguments["state_dir"]),
        environment={**os.environ, **variables},
        report=report,
        jobs=arguments["jobs"],
    )


def announce(missing: list[Step], display: Display) -> None:
    """Print what is going to be done, before it is."""
    if not missing:
        return
    seconds = sum(step.about_seconds for step in missing)
    about = f", about {duration(seconds)} of work" if seconds else ""
    display.display(f"Steps to do: {len(missing)}{about}")
    for step in missing:
        about = duration(step.about_seconds) if step.about_seconds else ""
        text = f"{about:>{ABOUT_COLUMNS}}  {step.title or step.name}"
        indent = " " * (ABOUT_COLUMNS + 2)
        display.display(textwrap.fill(text, LINE_COLUMNS, subsequent_indent=indent))
