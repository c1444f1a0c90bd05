# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Asks the API server what this user may do, before anything is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...findings import Finding
from ..api.discovery import Discovery
from ..api.errors import ApiError
from ..api.objects import Object, object_id
from ..api.parallel import each

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource; ``namespace`` is "" for cluster scope."""

    verb: str
    group: str
    resource: str
    namespace: str
    subresource: str = ""

    def __str__(self) -> str:
        plural = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {plural}{'/' + self.subresource if self.subresource else ''}"


@dataclass(frozen=True)
class Access:
    """The result of the review: errors to stop at, and warnings for rights that only help."""

    errors: list[Finding]
    warnings: list[str]


def check_access(
    client: Client,
    namespace: str,
    models: Sequence[Model],
    objects: Sequence[Object],
) -> Access:
    """Compare what a deployment needs with what this user may do; raises when not reachable."""
    needed = set(_watching(namespace))
    if objects:
        needed |= set(_applying(client, objects))
    else:
        needed |= set(_deploying(namespace, models))
    if any(model.storage.host_path for model in models):
        needed |= {Right(verb, "", "persistentvolumes", "") for verb in ("create", "patch")}
    helpful = {
        Right("list", "", "events", namespace): "the reasons of a failure",
        Right("get", "", "pods", namespace, "log"): "the log lines of a failure",
        Right("list", "", "nodes", ""): "whether a model can ever fit a node",
    }
    rights = sorted(needed | set(helpful))
    answers = each(lambda right: allowed(client, right), rights)
    denied = [right for right, answer in zip(rights, answers, strict=True) if not answer]
    warnings = [
        f"this user may not {r}: {helpful[r]} will not be shown" for r in denied if r in helpful
    ]
    return Access(_errors(client, [right for right in denied if right in needed]), warnings)


def allowed(client: Client, right: Right) -> bool:
    """Ask for one right."""
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
        "namespace": right.namespace,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = client.request("POST", _REVIEW, body=body)
    return bool((answer.get("status") or {}).get("allowed"))


def _watching(namespace: str) -> Iterable[Right]:
    for group, resource in (("apps", "deployments"), ("apps", "replicasets"), ("", "pods")):
        yield Right("list", group, resource, namespace)
    yield Right("create", "", "services", namespace, "proxy")


def _deploying(namespace: str, models: Sequence[Model]) -> Iterable[Right]:
    kinds = [("apps", "deployments"), ("", "services")]
    if any(model.storage.makes_claim for model in models):
        kinds.append(("", "persistentvolumeclaims"))
    for group, resource in kinds:
        for verb in ("get", "create", "patch"):
            yield Right(verb, group, resource, namespace)


def _applying(client: Client, objects: Sequence[Object]) -> Iterable[Right]:
    """Yield the rights for server-side apply: it needs create and patch, and get for the diff."""
    discovery = Discovery(client)
    for name in {object_id(item) for item in objects}:
        resource = discovery.kind(name)
        place = name.namespace if resource.namespaced else ""
        for verb in ("get", "create", "patch"):
            yield Right(verb, name.group, resource.plural, place)


def _errors(client: Client, denied: Sequence[Right]) -> list[Finding]:
    """Return one error per namespace with all the rights that are missing there."""
    user = _user(client) if denied else ""
    errors = []
    for place in sorted({right.namespace for right in denied}):
        subject = f"namespace {place}" if place else "cluster"
        missing = [str(right) for right in denied if right.namespace == place]
        errors.append(
            Finding.error(
                "missing_rights",
                subject,
                f"this user may not: {', '.join(missing)}",
                evidence=[f"user: {user}", *client.origin.lines()],
                fix="ask an administrator for a role with these rights"
                + (", or set vllm_namespace to a namespace that you may use" if place else ""),
            )
        )
    return errors


def _user(client: Client) -> str:
    """Return who the API server takes us for."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = client.request(
            "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body
        )
    except ApiError:
        return "unknown (API server before 1.28)"
    return str(answer["status"]["userInfo"]["username"])
