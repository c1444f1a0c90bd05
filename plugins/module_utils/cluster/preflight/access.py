# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Asks the API server what this user may do, and says what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ...findings import Finding
from ..api.errors import ApiError
from ..api.parallel import each

if TYPE_CHECKING:
    from ..api.connection import Client

_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource; ``namespace`` is "" for cluster scope.

    ``name``: the one object that it is about, "" for all of them.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    subresource: str = ""
    name: str = ""

    def __str__(self) -> str:
        plural = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {plural}{'/' + self.subresource if self.subresource else ''}"


def missing_rights(
    client: Client, needed: Iterable[Right], helpful: Mapping[Right, str]
) -> list[Finding]:
    """Ask for all rights, each once; an error for those needed, a warning for those that help.

    ``helpful`` maps a right to what the user does not get to see without it.
    """
    required = set(needed)
    rights = sorted(required | set(helpful))
    answers = each(partial(allowed, client), rights)
    denied = [right for right, answer in zip(rights, answers, strict=True) if not answer]
    errors = _errors(client, [right for right in denied if right in required])
    without = [right for right in denied if right not in required]
    return errors + [_warning(right, helpful[right]) for right in without]


def allowed(client: Client, right: Right) -> bool:
    """Ask for one right."""
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
        "namespace": right.namespace,
        "name": right.name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = client.request("POST", _REVIEW, body=body)
    return bool((answer.get("status") or {}).get("allowed"))


def _warning(right: Right, unseen: str) -> Finding:
    cause = f"this user may not {right}: {unseen} will not be shown"
    return Finding.warning("missing_helpful_right", _subject(right.namespace), cause)


def _errors(client: Client, denied: Sequence[Right]) -> list[Finding]:
    """Return one error per namespace with all the rights that are missing there."""
    user = _user(client) if denied else ""
    errors = []
    for place in sorted({right.namespace for right in denied}):
        missing = dict.fromkeys(str(right) for right in denied if right.namespace == place)
        errors.append(
            Finding.error(
                "missing_rights",
                _subject(place),
                f"this user may not: {', '.join(missing)}",
                evidence=[f"user: {user}", *client.origin.lines()],
                fix="ask an administrator for a role with these rights"
                + (", or set vllm_namespace to a namespace that you may use" if place else ""),
            )
        )
    return errors


def _subject(place: str) -> str:
    return f"namespace {place}" if place else "cluster"


def _user(client: Client) -> str:
    """Return who the API server takes us for."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = client.request("POST", _WHO, body=body)
    except ApiError:
        return "unknown (API server before 1.28)"
    return str(answer["status"]["userInfo"]["username"])
