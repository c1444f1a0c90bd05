# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Containers that cannot be made, that end, or that never become ready."""

from __future__ import annotations

import re

from ...api.objects import Object
from ..facts import Container, Facts, Pod
from ..store import Exit, event_count
from .rule import Evidence, message_of, of_pod

OOM = "OOMKilled"
_STARTUP_PROBE = re.compile(r"(?:Container (\S+) )?failed startup probe")


def container_config(facts: Facts) -> Evidence | None:
    """The container cannot be made from its definition, such as a key missing in a Secret."""
    wanted = {"CreateContainerConfigError", "CreateContainerError"}
    for pod, container in facts.containers():
        reason = container.waiting.get("reason")
        message = message_of(container)
        if reason in wanted and "failed to sync" not in message:
            return of_pod(pod, f"the container cannot be made ({reason})", message)
    return None


def startup_budget(facts: Facts) -> Evidence | None:
    """The kubelet killed the container because its startup probe never passed."""
    for pod in facts.pods:
        for event in pod.events:
            found = _STARTUP_PROBE.search(str(event.get("message", "")))
            if found is None or pod.ready:
                continue
            name = found[1] or _main_container(pod)
            cause = f"was not ready within its startup budget{_budget(pod, name)} and was killed"
            lines = tuple(line for line in (str(event["message"]), _probe_says(pod)) if line)
            count, subject = event_count(event), f"Pod {pod.name}"
            return Evidence(subject, cause, lines, count, pod=pod.name, container=name)
    return None


def oom_killed(facts: Facts) -> Evidence | None:
    """A container that is to serve used up its memory; that it needs, it needs the next time too.

    Only one that has just ended counts: what runs again may have been killed days ago.
    """
    for pod, container in facts.containers():
        exits = container.memory.exits
        if container.running or _is_init(pod, container) or not exits:
            continue
        last = max(exits, key=lambda e: e.finished)
        if last.reason == OOM:
            return _ended(pod, container, last, times=len(exits))
    return None


def crash_loop(facts: Facts) -> Evidence | None:
    """The container ends again and again."""
    found = [
        _ended(pod, container, max(exits, key=lambda e: e.finished), times=_times(container, exits))
        for pod, container in facts.containers()
        if (exits := _bad_exits(pod, container))
    ]
    # Of several, the one that ended most often; of these, the first.
    return max(found, key=lambda evidence: evidence.count, default=None)


def _bad_exits(pod: Pod, container: Container) -> list[Exit]:
    """Return the ends that are failures; an init container that did its work has none left."""
    if not _is_init(pod, container):
        return container.memory.exits
    now = (container.status.get("state") or {}).get("terminated") or {}
    if now.get("exitCode") == 0:
        return []
    return [end for end in container.memory.exits if end.code != 0]


def _times(container: Container, exits: list[Exit]) -> int:
    return max(len(exits), int(container.status.get("restartCount", 0)))


def _ended(pod: Pod, container: Container, last: Exit, *, times: int) -> Evidence:
    reason = f" ({last.reason})" if last.reason not in {"", "Error"} else ""
    cause = f"container {container.name} ended with exit code {last.code}{reason}"
    cause += f", {times} times" if times > 1 else ""
    return Evidence(
        f"Pod {pod.name}",
        cause,
        tuple(last.message.splitlines()[-10:]),
        times,
        pod=pod.name,
        container=container.name,
        fix=_more_memory(pod, container) if last.reason == OOM else "",
    )


def _more_memory(pod: Pod, container: Container) -> str:
    """Say which limit to raise, and from where."""
    resources = _spec(pod, container.name).get("resources") or {}
    limit = (resources.get("limits") or {}).get("memory")
    main = container.name == _main_container(pod)
    key = "resources.limits.memory of the model"
    if not main:
        key = f"resources.limits.memory of container {container.name}"
    if limit is None:
        return f"the node ran out of memory: set {key}, with a request as large, to what it needs"
    return f"raise {key}: its limit is {limit}"


def _spec(pod: Pod, name: str) -> Object:
    """Return a container's definition, empty when the pod has none of this name."""
    spec = pod.item["spec"]
    found: list[Object] = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return next((item for item in found if item["name"] == name), {})


def _is_init(pod: Pod, container: Container) -> bool:
    """Tell whether a container does its work and ends; a sidecar among them goes on."""
    init = pod.item["spec"].get("initContainers") or []
    names = {item["name"] for item in init if item.get("restartPolicy") != "Always"}
    return container.name in names


def _main_container(pod: Pod) -> str:
    return str(pod.item["spec"]["containers"][0]["name"])


def _budget(pod: Pod, container: str) -> str:
    """Return " of N s" from the startup probe: the time that it surely leaves."""
    probe = _spec(pod, container).get("startupProbe")
    if not probe:
        return ""
    delay, period = int(probe.get("initialDelaySeconds", 0)), int(probe.get("periodSeconds", 10))
    return f" of {delay + (int(probe.get('failureThreshold', 3)) - 1) * period} s"


def _probe_says(pod: Pod) -> str:
    event = pod.latest("Unhealthy")
    return str(event.get("message", "")) if event else ""
