# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the actions that talk to a cluster have in common."""

from __future__ import annotations

import contextlib
import signal
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.plain import to_plain
from ansible_collections.llmops.vllm.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    Severity,
)

if TYPE_CHECKING:
    from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client

ArgumentSpec = dict[str, dict[str, Any]]

CONNECTION_SPEC: ArgumentSpec = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
}


class ClusterAction(ActionBase):  # type: ignore[misc]
    """Validates the arguments, connects, and turns errors into a failed result once."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    ARGUMENT_SPEC: ClassVar[ArgumentSpec]

    @abstractmethod
    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do the action's job; ``arguments`` are validated and of plain Python types."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the action; a failure comes back as ``failed`` with its message."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self.validate_argument_spec(argument_spec=self.ARGUMENT_SPEC)[1]
        try:
            with _interruptible():
                arguments = to_plain(given, subject=f"task {self._task.action}")
                return result | self.work(arguments)
        except FindingsError as error:
            return result | {"failed": True, "msg": str(error)}
        except KeyboardInterrupt:
            message = "interrupted; what was applied stays, run the same command again to go on"
            return result | {"failed": True, "msg": message}

    def say(self, line: str) -> None:
        """Show a line at once, while the task still runs."""
        Display().display(line)

    def tell(self, findings: Iterable[Finding]) -> None:
        """Warn of the findings that do not end the run; each on one line if it shows nothing."""
        for finding in findings:
            if finding.severity is Severity.WARNING:
                self.warn(str(finding) if finding.evidence else finding.line)

    def warn(self, text: str) -> None:
        """Show a warning, and return it in the result's ``warnings``."""
        Display().warning(text)

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be changed."""
        return bool(self._task.check_mode)

    @contextlib.contextmanager
    def cluster(self, arguments: dict[str, Any]) -> Iterator[Client]:
        """Connect as the arguments say; shows what the API server warned about."""
        # A plan without a cluster does not pay for the kubernetes library.
        from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
            connect,
        )

        client = connect(arguments.get("kubeconfig"), arguments.get("context"))
        try:
            yield client
        finally:
            client.close()
        # Such as Pod Security, a deprecated version, a doubled environment variable.
        for warning in client.warnings:
            self.warn(warning)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, so that temporary objects are cleaned up.

    Ansible's own handler in a worker ends the process on the spot. Ansible sends the signal twice
    and another one five seconds later: only the first may interrupt, the others would interrupt
    the cleaning up.
    """
    old = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        for name in old:
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in old:
        signal.signal(name, interrupt)
    try:
        yield
    finally:
        for name, handler in old.items():
            signal.signal(name, handler)
