# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""One model to serve, in typed form: every key that a user can write, with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Errors
from .readers import (
    Reader,
    absolute_path,
    dns_label,
    flag,
    integer,
    list_of,
    mapping,
    mapping_of,
    number,
    object_name,
    one_of,
    scalar_text,
    text,
)
from .section import option, section

VLLM_VERSION = "0.32.0"

# vLLM's own images. Since mid-2026 they carry the user `vllm`, uid 2000, gid 0
# (vllm pull request 40275), which is what the pod runs as.
DEFAULT_IMAGES = {
    "nvidia": f"vllm/vllm-openai:v{VLLM_VERSION}",
    "amd": f"vllm/vllm-openai-rocm:v{VLLM_VERSION}",
    "cpu": f"vllm/vllm-openai-cpu:v{VLLM_VERSION}",
}
# The words of vLLM's --dtype (vllm/config/model.py, v0.32).
DTYPES = ("auto", "half", "float16", "bfloat16", "float", "float32")
GPU_RESOURCES = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}

_PORT = integer(1, 65535)
# Far above any card, volume, link, wait and block there is; a larger number is a mistake.
_GIB = number(above=1e-6, maximum=10**6, unit="GiB")
_GIB_PER_SECOND = number(above=0, maximum=10**6, unit="GiB/s")
_SECONDS = number(above=0, maximum=10**7, unit="seconds")
_BLOCK = integer(1, 2**20)


@dataclass(frozen=True)
class Gpu:
    """The card a model runs on. Left out, it is read from the nodes."""

    product: str | None = option(text, None)
    memory_gib: float | None = option(_GIB, None)
    count: int | None = option(integer(1), None)


@dataclass(frozen=True)
class Storage:
    """Where the checkpoint or the Hub cache lies.

    ``host_path``: a directory that a node has. ``claim_name``: a claim that exists.
    Otherwise a claim of ``size_gib`` is made when ``size_gib`` or ``storage_class`` is given,
    and without any of them the cache lives and dies with the pod.
    """

    host_path: str | None = option(absolute_path, None)
    node: str | None = option(object_name, None)
    claim_name: str | None = option(object_name, None)
    size_gib: float | None = option(_GIB, None)
    storage_class: str | None = option(object_name, None)
    access_modes: list[str] = option(
        list_of(
            one_of("ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"),
        ),
        ["ReadWriteOnce"],
    )
    mount_path: str | None = option(absolute_path, None)
    read_gib_per_second: float | None = option(_GIB_PER_SECOND, None)
    download_gib_per_second: float | None = option(_GIB_PER_SECOND, None)

    @property
    def makes_claim(self) -> bool:
        """Whether this collection makes the claim (a user's own is never touched)."""
        return bool(self.host_path or self.size_gib or self.storage_class) and not self.claim_name

    @property
    def is_claim(self) -> bool:
        """Whether the model's volume is a claim, made here or brought along."""
        return self.makes_claim or self.claim_name is not None


@dataclass(frozen=True)
class Startup:
    """How long the server may take from container start to its first healthy answer."""

    max_seconds: float = option(_SECONDS, 600.0)
    compile_cache: str = option(one_of("warm", "cold"), "cold")


@dataclass(frozen=True)
class Probes:
    """What the three probes share; the thresholds are computed."""

    period_seconds: float = option(_SECONDS, 10.0)
    initial_delay_seconds: float = option(integer(0, 10**7), 0)
    timeout_seconds: float = option(_SECONDS, 5.0)
    path: str = option(absolute_path, "/health")
    drain_seconds: int = option(integer(0, 10**7), 0)


@dataclass(frozen=True)
class Check:
    """The request that decides whether a deployment is served."""

    prompt: str = option(text, "The quick brown fox")
    max_tokens: int = option(integer(1, 4096), 16)
    expect: str | None = option(text, None)


@dataclass(frozen=True)
class Service:
    """The Service in front of the model's pods."""

    type: str = option(one_of("ClusterIP", "NodePort", "LoadBalancer"), "ClusterIP")
    port: int = option(_PORT, 8000)
    annotations: dict[str, str] = option(mapping_of(scalar_text), {})


@dataclass(frozen=True)
class SecretKey:
    """One key of a Secret that exists in the namespace."""

    name: str = option(object_name)
    key: str = option(text, "token")


def env_list(value: Any, path: str, errors: Errors) -> list[dict[str, Any]]:
    """A mapping of names to values, or a list of EnvVar, as a list of EnvVar."""
    if isinstance(value, Mapping):
        texts = mapping_of(scalar_text)(value, path, errors)
        return [{"name": name, "value": entry} for name, entry in texts.items()]
    entries: list[dict[str, Any]] = list_of(mapping)(value, path, errors)
    for index, entry in enumerate(entries):
        if not isinstance(entry.get("name"), str):
            errors.add(
                "missing_key", f"{path}[{index}].name", "is missing", "an EnvVar needs a name"
            )
    return entries


def secret_key(value: Any, path: str, errors: Errors) -> SecretKey | None:
    """A Secret's name alone (key ``token``), or ``{name, key}``."""
    if isinstance(value, str):
        return SecretKey(name=object_name(value, path, errors))
    read: SecretKey | None = section(SecretKey)(value, path, errors)
    return read


def later(_value: Any, path: str, errors: Errors) -> None:
    """A key of the documented vocabulary that this version does not act on yet.

    Ignoring it would be a lie about what runs, so it is refused.
    """
    errors.add("not_supported", path, "is not supported by this version", "leave it out")


_TEXTS: Reader = list_of(text)
_OBJECTS: Reader = list_of(mapping)


