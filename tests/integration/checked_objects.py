# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Objects that are right in odd ways, and objects with one mistake each."""

from __future__ import annotations

import copy
from typing import Any

from .objects import Object, config, deployment, service

NAMESPACE = "default"
CONTAINER = "spec.template.spec.containers.0"
POD = "spec.template.spec"
HTTP = {"httpGet": {"path": "/health", "port": "http"}}


def changed(item: Object, **changes: Any) -> Object:
    """Return a copy with other values at paths; ``__`` stands for a dot, digits for a place."""
    copied = copy.deepcopy(item)
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = copied
        for key in way:
            place = place[int(key)] if key.isdigit() else place.setdefault(key, {})
        if last.isdigit():
            place[int(last)] = value
        else:
            place[last] = value
    return copied


def container(**values: Any) -> Object:
    """Return a Deployment whose container has these fields."""
    prefix = CONTAINER.replace(".", "__")
    return changed(deployment(NAMESPACE), **{f"{prefix}__{key}": v for key, v in values.items()})


def pod(**values: Any) -> Object:
    """Return a Deployment whose pods have these fields."""
    prefix = POD.replace(".", "__")
    return changed(deployment(NAMESPACE), **{f"{prefix}__{key}": v for key, v in values.items()})


def spec(**values: Any) -> Object:
    """Return a Deployment with these fields in its spec."""
    return changed(deployment(NAMESPACE), **{f"spec__{key}": v for key, v in values.items()})


def resources(requests: Object | None = None, limits: Object | None = None) -> Object:
    given = {"requests": requests, "limits": limits}
    return container(resources={key: value for key, value in given.items() if value is not None})


def with_service(**values: Any) -> Object:
    """Return a Service with these fields in its spec."""
    return changed(service(NAMESPACE), **{f"spec__{key}": v for key, v in values.items()})


def plain(version: str, kind: str, content: Object | None = None, **metadata: Any) -> Object:
    """Return an object of any kind; ``namespace=None`` for one without."""
    given = {"name": "tiny", "namespace": NAMESPACE} | metadata
    told = {key: value for key, value in given.items() if value is not None}
    return {"apiVersion": version, "kind": kind, "metadata": told, **(content or {})}


def claim(**values: Any) -> Object:
    content = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return plain("v1", "PersistentVolumeClaim", {"spec": content | values})


def volume(**values: Any) -> Object:
    content = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/models"},
    }
    return plain("v1", "PersistentVolume", {"spec": content | values}, namespace=None)


def mounted(*mounts: Object, volumes: list[Object] | None = None) -> Object:
    return changed(container(volumeMounts=list(mounts)), spec__template__spec__volumes=volumes)


def workload(kind: str, policy: str = "Always", **values: Any) -> Object:
    """Return another workload than a Deployment around the same pods."""
    version = "batch/v1" if kind in {"Job", "CronJob"} else "apps/v1"
    made = deployment(NAMESPACE)
    template = changed(made["spec"]["template"], spec__restartPolicy=policy)
    content = {"template": template}
    if kind != "Job":
        content["selector"] = made["spec"]["selector"]
    return plain(version, kind, {"spec": content | values})


def cron_job(**values: Any) -> Object:
    job = workload("Job", "Never")["spec"]
    content = {"schedule": "0 4 * * *", "jobTemplate": {"spec": job}}
    return plain("batch/v1", "CronJob", {"spec": content | values}, name="tiny")


def named(item: Object, name: str) -> Object:
    return changed(item, metadata__name=name)


_TEMPLATE_LABELS = {"app.kubernetes.io/instance": "tiny"}
_EMPTY = [{"name": "cache", "emptyDir": {}}]

