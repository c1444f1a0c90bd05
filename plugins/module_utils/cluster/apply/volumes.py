# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What volumes need beside being applied: to be free for their claim, and to be bound to it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..api.connection import MERGE_PATCH
from ..api.kinds import known
from ..api.objects import Object, ObjectId
from ..api.parallel import each

if TYPE_CHECKING:
    from ..api.connection import Client
    from ..api.discovery import Discovery
    from .live import Live

# Binding takes well under a second; a claim that is not bound by then shows why in the watch.
USABLE_SECONDS = 20.0
TOUCH_SECONDS = 0.2
POLL_SECONDS = 0.05


def is_released(volume: Object) -> bool:
    """Tell whether a volume still holds the place of a claim that was deleted."""
    phase = (volume.get("status") or {}).get("phase")
    return phase == "Released" and "uid" in (volume["spec"].get("claimRef") or {})


def offer_again(client: Client, path: str, volume: Object, *, dry_run: bool) -> Object:
    """Let a released volume be bound by the next claim of the same name; its data is kept.

    Kubernetes keeps the deleted claim's UID in the volume, and so no other claim is ever bound.
    """
    claim = {"uid": None, "resourceVersion": None}
    version = volume["metadata"]["resourceVersion"]
    body = {"metadata": {"resourceVersion": version}, "spec": {"claimRef": claim}}
    query = {"dryRun": "All"} if dry_run else {}
    after: Object = client.request("PATCH", path, query=query, body=body, content_type=MERGE_PATCH)
    return after


def wait_until_usable(
    client: Client, live: Live, discovery: Discovery, names: Iterable[ObjectId]
) -> None:
    """Wait a little until volumes are known to the controller and claims are bound to theirs.

    A pod that comes before its claim is bound is put back by the scheduler for a long while.
    """
    now = time.monotonic()
    end, touch_at = now + USABLE_SECONDS, now + TOUCH_SECONDS
    waiting = list(names)
    while waiting and now < end:
        found = live.read(waiting)
        waiting = [name for name in waiting if not is_usable(name, found[name] or {})]
        now = time.monotonic()
        if waiting and now > touch_at:
            claims = [name for name in waiting if name.kind == "PersistentVolumeClaim"]
            each(lambda name: _touch(client, discovery.path(name)), claims)
            touch_at = time.monotonic() + TOUCH_SECONDS
        if waiting:
            time.sleep(POLL_SECONDS)


def is_usable(name: ObjectId, found: Object) -> bool:
    """Tell whether a volume or claim is ready for what stands on it."""
    return (found.get("status") or {}).get("phase") in known(name.kind).usable_phases


def _touch(client: Client, path: str) -> None:
    """Change a claim and change it back, so that its controller looks at it again.

    The controller's workers for volumes and for claims get in each other's way while they bind;
    the claim is then left alone until the next round, which comes every 15 seconds (kubernetes
    1.34, pkg/controller/volume/persistentvolume).
    """
    for value in ("1", None):
        body = {"metadata": {"annotations": {"llmops.vllm/touched": value}}}
        client.request("PATCH", path, body=body, content_type=MERGE_PATCH)


def belong_together(item: Object) -> bool:
    """Tell whether an object is a volume for one certain claim, or a claim for one volume."""
    spec = item.get("spec") or {}
    if item.get("kind") == "PersistentVolume":
        return bool(spec.get("claimRef"))
    return item.get("kind") == "PersistentVolumeClaim" and bool(spec.get("volumeName"))
