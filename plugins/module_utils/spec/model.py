# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""One model to serve, in typed form: every key that a user can write, with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import Errors
from .flags import (
    DTYPES,
    Counter,
    Gib,
    Json,
    JsonList,
    OnOff,
    Switch,
    Value,
    Words,
    count,
    dtype_word,
    length,
    readable_int,
    share,
    word,
)
from .pod import (
    containers,
    environment,
    names,
    objects,
    placement,
    resources,
    rollout,
    security,
    volumes,
)
from .readers import (
    INT32,
    Reader,
    absolute_path,
    boolean,
    dns_label,
    integer,
    mapping,
    number,
    object_name,
    one_of,
    reads,
    scalar_text,
    text,
)
from .section import option, section
from .structures import also, distinct, entry, list_of
from .variables import CPU_CACHE_SPACE

VLLM_VERSION = "0.32.0"

# vLLM's own images. Since mid-2026 they carry the user `vllm`, uid 2000, gid 0
# (vllm pull request 40275), which is what the pod runs as.
DEFAULT_IMAGES = {
    "nvidia": f"vllm/vllm-openai:v{VLLM_VERSION}",
    "amd": f"vllm/vllm-openai-rocm:v{VLLM_VERSION}",
    "cpu": f"vllm/vllm-openai-cpu:v{VLLM_VERSION}",
}
GPU_RESOURCES = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}

_PORT = integer(1, 65535)
# Far above any card, volume, link, wait and block there is; a larger number is a mistake.
_GIB = number(above=1e-6, maximum=10**6, unit="GiB")
_GIB_PER_SECOND = number(above=0, maximum=10**6, unit="GiB/s")
_SECONDS = number(above=0, maximum=10**7, unit="seconds")
_BLOCK = integer(1, 2**20)
_COMPUTED = "computed"


def _check_access_modes(modes: list[str], path: str, errors: Errors) -> None:
    if not modes:
        errors.wrong(path, modes, "at least one access mode")
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        errors.add("contradiction", path, "ReadWriteOncePod stands alone", "leave the others out")


_ACCESS_MODES = also(
    list_of(
        one_of("ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"),
        kind="list of access modes",
    ),
    _check_access_modes,
)


@dataclass(frozen=True)
class Gpu:
    """The card a model runs on. Left out, it is read from the nodes."""

    product: str | None = option(
        text, None, sizes=True, otherwise="read from nodes", doc="as on the nodes or as sold"
    )
    memory_gib: float | None = option(
        _GIB, None, sizes=True, otherwise="read from nodes", doc="as the driver reports it"
    )
    count: int | None = option(
        integer(1), None, sizes=True, otherwise="read from nodes", doc="GPUs on one node"
    )


@dataclass(frozen=True)
class Storage:
    """Where the checkpoint or the Hub cache lies.

    ``host_path``: a directory that a node has. ``claim_name``: a claim that exists.
    Otherwise a claim of ``size_gib`` is made when ``size_gib`` or ``storage_class`` is given,
    and without any of them the cache lives and dies with the pod.
    """

    host_path: str | None = option(
        absolute_path, None, sizes=True, otherwise="none", doc="a directory that a node has"
    )
    node: str | None = option(
        object_name,
        None,
        sizes=True,
        otherwise="looked for on the nodes",
        doc="the node that has `host_path`",
    )
    claim_name: str | None = option(
        object_name, None, sizes=True, otherwise="none", doc="a claim that exists; it is left alone"
    )
    size_gib: float | None = option(
        _GIB,
        None,
        otherwise="the checkpoint's and a tenth more",
        doc="size of a claim that is made here",
    )
    storage_class: str | None = option(
        object_name,
        None,
        otherwise="the cluster's",
        doc="class of a claim that is made here; alone, it asks for a claim too",
    )
    access_modes: list[str] = option(
        _ACCESS_MODES,
        ["ReadWriteOnce"],
        doc="of a claim that is made here: `ReadWriteOnce`, `ReadWriteOncePod`, `ReadOnlyMany`,"
        " `ReadWriteMany`",
    )
    mount_path: str | None = option(
        absolute_path,
        None,
        sizes=True,
        otherwise="the model's path, or `/models`",
        doc="where the volume is mounted",
    )
    read_gib_per_second: float | None = option(
        _GIB_PER_SECOND,
        None,
        otherwise="not known",
        doc="rate, for the time to start; no figure depends on it yet",
    )
    download_gib_per_second: float | None = option(
        _GIB_PER_SECOND,
        None,
        otherwise="not known",
        doc="rate, for the time to start; no figure depends on it yet",
    )

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

    max_seconds: float = option(
        _SECONDS, 600.0, doc="time from container start to the first healthy answer"
    )
    compile_cache: str = option(
        one_of("warm", "cold"),
        "cold",
        doc="for the time to start; no figure depends on it yet",
    )