GOOD: dict[str, Object] = {
    "least": deployment(NAMESPACE),
    "number_as_cpu": resources({"cpu": 1, "memory": 1024}, {"cpu": 1.5, "memory": 2048}),
    "same_in_other_units": resources(
        {"cpu": "700m", "memory": "1Gi"}, {"cpu": 0.7, "memory": "1024Mi"},
    ),
    "quantity_with_exponent": resources({"memory": "1e9"}, {"memory": "1E9"}),
    "quantity_with_sign_point_and_space": resources(
        {"cpu": "+.5", "memory": " 1Gi "}, {"cpu": "1."},
    ),
    "tiny_cpu": resources({"cpu": "0.0001"}),
    "milli_memory": resources({"memory": "1500m"}),
    "no_resources_at_all": resources({}, {}),
    "gpu_limit_alone": resources(None, {"nvidia.com/gpu": 2}),
    "gpu_as_text_and_number": resources({"amd.com/gpu": 1}, {"amd.com/gpu": "1000m"}),
    "huge_pages": resources(
        {"memory": "1Gi", "hugepages-2Mi": "4Mi"}, {"memory": "1Gi", "hugepages-2Mi": "4Mi"}
    ),
    "whole_numbers_with_a_point": spec(replicas=2.0, minReadySeconds=0.0),
    "nothing_given": container(env=None, args=None, resources=None, livenessProbe=None),
    "env_names_of_all_sorts": container(
        env=[{"name": name, "value": ""} for name in ("1A", "a.b-c", "A B", "ünicode"[1:], "x?")]
    ),
    "env_without_value": container(env=[{"name": "A"}, {"name": "a"}]),
    "empty_value_and_source": container(
        env=[{"name": "A", "value": "", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    ),
    "same_port_two_protocols": container(
        ports=[
            {"name": "tcp", "containerPort": 8000},
            {"name": "udp", "containerPort": 8000, "protocol": "UDP"},
        ]
    ),
    "port_names": container(
        ports=[
            {"name": "1a", "containerPort": 1},
            {"name": "a-1-b", "containerPort": 65535, "hostPort": 0},
            {"name": "a" * 15, "containerPort": 2},
            {"name": "", "containerPort": 3},
        ]
    ),
    "host_network_with_its_port": pod(
        hostNetwork=True, containers=[
            {"name": "a", "image": "b", "ports": [{"containerPort": 8, "hostPort": 8}]}
        ]
    ),
    "probe_of_zeros": container(
        readinessProbe={**HTTP, "periodSeconds": 0, "timeoutSeconds": 0, "successThreshold": 3},
        livenessProbe={"exec": {"command": ["true"]}, "failureThreshold": 0},
        startupProbe={"tcpSocket": {"port": 65535}},
    ),
    "probe_longer_than_its_period": container(
        livenessProbe={**HTTP, "periodSeconds": 1, "timeoutSeconds": 30}
    ),
    "odd_mounts": mounted(
        {"name": "cache", "mountPath": "relative"},
        {"name": "cache", "mountPath": "/a:b"},
        {"name": "cache", "mountPath": "/a"},
        {"name": "cache", "mountPath": "/a/", "subPath": "x/..y"},
        volumes=_EMPTY,
    ),
    "volume_without_kind": mounted({"name": "v", "mountPath": "/v"}, volumes=[{"name": "v"}]),
    "empty_dir_of_no_size": pod(volumes=[{"name": "0", "emptyDir": {"sizeLimit": 0}}]),
    "side_car_with_probe": pod(
        initContainers=[
            {"name": "helper", "image": "b", "restartPolicy": "Always", "startupProbe": {
                "grpc": {"port": 1}
            }}
        ]
    ),
    "surge_by_percent": spec(
        strategy={"rollingUpdate": {"maxSurge": "250%", "maxUnavailable": 0}}
    ),
    "surge_of_nothing": spec(strategy={"rollingUpdate": {"maxSurge": "0%"}}),
    "recreate": spec(strategy={"type": "Recreate", "rollingUpdate": None}),
    "no_replicas": spec(replicas=0, progressDeadlineSeconds=1, revisionHistoryLimit=0),
    "selector_of_expressions": spec(
        selector={
            "matchExpressions": [
                {"key": "app.kubernetes.io/instance", "operator": "In", "values": ["tiny", "b"]},
                {"key": "other", "operator": "DoesNotExist"},
                {"key": "another", "operator": "NotIn", "values": ["x"]},
            ]
        }
    ),
    "negative_grace": pod(terminationGracePeriodSeconds=-1),
    "tolerate_all": pod(tolerations=[{"operator": "Exists"}, {"key": "a/b", "value": ""}]),
    "labels_at_the_limits": changed(
        deployment(NAMESPACE),
        metadata__labels={"a" * 63: "b" * 63, f"{'c.' * 100}d/E_f.g": "", "9": "A_.-9"},
        metadata__annotations={"Example.COM/Key": "any text\n" * 100, "empty": ""},
    ),
    "name_with_dots": named(deployment(NAMESPACE), "1.a-b.c"),
    "name_of_253": named(config(NAMESPACE), "a" * 253),
    "name_for_rights": plain(
        "rbac.authorization.k8s.io/v1", "Role", {"rules": []}, name="system:Some Thing_?"
    ),
    "name_for_cluster_rights": plain(
        "rbac.authorization.k8s.io/v1", "ClusterRole", {"rules": []}, name="A:b", namespace=None
    ),
    "service_target_zero": with_service(ports=[{"port": 80, "targetPort": 0}]),
    "service_with_long_port_name": with_service(ports=[{"name": "a" * 63, "port": 1}]),
    "service_port_name_of_digits": with_service(ports=[{"name": "8000", "port": 1}]),
    "service_without_selector": with_service(selector=None),
    "headless_without_ports": with_service(clusterIP="None", ports=None),
    "external_name": plain(
        "v1", "Service", {"spec": {"type": "ExternalName", "externalName": "example.org"}}
    ),
    "node_port_unset": with_service(ports=[{"port": 1, "nodePort": 0}]),
    "two_protocols_of_a_service": with_service(
        ports=[{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}]
    ),
    "claim_of_one_byte": claim(resources={"requests": {"storage": 1}}, storageClassName=""),
    "volume_with_two_modes": volume(accessModes=["ReadWriteOnce", "ReadOnlyMany"]),
    "secret_of_both": plain(
        "v1", "Secret", {"data": {"a.b_c-D": "eA==", "n": "eA\n=="}, "stringData": {"b": "x y"}}
    ),
    "config_of_odd_keys": config(NAMESPACE, **{".hidden": "", "A_b-c.d": "1"}),
    "config_of_nothing": plain("v1", "ConfigMap"),
    "quota": plain(
        "v1",
        "ResourceQuota",
        {"spec": {"hard": {"pods": "10", "requests.nvidia.com/gpu": 4, "limits.cpu": "1500m",
                           "count/deployments.apps": 5, "requests.storage": "0"}}},
    ),
    "limits": plain(
        "v1",
        "LimitRange",
        {"spec": {"limits": [{"type": "Container", "min": {"cpu": "100m"}, "max": {"cpu": 0.1}}]}},
    ),
    "limits_below_nothing": plain(
        "v1",
        "LimitRange",
        {"spec": {"limits": [{"type": "Container", "min": {"cpu": -1, "a/b": "100m"}}]}},
    ),
    "set_with_claims": workload(
        "StatefulSet",
        template=changed(
            mounted({"name": "data", "mountPath": "/d"}), metadata__name="t"
        )["spec"]["template"],
        volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": claim()["spec"]}],
    ),
    "daemon_set_surging": workload(
        "DaemonSet", updateStrategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    ),
    "job": workload("Job", "OnFailure", completions=0, ttlSecondsAfterFinished=0),
    "cron_job": cron_job(suspend=True),
    "budget": plain(
        "policy/v1", "PodDisruptionBudget", {"spec": {"maxUnavailable": "100%", "selector": {}}}
    ),
    "scaler": plain(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {"spec": {"maxReplicas": 1, "scaleTargetRef": {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}},
    ),
    "ingress": plain(
        "networking.k8s.io/v1",
        "Ingress",
        {"spec": {"rules": [{"http": {"paths": [
            {"pathType": "ImplementationSpecific",
             "backend": {"service": {"name": "tiny", "port": {"name": "http"}}}}]}}]}},
    ),
    "network_policy": plain(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": "http"}, {"port": 8000}]}]}},
    ),
    "priority": plain(
        "scheduling.k8s.io/v1", "PriorityClass", {"value": -5}, namespace=None
    ),
    "storage_class": plain(
        "storage.k8s.io/v1", "StorageClass", {"provisioner": "a/b"}, namespace=None
    ),
    "namespace": plain("v1", "Namespace", name="1-a", namespace=None),
    "account": plain("v1", "ServiceAccount", name="a.b"),
    "bare_pod": plain(
        "v1", "Pod", {"spec": {"restartPolicy": "Never", "activeDeadlineSeconds": 1,
                               "containers": [{"name": "0", "image": "i"}]}}
    ),
}  # fmt: skip

# One mistake each, with the field that our finding names.
BAD: dict[str, tuple[Object, str]] = {
    "memory_unit": (resources({"memory": "8GB"}), f"{CONTAINER}.resources.requests.memory"),
    "memory_empty": (resources({"memory": ""}), f"{CONTAINER}.resources.requests.memory"),
    "cpu_negative": (resources({"cpu": "-1"}), f"{CONTAINER}.resources.requests.cpu"),
    "request_above_limit": (
        resources({"memory": "2Gi"}, {"memory": "2047Mi"}),
        f"{CONTAINER}.resources.requests.memory",
    ),
    "gpu_in_parts": (
        resources(None, {"nvidia.com/gpu": 0.5}),
        f"{CONTAINER}.resources.limits[nvidia.com/gpu]",
    ),
    "gpu_request_alone": (
        resources({"nvidia.com/gpu": 1}),
        f"{CONTAINER}.resources.limits[nvidia.com/gpu]",
    ),
    "gpu_request_below_limit": (
        resources({"nvidia.com/gpu": 1}, {"nvidia.com/gpu": 2}),
        f"{CONTAINER}.resources.requests[nvidia.com/gpu]",
    ),
    "unknown_resource": (resources({"gpu": 1}), f"{CONTAINER}.resources.requests.gpu"),
    "pvc_resource_in_container": (
        resources({"storage": "1Gi"}),
        f"{CONTAINER}.resources.requests.storage",
    ),
    "size_limit": (
        pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "-1Gi"}}]),
        f"{POD}.volumes.0.emptyDir.sizeLimit",
    ),
    "port_too_large": (
        container(ports=[{"containerPort": 65536}]),
        f"{CONTAINER}.ports.0.containerPort",
    ),
    "port_zero": (container(ports=[{"containerPort": 0}]), f"{CONTAINER}.ports.0.containerPort"),
    "port_as_text": (
        container(ports=[{"containerPort": "8000"}]),
        f"{CONTAINER}.ports.0.containerPort",
    ),
    "port_in_parts": (
        container(ports=[{"containerPort": 80.5}]),
        f"{CONTAINER}.ports.0.containerPort",
    ),
    "host_port": (
        container(ports=[{"containerPort": 1, "hostPort": 70000}]),
        f"{CONTAINER}.ports.0.hostPort",
    ),
    "host_port_on_host": (
        pod(hostNetwork=True, containers=[
            {"name": "a", "image": "b", "ports": [{"containerPort": 8, "hostPort": 9}]}
        ]),
        f"{POD}.containers.0.ports.0.hostPort",
    ),
    "host_port_twice": (
        pod(containers=[
            {"name": name, "image": "b", "ports": [{"containerPort": number, "hostPort": 9}]}
            for name, number in (("a", 1), ("b", 2))
        ]),
        f"{POD}.containers.1.ports.0.hostPort",
    ),
    "port_name_long": (
        container(ports=[{"name": "a" * 16, "containerPort": 1}]),
        f"{CONTAINER}.ports.0.name",
    ),
    "port_name_dashes": (
        container(ports=[{"name": "a--b", "containerPort": 1}]),
        f"{CONTAINER}.ports.0.name",
    ),
    "port_name_digits": (
        container(ports=[{"name": "8000", "containerPort": 1}]),
        f"{CONTAINER}.ports.0.name",
    ),
    "port_name_twice": (
        container(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
        f"{CONTAINER}.ports.1.name",
    ),
    "port_twice": (
        container(ports=[{"name": "a", "containerPort": 1}, {"name": "b", "containerPort": 1}]),
        f"{CONTAINER}.ports.1.containerPort",
    ),
    "protocol": (
        container(ports=[{"containerPort": 1, "protocol": "tcp"}]),
        f"{CONTAINER}.ports.0.protocol",
    ),
    "container_name": (container(name="vLLM"), f"{CONTAINER}.name"),
    "container_without_image": (container(image=None), f"{CONTAINER}.image"),
    "container_twice": (
        pod(containers=[{"name": "a", "image": "b"}, {"name": "a", "image": "c"}]),
        f"{POD}.containers.1.name",
    ),
    "init_container_of_the_same_name": (
        pod(initContainers=[{"name": "vllm", "image": "b"}]),
        f"{POD}.containers.0.name",
    ),
    "no_containers": (pod(containers=[]), f"{POD}.containers"),
    "pull_policy": (container(imagePullPolicy="always"), f"{CONTAINER}.imagePullPolicy"),
    "number_in_args": (container(args=["--port", 8000]), f"{CONTAINER}.args.1"),
    "number_as_value": (
        container(env=[{"name": "PORT", "value": 8000}]),
        f"{CONTAINER}.env.0.value",
    ),
    "truth_as_value": (
        container(env=[{"name": "FLAG", "value": True}]),
        f"{CONTAINER}.env.0.value",
    ),
    "env_name": (container(env=[{"name": "A=B", "value": ""}]), f"{CONTAINER}.env.0.name"),
    "env_twice": (
        container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        f"{CONTAINER}.env.1.name",
    ),
    "env_of_no_source": (
        container(env=[{"name": "A", "valueFrom": {}}]),
        f"{CONTAINER}.env.0.valueFrom",
    ),
    "env_of_two_sources": (
        container(env=[{"name": "A", "valueFrom": {
            "fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "a", "key": "b"}
        }}]),
        f"{CONTAINER}.env.0.valueFrom.secretKeyRef",
    ),
    "env_value_and_source": (
        container(env=[{"name": "A", "value": "1", "valueFrom": {
            "fieldRef": {"fieldPath": "metadata.name"}
        }}]),
        f"{CONTAINER}.env.0",
    ),
    "secret_key": (
        container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b/c"}}}]),
        f"{CONTAINER}.env.0.valueFrom.secretKeyRef.key",
    ),
    "missing_volume": (
        mounted({"name": "other", "mountPath": "/a"}, volumes=_EMPTY),
        f"{CONTAINER}.volumeMounts.0.name",
    ),
    "same_mount_path": (
        mounted(
            {"name": "cache", "mountPath": "/a"},
            {"name": "cache", "mountPath": "/a", "subPath": "b"},
            volumes=_EMPTY,
        ),
        f"{CONTAINER}.volumeMounts.1.mountPath",
    ),
    "sub_path": (
        mounted({"name": "cache", "mountPath": "/a", "subPath": "../b"}, volumes=_EMPTY),
        f"{CONTAINER}.volumeMounts.0.subPath",
    ),
    "volume_name": (pod(volumes=[{"name": "My_Cache"}]), f"{POD}.volumes.0.name"),
    "volume_twice": (
        pod(volumes=[{"name": "a"}, {"name": "a"}]),
        f"{POD}.volumes.1.name",
    ),
    "volume_of_two_kinds": (
        pod(volumes=[{"name": "a", "emptyDir": {}, "hostPath": {"path": "/a"}}]),
        f"{POD}.volumes.0.hostPath",
    ),
    "host_path_back": (
        pod(volumes=[{"name": "a", "hostPath": {"path": "/a/../b"}}]),
        f"{POD}.volumes.0.hostPath.path",
    ),
    "secret_mode": (
        pod(volumes=[{"name": "a", "secret": {"secretName": "a", "defaultMode": 777}}]),
        f"{POD}.volumes.0.secret.defaultMode",
    ),
    "probe_of_nothing": (
        container(livenessProbe={"periodSeconds": 1}),
        f"{CONTAINER}.livenessProbe",
    ),
    "probe_of_two": (
        container(livenessProbe={**HTTP, "exec": {"command": ["a"]}}),
        f"{CONTAINER}.livenessProbe.httpGet",
    ),
    "probe_port": (
        container(livenessProbe={"httpGet": {"port": 70000}}),
        f"{CONTAINER}.livenessProbe.httpGet.port",
    ),
    "probe_port_text": (
        container(livenessProbe={"httpGet": {"port": "8000"}}),
        f"{CONTAINER}.livenessProbe.httpGet.port",
    ),
    "probe_period": (
        container(livenessProbe={**HTTP, "periodSeconds": -1}),
        f"{CONTAINER}.livenessProbe.periodSeconds",
    ),
    "probe_success": (
        container(livenessProbe={**HTTP, "successThreshold": 2}),
        f"{CONTAINER}.livenessProbe.successThreshold",
    ),
    "probe_of_init_container": (
        pod(initContainers=[{"name": "a", "image": "b", "livenessProbe": {
            "exec": {"command": ["a"]}
        }}]),
        f"{POD}.initContainers.0.livenessProbe",
    ),
    "privileged_without_escalation": (
        container(securityContext={"privileged": True, "allowPrivilegeEscalation": False}),
        f"{CONTAINER}.securityContext",
    ),
    "user": (
        container(securityContext={"runAsUser": -1}),
        f"{CONTAINER}.securityContext.runAsUser",
    ),
    "replicas_negative": (spec(replicas=-1), "spec.replicas"),
    "replicas_text": (spec(replicas="2"), "spec.replicas"),
    "no_surge_at_all": (
        spec(strategy={"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}),
        "spec.strategy.rollingUpdate.maxUnavailable",
    ),
    "unavailable_percent": (
        spec(strategy={"rollingUpdate": {"maxUnavailable": "101%"}}),
        "spec.strategy.rollingUpdate.maxUnavailable",
    ),
    "surge_text": (
        spec(strategy={"rollingUpdate": {"maxSurge": "1"}}),
        "spec.strategy.rollingUpdate.maxSurge",
    ),
    "recreate_and_rolling": (
        spec(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
        "spec.strategy.rollingUpdate",
    ),
    "strategy": (spec(strategy={"type": "Rolling"}), "spec.strategy.type"),
    "deadline": (
        spec(minReadySeconds=60, progressDeadlineSeconds=60),
        "spec.progressDeadlineSeconds",
    ),
    "selector": (
        spec(selector={"matchLabels": {"app": "other"}}),
        "spec.template.metadata.labels",
    ),
    "selector_empty": (spec(selector={}), "spec.selector"),
    "restart_policy": (pod(restartPolicy="Never"), f"{POD}.restartPolicy"),
    "active_deadline": (pod(activeDeadlineSeconds=5), f"{POD}.activeDeadlineSeconds"),
    "node_selector": (pod(nodeSelector={"a": "b c"}), f"{POD}.nodeSelector.a"),
    "node_selector_truth": (pod(nodeSelector={"gpu": True}), f"{POD}.nodeSelector.gpu"),
    "toleration": (pod(tolerations=[{"value": "x"}]), f"{POD}.tolerations.0.operator"),
    "toleration_value": (
        pod(tolerations=[{"key": "a", "operator": "Exists", "value": "x"}]),
        f"{POD}.tolerations.0.value",
    ),
    "truth_as_text": (pod(hostNetwork="true"), f"{POD}.hostNetwork"),
    "account_name": (pod(serviceAccountName="My_Account"), f"{POD}.serviceAccountName"),
    "weight": (
        pod(affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 101, "podAffinityTerm": {"topologyKey": "a", "labelSelector": {}}}
        ]}}),
        f"{POD}.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.weight",
    ),
    "label_value": (
        changed(deployment(NAMESPACE), metadata__labels={"a": "x" * 64}),
        "metadata.labels.a",
    ),
    "label_number": (
        changed(deployment(NAMESPACE), metadata__labels={"port": 8000}),
        "metadata.labels.port",
    ),
    "label_key": (
        changed(deployment(NAMESPACE), metadata__labels={"A.b/C/d": "x"}),
        "metadata.labels[A.b/C/d]",
    ),
    "template_label": (
        spec(template__metadata__labels={**_TEMPLATE_LABELS, "a": "-"}),
        "spec.template.metadata.labels.a",
    ),
    "annotation_key": (
        changed(deployment(NAMESPACE), metadata__annotations={"a b": "x"}),
        "metadata.annotations[a b]",
    ),
    "annotation_number": (
        changed(deployment(NAMESPACE), metadata__annotations={"a": 1}),
        "metadata.annotations.a",
    ),
    "annotations_too_long": (
        changed(deployment(NAMESPACE), metadata__annotations={"a": "x" * 2**18}),
        "metadata.annotations",
    ),
    "name": (named(deployment(NAMESPACE), "Tiny"), "metadata.name"),
    "name_long": (named(config(NAMESPACE), "a" * 254), "metadata.name"),
    "service_name": (named(service(NAMESPACE), "a.b"), "metadata.name"),
    "set_name": (named(workload("StatefulSet"), "a.b"), "metadata.name"),
    "job_name": (named(workload("Job", "Never"), "a" * 64), "metadata.name"),
    "cron_job_name": (named(cron_job(), "a" * 53), "metadata.name"),
    "namespace_name": (plain("v1", "Namespace", name="a.b", namespace=None), "metadata.name"),
    "service_port": (with_service(ports=[{"port": 0}]), "spec.ports.0.port"),
    "service_target": (
        with_service(ports=[{"port": 1, "targetPort": 65536}]),
        "spec.ports.0.targetPort",
    ),
    "service_target_text": (
        with_service(ports=[{"port": 1, "targetPort": "8000"}]),
        "spec.ports.0.targetPort",
    ),
    "node_port_of_cluster_ip": (
        with_service(ports=[{"port": 1, "nodePort": 30000}]),
        "spec.ports.0.nodePort",
    ),
    "service_port_without_name": (
        with_service(ports=[{"name": "a", "port": 1}, {"port": 2}]),
        "spec.ports.1.name",
    ),
    "service_port_name_twice": (
        with_service(ports=[{"name": "a", "port": 1}, {"name": "a", "port": 2}]),
        "spec.ports.1.name",
    ),
    "service_port_twice": (
        with_service(ports=[{"name": "a", "port": 1}, {"name": "b", "port": 1}]),
        "spec.ports.1.port",
    ),
    "service_port_name": (
        with_service(ports=[{"name": "Web", "port": 1}]),
        "spec.ports.0.name",
    ),
    "service_type": (with_service(type="clusterip"), "spec.type"),
    "service_without_ports": (with_service(ports=[]), "spec.ports"),
    "claim_of_nothing": (
        claim(resources={"requests": {"storage": 0}}),
        "spec.resources.requests.storage",
    ),
    "claim_without_size": (claim(resources={}), "spec.resources.requests.storage"),
    "claim_mode": (claim(accessModes=["RWO"]), "spec.accessModes.0"),
    "claim_modes": (
        claim(accessModes=["ReadWriteOncePod", "ReadWriteOnce"]),
        "spec.accessModes",
    ),
    "volume_capacity": (volume(capacity={"storage": "0"}), "spec.capacity.storage"),
    "volume_of_no_kind": (volume(hostPath=None), "spec"),
    "volume_of_two_sources": (volume(nfs={"server": "a", "path": "/b"}), "spec.nfs"),
    "reclaim": (
        volume(persistentVolumeReclaimPolicy="retain"),
        "spec.persistentVolumeReclaimPolicy",
    ),
    "local_nowhere": (volume(hostPath=None, local={"path": "/a"}), "spec.nodeAffinity"),
    "quota_in_parts": (
        plain("v1", "ResourceQuota", {"spec": {"hard": {"pods": "1.5"}}}),
        "spec.hard.pods",
    ),
    "quota_negative": (
        plain("v1", "ResourceQuota", {"spec": {"hard": {"requests.cpu": -1}}}),
        "spec.hard[requests.cpu]",
    ),
    "limits_out_of_order": (
        plain("v1", "LimitRange", {"spec": {"limits": [
            {"type": "Container", "min": {"cpu": 2}, "max": {"cpu": "1500m"}}
        ]}}),
        "spec.limits.0.min.cpu",
    ),
    "job_policy": (workload("Job", "Always"), f"{POD}.restartPolicy"),
    "daemon_set_of_both": (
        workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxSurge": 1}}),
        "spec.updateStrategy.rollingUpdate.maxSurge",
    ),
    "budget_of_both": (
        plain("policy/v1", "PodDisruptionBudget",
              {"spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {}}}),
        "spec.maxUnavailable",
    ),
    "scaler_order": (
        plain("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": {
            "minReplicas": 3, "maxReplicas": 2, "scaleTargetRef": {"kind": "D", "name": "x"}
        }}),
        "spec.maxReplicas",
    ),
    "config_number": (plain("v1", "ConfigMap", {"data": {"a": 1}}), "data.a"),
    "config_key": (plain("v1", "ConfigMap", {"data": {"a/b": ""}}), "data[a/b]"),
    "config_size": (plain("v1", "ConfigMap", {"data": {"a": "x" * (2**20 + 1)}}), "data"),
    "secret_no_base64": (plain("v1", "Secret", {"data": {"a": "no base64"}}), "data.a"),
    "secret_number": (plain("v1", "Secret", {"stringData": {"a": 1}}), "stringData.a"),
    "ingress_port": (
        plain("networking.k8s.io/v1", "Ingress", {"spec": {"defaultBackend": {
            "service": {"name": "tiny", "port": {"number": 0}}
        }}}),
        "spec.defaultBackend.service.port.number",
    ),
    "ingress_two_ports": (
        plain("networking.k8s.io/v1", "Ingress", {"spec": {"defaultBackend": {
            "service": {"name": "tiny", "port": {"number": 1, "name": "a"}}
        }}}),
        "spec.defaultBackend.service.port.name",
    ),
    "role_name": (
        plain("rbac.authorization.k8s.io/v1", "Role", {"rules": []}, name="a%b"),
        "metadata.name",
    ),
}  # fmt: skip
