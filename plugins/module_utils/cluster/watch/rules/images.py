# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Images that cannot be pulled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...api.objects import Object
from ..facts import Container, Facts, Pod
from ..store import PULL_REASONS, event_count
from .rule import Evidence, message_of, of_pod

_REFUSED_PULL = re.compile(
    r"not found|manifest unknown|does not exist|denied|unauthorized|forbidden|no match for platform"
    r"|no matching manifest|invalid reference|unsupported protocol",
    re.IGNORECASE,
)


def image_invalid(facts: Facts) -> Evidence | None:
    """The image name cannot be parsed, or the image may not be pulled and is not on the node."""
    for pod, container in facts.containers():
        reason = container.waiting.get("reason")
        if reason in {"InvalidImageName", "ErrImageNeverPull"}:
            cause = f"image cannot be used: {_image(pod, container)} ({reason})"
            return of_pod(pod, cause, message_of(container))
    return None


def image_refused(facts: Facts) -> Evidence | None:
    """The registry says that there is no such image, or not for us."""
    return _pull_failure(facts, refused=True)


def image_unreachable(facts: Facts) -> Evidence | None:
    """The registry cannot be reached, or is too busy."""
    return _pull_failure(facts, refused=False)


def _pull_failure(facts: Facts, *, refused: bool) -> Evidence | None:
    for pod, container in facts.containers():
        if container.waiting.get("reason") not in PULL_REASONS:
            continue
        failed = pod.latest("Failed")
        events = [
            event
            for event in pod.events
            if event.get("reason") == "Failed" and "Failed to pull" in str(event.get("message"))
        ]
        text = container.memory.pull_error or str((events or [{}])[-1].get("message", ""))
        if failed is None and not text:
            continue
        if bool(_REFUSED_PULL.search(text)) is refused:
            cause = f"image cannot be pulled: {_image(pod, container)}"
            count = max([container.memory.pull_failures, *map(event_count, events)])
            return of_pod(pod, cause, text, count=count)
    return None


def _image(pod: Pod, container: Container) -> str:
    spec = pod.item["spec"]
    for item in _all_containers(spec):
        if item["name"] == container.name:
            return str(item.get("image", ""))
    return str(container.status.get("image", ""))


def _all_containers(spec: Object) -> Iterable[Object]:
    return [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
