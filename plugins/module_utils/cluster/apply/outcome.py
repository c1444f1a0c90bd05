# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What happened to one object."""

from __future__ import annotations

from dataclasses import dataclass

from ..api.objects import Object, ObjectId


@dataclass(frozen=True)
class Outcome:
    """What happened to one object; ``before`` and ``after`` are as the API server has them.

    ``result`` is created, changed, unchanged, deleted or absent. In a dry run it is what would
    happen.
    """

    id: ObjectId
    result: str
    before: Object | None
    after: Object | None

    @property
    def changed(self) -> bool:
        """Tell whether the cluster is another one than before."""
        return self.result not in {"unchanged", "absent"}
