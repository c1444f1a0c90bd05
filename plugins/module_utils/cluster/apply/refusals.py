# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Says what an API server's refusal of one object means and what to do about it."""

from __future__ import annotations

import re

from ...findings import FindingsError, failure
from ..api.errors import ApiError
from ..api.objects import Object, ObjectId
from ..api.redact import Redactor, secret_values

_MANAGER = re.compile(r'conflict with "([^"]+)"')


def explain(error: ApiError, name: ObjectId, wanted: Object) -> FindingsError:
    """Return the error for one object; values of a Secret are taken out of the server's text."""
    redact = Redactor(secret_values(wanted) if name.kind == "Secret" else [])
    message = redact(error.message)
    if error.status == 401:
        return error
    if error.status == 409 and _conflicts(error):
        return _conflict(error, name)
    if error.status == 403:
        return _refused(message, name, error)
    return _invalid(message, name, error)


def _invalid(message: str, name: ObjectId, error: ApiError) -> FindingsError:
    """Explain a refusal that is about the object itself or its place."""
    if error.status == 404 and error.details.get("kind") == "namespaces":
        return failure(
            "missing_namespace",
            str(name),
            f'namespace "{name.namespace}" does not exist',
            fix="add the namespace to the objects, or create it first",
        )
    if error.status == 422 and re.search(
        r"immutable|may not be changed|forbidden: updates", message
    ):
        return _immutable(message, name)
    if error.status in {400, 422, 500}:
        return failure(
            "refused",
            str(name),
            f"the API server refuses it: {message}",
            fix="correct the named field (of the model, of patch: or of extra_objects:)",
        )
    return failure(
        "refused", str(name), f"{message} ({error.status})", fix="run the same command again"
    )


def _conflicts(error: ApiError) -> list[tuple[str, str]]:
    """Return (field, manager) for each field that someone else has set."""
    found = []
    for cause in error.causes():
        if cause.get("reason") == "FieldManagerConflict":
            manager = _MANAGER.search(cause.get("message", ""))
            found.append((cause.get("field", "?"), manager.group(1) if manager else "another"))
    return found


def _conflict(error: ApiError, name: ObjectId) -> FindingsError:
    rows = _conflicts(error)
    managers = sorted({row[1] for row in rows})
    return failure(
        "conflict",
        str(name),
        f"{len(rows)} field(s) are managed by someone else and are not taken over",
        evidence=[f'{field} is managed by "{manager}"' for field, manager in rows],
        fix="give these fields the live values in your variables, or release them from "
        f"{', '.join(managers)} (kubectl apply --server-side --force-conflicts "
        "--field-manager=llmops.vllm takes them over)",
    )


def _refused(message: str, name: ObjectId, error: ApiError) -> FindingsError:
    """Tell a missing right from an admission rule and from a namespace that is going away."""
    if any(cause.get("reason") == "NamespaceTerminating" for cause in error.causes()):
        return failure(
            "namespace_terminating",
            str(name),
            f'namespace "{name.namespace}" is being deleted',
            fix="wait until it is gone (kubectl get namespace), then run the same command again",
        )
    if "PodSecurity" in message or "violates" in message:
        fix = "correct the pod's security settings, or the namespace's Pod Security level"
    elif "quota" in message:
        fix = "ask for a larger quota, or deploy smaller or fewer models"
    elif "cannot" in message:
        fix = error.first.fix
    else:
        fix = "an admission rule of the cluster refuses it: see the message"
    return failure("forbidden", str(name), message, evidence=error.first.evidence, fix=fix)


def _immutable(message: str, name: ObjectId) -> FindingsError:
    kind = name.kind.lower()
    place = f" -n {name.namespace}" if name.namespace else ""
    fix = f"to let it be made anew: kubectl delete {kind} {name.name}{place}, then run again"
    if name.kind in {"PersistentVolumeClaim", "PersistentVolume"}:
        fix = "keep the storage settings as they were, or give the storage a new name; " + fix
    return failure(
        "immutable_field",
        str(name),
        "a field was changed that Kubernetes lets nobody change after creation",
        evidence=[message],
        fix=fix,
    )
