# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.plan_table``; its documentation is in plugins/modules/plan_table.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import shown_plans
from ansible_collections.llmops.vllm.plugins.module_utils.report.table import plan_lines

ARGUMENT_SPEC = {"plans": {"type": "list", "elements": "dict", "required": True}}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Show the table; a value that cannot be shown fails with its path."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        try:
            lines = plan_lines(shown_plans(arguments["plans"]))
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        # One message: lines of tasks that run side by side do not come in between.
        Display().display("\n".join(["", *lines, ""]))
        return result | {"changed": False, "lines": lines}
