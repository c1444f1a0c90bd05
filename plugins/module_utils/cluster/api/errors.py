# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""An error status of the API server: a finding, and what the server said in its own words."""

from __future__ import annotations

from typing import Any

from ...findings import Finding, FindingsError


class ApiError(FindingsError):
    """The API server answered with an error status.

    ``status`` is the HTTP code, ``reason`` and ``message`` are the server's own words and
    ``details`` is the ``details`` mapping of its Status object.
    """

    def __init__(
        self,
        finding: Finding,
        *,
        status: int,
        message: str = "",
        reason: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__([finding])
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details or {}

    def causes(self) -> list[dict[str, str]]:
        """Return the single causes (``reason``, ``field``, ``message``) that the server lists."""
        causes = self.details.get("causes")
        return [dict(cause) for cause in causes] if isinstance(causes, list) else []
