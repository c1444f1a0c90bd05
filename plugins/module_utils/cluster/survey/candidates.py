# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes that may have a model's directory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...findings import FindingsError, failure
from ...manifests.storage import HOSTNAME_LABEL, volume_name
from ...plan.inputs import inputs_digest
from ...plan.seal import NotTrustedError
from ..api.objects import Object
from .last_deployment import carried_plan
from .no_node import no_node
from .placement import takes
from .snapshot import Listing, Snapshot

if TYPE_CHECKING:
    from ...spec.model import Model

MOST_CANDIDATES = 8
SIMULATED = "kwok.x-k8s.io/node"


@dataclass(frozen=True)
class Candidates:
    """The nodes of the cluster, as candidates for a directory."""

    nodes: Listing

    @cached_property
    def simulated(self) -> frozenset[str]:
        """Return the names of nodes that only pretend to run pods."""
        return frozenset(
            str(node["metadata"]["name"])
            for node in self.nodes.items or ()
            if SIMULATED in (node["metadata"].get("annotations") or {})
        )

    def hostname(self, name: str) -> str:
        """Return the label by which a volume finds the node; mostly, not always, its name."""
        node = self.nodes.named(name)
        return hostname_of(node) if node else name

    def of(self, model: Model) -> list[str]:
        """Return the nodes to look at; raises ``FindingsError`` for none or too many."""
        subject = f"{model.name}: storage.host_path"
        given = model.storage.node or model.node_name
        if given:
            self._check_given(subject, given)
            return [given]
        if self.nodes.items is None:
            raise failure(
                "node_unknown",
                subject,
                "needs its node, and this user may not list the nodes",
                evidence=[self.nodes.why_not],
                fix="set storage.node to the node that has the directory",
            )
        names = sorted(n["metadata"]["name"] for n in self.nodes.items if takes(n, model))
        if not names:
            fix = "set storage.node"
            raise FindingsError([no_node(subject, self.nodes.items, model, fix=fix)])
        if len(names) > MOST_CANDIDATES:
            raise failure(
                "too_many_nodes",
                subject,
                f"{len(names)} nodes may have {model.storage.host_path}: too many to look at",
                fix="set storage.node to the node that has it, or narrow node_selector",
            )
        return names

    def _check_given(self, subject: str, given: str) -> None:
        if self.nodes.items is not None and self.nodes.named(given) is None:
            known = sorted(str(node["metadata"]["name"]) for node in self.nodes.items)
            raise failure(
                "node_unknown",
                subject,
                f'the cluster has no node "{given}"',
                evidence=[f"nodes: {', '.join(known[:10])}"],
                fix="set storage.node to one of the cluster's nodes",
            )


def hostname_of(node: Object) -> str:
    """Return a node's hostname label, or its name."""
    metadata = node["metadata"]
    return str((metadata.get("labels") or {}).get(HOSTNAME_LABEL, metadata["name"]))


def live_node(snapshot: Snapshot, model: Model, *, served: bool) -> str | None:
    """Return the hostname label of the model's live volume, if the volume has the same path.

    With ``served`` only when the model's Deployment is available too, and was made from the same
    words: that proves the directory, and the plan that the Deployment carries is still good.
    What this user may not see proves nothing.
    """
    volume = snapshot.volumes.named(volume_name(model, snapshot.namespace))
    if volume is None or not _same_path(volume, model):
        return None
    if served and not _is_served(snapshot, model):
        return None
    return _node_of(volume)


def _is_served(snapshot: Snapshot, model: Model) -> bool:
    deployment = snapshot.deployments.named(model.name)
    if deployment is None or not deployment["spec"].get("replicas"):
        return False
    status = deployment.get("status") or {}
    same_user = _runs_as(deployment) == (model.run_as_user, model.run_as_group)
    available = int(status.get("availableReplicas", 0)) > 0
    return same_user and available and _made_from(deployment, model)


def _made_from(deployment: Object, model: Model) -> bool:
    """Tell whether the plan that a Deployment carries was made from the same words."""
    try:
        plan = carried_plan(deployment)
    except NotTrustedError:
        return False
    return plan is not None and plan.sources.inputs == inputs_digest(model)


def _runs_as(deployment: Object) -> tuple[Any, Any]:
    settings = deployment["spec"]["template"]["spec"].get("securityContext") or {}
    return settings.get("runAsUser"), settings.get("runAsGroup")


def _same_path(volume: Object, model: Model) -> bool:
    labels = volume["metadata"].get("labels") or {}
    source = volume["spec"].get("hostPath") or volume["spec"].get("local") or {}
    same_model = labels.get("app.kubernetes.io/instance") == model.name
    return same_model and source.get("path") == model.storage.host_path


def _node_of(volume: Object) -> str | None:
    """Read the node out of a volume's node affinity."""
    affinity = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    for term in affinity.get("nodeSelectorTerms") or []:
        for rule in [*(term.get("matchExpressions") or []), *(term.get("matchFields") or [])]:
            named = rule.get("key") in {HOSTNAME_LABEL, "metadata.name"}
            if named and len(rule.get("values") or []) == 1:
                return str(rule["values"][0])
    return None