@dataclass(frozen=True)
class Probes:
    """What the three probes share; the thresholds are computed."""

    period_seconds: float = option(
        _SECONDS, 10.0, doc="time between two probes; the thresholds are computed"
    )
    initial_delay_seconds: float = option(
        integer(0, 10**7), 0, doc="wait before the first startup probe"
    )
    timeout_seconds: float | None = option(
        _SECONDS,
        None,
        otherwise="5, or `period_seconds` if that is shorter",
        doc="time for one answer; at most `period_seconds`",
    )
    path: str = option(absolute_path, "/health", doc="what the probes ask for")
    drain_seconds: int = option(
        integer(0, 10**7),
        0,
        flag=Counter("--shutdown-timeout", above=0),
        doc="time for running requests when a pod ends",
    )


@dataclass(frozen=True)
class Check:
    """The request that decides whether a deployment is served."""

    prompt: str = option(text, "The quick brown fox", doc="the prompt of the completion")
    max_tokens: int = option(integer(1, 4096), 16, doc="its length")
    expect: str | None = option(
        text,
        None,
        otherwise="none",
        doc="JMESPath over the response that must be true, such as"
        " ``usage.completion_tokens > `3` ``",
    )


@dataclass(frozen=True)
class Service:
    """The Service in front of the model's pods."""

    type: str = option(
        one_of("ClusterIP", "NodePort", "LoadBalancer"), "ClusterIP", doc="type of the Service"
    )
    port: int = option(_PORT, 8000, doc="its port")
    annotations: dict[str, str] = option(names.annotation_map, {}, doc="its annotations")


@dataclass(frozen=True)
class SecretKey:
    """One key of a Secret that exists in the namespace."""

    name: str = option(names.secret_name, doc="name of the Secret")
    key: str = option(names.secret_key_name, "token", doc="its key that holds the token")


@reads("string or mapping")
def secret_key(value: Any, path: str, errors: Errors) -> SecretKey | None:
    """A Secret's name alone (key ``token``), or ``{name, key}``."""
    if isinstance(value, str):
        return SecretKey(name=names.secret_name(value, path, errors))
    read: SecretKey | None = section(SecretKey)(value, path, errors)
    return read


@reads("")
def later(_value: Any, path: str, errors: Errors) -> None:
    """A key of the documented vocabulary that this version does not act on yet.

    Ignoring it would be a lie about what runs, so it is refused.
    """
    errors.add("not_supported", path, "is not supported by this version", "leave it out")


def _later() -> Any:
    return option(later, None, otherwise="none", doc="refused with an error rather than ignored")


_TEXTS: Reader = list_of(text)
# vLLM has more keys than these (vllm/config/speculative.py, vllm/lora/request.py).
_SPECULATION = entry(
    {"method": text, "model": text, "num_speculative_tokens": integer(1)}, is_open=True
)
_ADAPTERS = distinct(
    list_of(
        entry({"name": text, "path": text}, needs=["name", "path"], is_open=True),
        kind="list of mappings",
    ),
    "name",
)