@dataclass(frozen=True)
class Model:
    """One model. Flags of vLLM carry vLLM's names; None means: vLLM's own default."""

    name: str = option(dns_label)
    model: str = option(text)
    revision: str | None = option(text, None)
    served_model_names: list[str] = option(_TEXTS, [])
    image: str = option(text, "")
    image_pull_policy: str = option(one_of("IfNotPresent", "Always", "Never"), "IfNotPresent")
    accelerator: str = option(one_of("nvidia", "amd", "cpu"), "nvidia")
    gpu: Gpu = option(section(Gpu), of=Gpu)
    vllm_version: str | None = option(text, None)

    tensor_parallel_size: int = option(integer(1), 1)
    pipeline_parallel_size: int = option(integer(1), 1)
    data_parallel_size: int = option(integer(1), 1)
    enable_expert_parallel: bool = option(flag, False)
    max_model_len: int | None = option(integer(1), None)
    max_num_seqs: int | None = option(integer(1), None)
    max_num_batched_tokens: int | None = option(integer(1), None)
    gpu_memory_utilization: float | None = option(number(above=0, maximum=1), None)
    kv_cache_memory_gib: float | None = option(_GIB, None)
    kv_cache_dtype: str | None = option(text, None)
    block_size: int | None = option(_BLOCK, None)
    dtype: str | None = option(one_of(*DTYPES), None)
    quantization: str | None = option(text, None)
    enforce_eager: bool = option(flag, False)
    enable_prefix_caching: bool | None = option(flag, None)
    speculative_config: dict[str, Any] = option(mapping, {})
    lora_modules: list[dict[str, Any]] = option(_OBJECTS, [])
    extra_args: list[str] = option(list_of(scalar_text), [])
    command: list[str] = option(_TEXTS, [])
    env: list[dict[str, Any]] = option(env_list, [])
    config: dict[str, Any] = option(mapping, {})
    weights_bytes: int | None = option(integer(1), None)

    replicas: int = option(integer(0), 1)
    resources: dict[str, Any] = option(mapping, {})
    storage: Storage = option(section(Storage), of=Storage)
    startup: Startup = option(section(Startup), of=Startup)
    probes: Probes = option(section(Probes), of=Probes)
    check: Check = option(section(Check), of=Check)
    service: Service = option(section(Service), of=Service)
    strategy: dict[str, Any] = option(mapping, {})

    node_selector: dict[str, str] = option(mapping_of(scalar_text), {})
    tolerations: list[dict[str, Any]] = option(_OBJECTS, [])
    affinity: dict[str, Any] = option(mapping, {})
    priority_class_name: str | None = option(object_name, None)
    scheduler_name: str | None = option(text, None)
    node_name: str | None = option(object_name, None)
    service_account_name: str | None = option(object_name, None)
    image_pull_secrets: list[str] = option(list_of(object_name), [])
    runtime_class_name: str | None = option(object_name, None)
    security_context: dict[str, Any] = option(mapping, {})
    pod_security_context: dict[str, Any] = option(mapping, {})
    host_network: bool = option(flag, False)
    host_ipc: bool = option(flag, False)
    host_pid: bool = option(flag, False)
    hf_token_secret: SecretKey | None = option(secret_key, None)

    extra_ports: list[dict[str, Any]] = option(_OBJECTS, [])
    extra_containers: list[dict[str, Any]] = option(_OBJECTS, [])
    init_containers: list[dict[str, Any]] = option(_OBJECTS, [])
    extra_volumes: list[dict[str, Any]] = option(_OBJECTS, [])
    extra_volume_mounts: list[dict[str, Any]] = option(_OBJECTS, [])
    labels: dict[str, str] = option(mapping_of(scalar_text), {})
    annotations: dict[str, str] = option(mapping_of(scalar_text), {})
    pod_labels: dict[str, str] = option(mapping_of(scalar_text), {})
    pod_annotations: dict[str, str] = option(mapping_of(scalar_text), {})
    extra_objects: list[dict[str, Any]] = option(_OBJECTS, [])

    ingress: None = option(later, None)
    autoscaling: None = option(later, None)
    disruption_budget: None = option(later, None)
    drop_caches: None = option(later, None)
    kv_offload: None = option(later, None)
    api_key_secret: None = option(later, None)
    config_maps: None = option(later, None)
    secrets: None = option(later, None)
    external_configs: None = option(later, None)
    patch: None = option(later, None)

    @property
    def is_local_path(self) -> bool:
        """Whether ``model`` is a directory in the container rather than a name on the Hub."""
        return self.model.startswith("/")

    @property
    def served_name(self) -> str:
        """The name that a client sends as ``model``."""
        if self.served_model_names:
            return self.served_model_names[0]
        return self.name if self.is_local_path else self.model

    @property
    def server_image(self) -> str:
        """The image of the server; pinned when the user names none."""
        return self.image or DEFAULT_IMAGES[self.accelerator]

    @property
    def gpus_per_pod(self) -> int:
        """GPUs that one pod asks for: one for each rank of the model in it."""
        if self.accelerator == "cpu":
            return 0
        return self.workers

    @property
    def workers(self) -> int:
        """Worker processes in one pod."""
        return self.tensor_parallel_size * self.pipeline_parallel_size * self.data_parallel_size

    @property
    def mount_path(self) -> str:
        """Where the volume appears in the container."""
        if self.storage.mount_path:
            return self.storage.mount_path
        return self.model if self.is_local_path else "/models"

    @property
    def volume_is_read_only(self) -> bool:
        """A checkpoint is only read; a Hub cache is written."""
        return self.is_local_path

    @property
    def run_as_user(self) -> int:
        """The uid of the server's process."""
        number = self.pod_security_context.get("runAsUser")
        return 2000 if number is None else int(number)

    @property
    def run_as_group(self) -> int:
        """The gid of the server's process."""
        return int(self.pod_security_context.get("runAsGroup") or 0)
