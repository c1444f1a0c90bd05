# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The state of a look at one directory, and what all looks together have found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....checkpoint.result import Checkpoint
from ....findings import Finding
from .pod import Report

if TYPE_CHECKING:
    from ....spec.model import Model


@dataclass
class Look:
    """One model's directory on one node; ``report`` or ``problem`` is set when it is done.

    ``mounted`` tells whether the directory was there, even if nobody could look inside.
    ``checkpoint`` is what the report says about the model, ``faults`` why the server will not
    take that, the first of all ``fault_count``.
    """

    model: Model
    node: str
    report: Report | None = None
    mounted: bool | None = None
    problem: str = ""
    pulling_since: float | None = None
    checkpoint: Checkpoint | None = None
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0

    @property
    def done(self) -> bool:
        """Tell whether nothing more will come."""
        return self.report is not None or self.mounted is False or bool(self.problem)


@dataclass
class Found:
    """What was found: ``nodes`` maps a model to the hostname label of its node.

    ``checkpoints`` has the models whose directory holds the checkpoint and was looked at: their
    source is ``node``, or ``none`` when config.json could not be brought here.
    """

    nodes: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