@dataclass(frozen=True)
class Model:
    """One model. Flags of vLLM carry vLLM's names; None means: vLLM's own default.

    The server is passed the flags in the order of their declaration here.
    """

    name: str = option(
        dns_label,
        doc="name of the Deployment, the Service and the claim: lower case, at most 63",
    )
    model: str = option(
        text, sizes=True, doc="a model on the Hub, or an absolute path in the container"
    )
    served_model_names: list[str] = option(
        distinct(_TEXTS),
        [],
        flag=Words("--served-model-name"),
        otherwise="`model`; `name` if `model` is a path",
        doc="what clients send as `model`",
    )
    image: str = option(
        names.image_name,
        "",
        sizes=True,
        otherwise="vLLM's own, pinned, by accelerator",
        doc="container image",
    )
    image_pull_policy: str = option(
        one_of("IfNotPresent", "Always", "Never"), "IfNotPresent", doc="when the image is pulled"
    )
    image_pull_secrets: list[str] = option(
        distinct(list_of(object_name)), [], doc="names of Secrets that hold registry logins"
    )
    accelerator: str = option(
        one_of("nvidia", "amd", "cpu"), "nvidia", sizes=True, doc="what the model runs on"
    )
    gpu: Gpu = option(section(Gpu), of=Gpu, otherwise="read from nodes", doc="the card to plan for")
    vllm_version: str | None = option(
        text,
        None,
        sizes=True,
        otherwise="from the image's tag",
        doc='version that the calculations are for, in quotes: `"0.32"`',
    )
    config: dict[str, Any] = option(
        mapping,
        {},
        sizes=True,
        otherwise="looked up",
        doc="fields of the checkpoint's config.json; see"
        " [Where the shape comes from](#where-the-shape-comes-from)",
    )
    weights_bytes: int | None = option(
        integer(1), None, sizes=True, otherwise="looked up", doc="bytes of all its tensors"
    )
    replicas: int = option(integer(0, INT32), 1, doc="pods")

    tensor_parallel_size: int = option(
        integer(1),
        1,
        flag=Counter("--tensor-parallel-size", aliases=("-tp",)),
        sizes=True,
        doc="GPUs that share each layer; the product of the three sizes is the GPUs of a pod",
    )
    pipeline_parallel_size: int = option(
        integer(1),
        1,
        flag=Counter("--pipeline-parallel-size", aliases=("-pp",)),
        sizes=True,
        doc="stages that the layers are cut into",
    )
    data_parallel_size: int = option(
        integer(1),
        1,
        flag=Counter("--data-parallel-size", aliases=("-dp",)),
        sizes=True,
        doc="copies of the model in one pod",
    )
    revision: str | None = option(
        text,
        None,
        # In extra_args it would name another checkpoint than the one that was looked at.
        flag=Value("--revision"),
        sizes=True,
        doc="commit, tag or branch on the Hub",
    )
    max_model_len: int | None = option(
        integer(1),
        None,
        flag=Value("--max-model-len", length),
        sizes=True,
        doc="longest context, in tokens; never set for you",
    )
    max_num_seqs: int | None = option(
        integer(1),
        None,
        flag=Value("--max-num-seqs", count),
        sizes=True,
        doc="requests at once; set for you only for some hybrid models (below)",
    )
    max_num_batched_tokens: int | None = option(
        integer(1),
        None,
        flag=Value("--max-num-batched-tokens", readable_int),
        sizes=True,
        doc="tokens of one step",
    )
    gpu_memory_utilization: float | None = option(
        number(above=0, maximum=1),
        None,
        flag=Value("--gpu-memory-utilization", share, aliases=("--device-memory-utilization",)),
        sizes=True,
        doc="share of the card that vLLM may take",
    )
    kv_cache_dtype: str | None = option(
        text, None, flag=Value("--kv-cache-dtype", word), sizes=True, doc="type of the cache"
    )
    block_size: int | None = option(
        _BLOCK, None, flag=Value("--block-size", count), sizes=True, doc="tokens of a cache block"
    )
    dtype: str | None = option(
        one_of(*DTYPES),
        None,
        flag=Value("--dtype", dtype_word),
        sizes=True,
        doc="type of the weights",
    )
    quantization: str | None = option(
        text,
        None,
        flag=Value("--quantization", word, aliases=("-q",)),
        sizes=True,
        doc="how the weights are packed, where config.json does not say it",
    )
    enable_expert_parallel: bool = option(
        boolean,
        False,
        flag=Switch("--enable-expert-parallel", aliases=("-ep",)),
        sizes=True,
        doc="experts are spread over the GPUs as wholes",
    )
    enforce_eager: bool = option(
        boolean, False, flag=Switch("--enforce-eager"), sizes=True, doc="no CUDA graphs"
    )
    enable_prefix_caching: bool | None = option(
        boolean,
        None,
        flag=OnOff("--enable-prefix-caching"),
        sizes=True,
        doc="`false` passes `--no-enable-prefix-caching`",
    )
    kv_cache_memory_gib: float | None = option(
        _GIB,
        None,
        flag=Gib("--kv-cache-memory-bytes", variable=CPU_CACHE_SPACE),
        sizes=True,
        doc=f"size of the cache; whole GiB go by the variable `{CPU_CACHE_SPACE}` on a CPU",
    )
    speculative_config: dict[str, Any] = option(
        _SPECULATION,
        {},
        flag=Json("--speculative-config", aliases=("-sc",)),
        sizes=True,
        doc="speculative decoding, as vLLM's JSON: `method`, `num_speculative_tokens` and so on",
    )
    lora_modules: list[dict[str, Any]] = option(
        _ADAPTERS,
        [],
        flag=JsonList("--lora-modules", lead="--enable-lora"),
        sizes=True,
        doc="LoRA adapters, each with `name` and `path`",
    )
    extra_args: list[str] = option(
        list_of(scalar_text),
        [],
        sizes=True,
        doc="flags that have no key here, passed last; the plan reads them too, and leaves out what"
        " an unfamiliar one may change",
    )
    command: list[str] = option(
        _TEXTS,
        [],
        sizes=True,
        otherwise="`vllm serve`",
        doc="the whole command; then no flag is passed",
    )
    env: list[dict[str, Any]] = option(
        environment.environment,
        [],
        sizes=True,
        doc="added to the environment; replaces ours of the same name",
    )
    hf_token_secret: SecretKey | None = option(
        secret_key,
        None,
        of=SecretKey,
        otherwise="none",
        doc="Secret with the Hub token: its name, or a mapping",
    )

    storage: Storage = option(
        section(Storage),
        of=Storage,
        otherwise="none",
        doc="where the checkpoint or the Hub cache lies",
    )
    startup: Startup = option(section(Startup), of=Startup, doc="time to start")
    probes: Probes = option(section(Probes), of=Probes, doc="what the three probes share")
    check: Check = option(section(Check), of=Check, doc="the completion that is asked")

    service: Service = option(section(Service), of=Service, doc="the Service")
    resources: dict[str, Any] = option(
        resources.resources,
        {},
        sizes=True,
        otherwise=_COMPUTED,
        doc="`requests`, `limits`; who gives memory (or CPU) in one of them decides both, so"
        " `requests: {memory: 20Gi}` alone means no limit",
    )
    strategy: dict[str, Any] = option(
        rollout.strategy,
        {},
        otherwise="by replicas",
        doc="strategy of the Deployment; the default needs no spare GPU",
    )
    node_selector: dict[str, str] = option(
        names.label_map, {}, sizes=True, doc="labels of the nodes to run on"
    )
    tolerations: list[dict[str, Any]] = option(
        placement.tolerations, [], sizes=True, doc="as in a pod"
    )
    affinity: dict[str, Any] = option(placement.affinity, {}, sizes=True, doc="as in a pod")
    node_name: str | None = option(
        object_name, None, sizes=True, otherwise="none", doc="as in a pod: the node to run on"
    )
    scheduler_name: str | None = option(text, None, otherwise="the cluster's", doc="as in a pod")
    priority_class_name: str | None = option(object_name, None, otherwise="none", doc="as in a pod")
    runtime_class_name: str | None = option(object_name, None, otherwise="none", doc="as in a pod")
    service_account_name: str | None = option(
        object_name, None, otherwise="the namespace's", doc="as in a pod; then its token is mounted"
    )
    pod_security_context: dict[str, Any] = option(
        security.pod_security_context, {}, otherwise="restricted", doc="added to ours, key by key"
    )
    security_context: dict[str, Any] = option(
        security.security_context, {}, otherwise="restricted", doc="added to ours, key by key"
    )
    host_network: bool = option(boolean, False, doc="as in a pod; breaks level `restricted`")
    host_ipc: bool = option(boolean, False, doc="as in a pod; breaks level `restricted`")
    host_pid: bool = option(boolean, False, doc="as in a pod; breaks level `restricted`")
    labels: dict[str, str] = option(names.label_map, {}, doc="added to ours, on all objects")
    annotations: dict[str, str] = option(
        names.annotation_map, {}, doc="added to ours, on the Deployment"
    )
    pod_labels: dict[str, str] = option(names.label_map, {}, doc="added to ours, on the pods")
    pod_annotations: dict[str, str] = option(names.annotation_map, {}, doc="of the pods")
    extra_ports: list[dict[str, Any]] = option(
        containers.extra_ports, [], doc="more ports of the server's container, as in a pod"
    )
    extra_containers: list[dict[str, Any]] = option(
        containers.containers, [], doc="more containers, as in a pod"
    )
    init_containers: list[dict[str, Any]] = option(containers.containers, [], doc="as in a pod")
    extra_volumes: list[dict[str, Any]] = option(
        volumes.volumes, [], doc="more volumes, as in a pod"
    )
    extra_volume_mounts: list[dict[str, Any]] = option(
        volumes.volume_mounts, [], doc="more mounts of the server's container, as in a pod"
    )
    extra_objects: list[dict[str, Any]] = option(
        objects.whole_objects, [], doc="whole manifests, applied with the server"
    )

    ingress: None = _later()
    autoscaling: None = _later()
    disruption_budget: None = _later()
    drop_caches: None = _later()
    kv_offload: None = _later()
    api_key_secret: None = _later()
    config_maps: None = _later()
    secrets: None = _later()
    external_configs: None = _later()
    patch: None = _later()

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
    def cache_in_environment(self) -> bool:
        """Whether the cache's size goes by a variable of the environment: whole GiB on a CPU."""
        size = self.kv_cache_memory_gib
        return self.accelerator == "cpu" and size is not None and size == int(size)

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
