# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A namespace for the pods that look, which is removed again whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ....manifests.common import MANAGER
from ...api.errors import ApiError
from ...api.kinds import known

if TYPE_CHECKING:
    from ...api.connection import Client

LABELS = {
    "app.kubernetes.io/managed-by": MANAGER,
    "app.kubernetes.io/component": "preflight",
    "pod-security.kubernetes.io/enforce": "privileged",
}
LEFTOVER_AGE = timedelta(minutes=10)
DELETE = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}


@contextmanager
def temporary_namespace(client: Client) -> Iterator[str]:
    """Make a namespace and remove it again, whatever happens; remove old leftovers too."""
    _remove_leftovers(client)
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"generateName": "llmops-vllm-preflight-", "labels": LABELS},
    }
    name = str(client.request("POST", known("Namespace").path(), body=body)["metadata"]["name"])
    try:
        _create_account(client, name)
        yield name
    finally:
        _delete_namespace(client, name)


def _create_account(client: Client, namespace: str) -> None:
    """Make the account that every pod needs, which its controller would make a moment later."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    try:
        client.request("POST", known("ServiceAccount").path(namespace), body=body)
    except ApiError as error:
        if error.status not in {403, 409}:
            raise


def _delete_namespace(client: Client, name: str) -> None:
    try:
        client.request("DELETE", known("Namespace").path(name=name), body=DELETE)
    except ApiError as error:
        if error.status not in {404, 409}:
            raise


def _remove_leftovers(client: Client) -> None:
    """Remove namespaces of runs that were killed before they could tidy up."""
    keys = ("app.kubernetes.io/managed-by", "app.kubernetes.io/component")
    query = {"labelSelector": ",".join(f"{key}={LABELS[key]}" for key in keys)}
    try:
        answer = client.get(known("Namespace").path(), query=query)
    except ApiError:
        return  # not allowed to list them; the next run of someone who is will remove them
    for item in answer.get("items") or []:
        metadata = item["metadata"]
        age = datetime.now(UTC) - datetime.fromisoformat(metadata["creationTimestamp"])
        if age > LEFTOVER_AGE and not metadata.get("deletionTimestamp"):
            _delete_namespace(client, metadata["name"])
