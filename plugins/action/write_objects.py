# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.write_objects``; documented in plugins/modules/write_objects.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.plain import to_plain
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import all_objects
from ansible_collections.llmops.vllm.plugins.plugin_utils.object_files import (
    ObjectFile,
    changes,
    object_files,
    write,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "objects": {"type": "dict", "required": True},
    "directory": {"type": "path", "required": True},
    "secrets": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write what is new, in check mode only tell; a place that cannot be written fails."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        directory = Path(arguments["directory"])
        try:
            objects = to_plain(arguments["objects"], subject="objects")
            files = object_files(all_objects(objects), secrets=arguments["secrets"])
            found = changes(directory, files)
            if not self._task.check_mode:
                write(directory, found)
        except FindingsError as error:
            raise AnsibleActionFail(str(error)) from error
        except OSError as error:
            raise AnsibleActionFail(
                f"{error.filename or directory}: cannot be written: {error.strerror}"
            ) from error
        return result | {
            "changed": bool(found),
            "files": _names(directory, files),
            "diff": [change.diff() for change in found] if self._task.diff else [],
        }


def _names(directory: Path, files: list[ObjectFile]) -> list[str]:
    return [str(directory / file.name) for file in files]
