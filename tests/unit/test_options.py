# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Every option of a model, one by one: that it arrives, is documented, is read from extra_args,
and that a wrong value of it is told.

A new option needs a line in ``WAYS``: a value, and the place where it must show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from rendered import planned
from shapes import LLAMA_8B

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.ask import ask
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import all_objects, render
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.flags import fold_flags
from ansible_collections.llmops.vllm.plugins.module_utils.spec.inputs import sizing_inputs
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model, later
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.section import Declared, declared

from .plugins.module_utils.cluster.fake_api import Answer, FakeApi

BASE: dict[str, Any] = {
    "name": "a",
    "model": "a/b",
    "config": LLAMA_8B,
    "gpu": {"product": "L4"},
    "max_model_len": 2048,
}
OPTIONS = {entry.path: entry for entry in declared(Model)}
LATER = [path for path, entry in OPTIONS.items() if entry.option.reader is later]
# They are read and change nothing yet: nothing computes the time to start. Their documentation
# says so.
UNUSED = ("storage.read_gib_per_second", "storage.download_gib_per_second", "startup.compile_cache")


def objects_of(model: Model, node: str | None = "node") -> list[dict[str, Any]]:
    """All objects that are sent for a model."""
    plans = {model.name: planned(model, node=node)}
    return all_objects(render([model], plans, "ns", "restricted").objects)


def asked_by(model: Model, directory: Path) -> tuple[str, Any]:
    """The path and the body of the completion that decides whether a model is served."""
    with FakeApi(directory) as api:
        with pytest.raises(FindingsError):
            ask(api.client(), "ns", model)
        return api.requests[0][1], api.bodies[0] if api.bodies else None


@dataclass(frozen=True)
class Made:
    """All that is made of a model."""

    raw: dict[str, Any]

    @cached_property
    def model(self) -> Model:
        return parse_model(self.raw)

    @cached_property
    def plan(self) -> dict[str, Any]:
        return memory_plan(self.raw)

    @cached_property
    def objects(self) -> dict[str, Any]:
        return {entry["kind"]: entry for entry in objects_of(self.model)}

    @property
    def pod(self) -> Any:
        return self.objects["Deployment"]["spec"]["template"]["spec"]

    @property
    def container(self) -> Any:
        return self.pod["containers"][0]

    @property
    def args(self) -> list[str]:
        return list(self.container.get("args", []))


Place = Callable[[Made], Any]


@dataclass(frozen=True)
class Way:
    """A value of an option and what must be found at a place that has something else without.

    ``expected``: None means that what is there only has to change. ``beside``: keys it needs.
    """

    value: Any
    place: Place
    expected: Any = None
    beside: dict[str, Any] = field(default_factory=dict)


def at(path: str) -> Place:
    """A field of the objects; ``pod`` and ``container`` are short for their places."""

    def place(made: Made) -> Any:
        first, *keys = path.split(".")
        found = getattr(made, first, None) if first in ("pod", "container", "plan") else None
        found = made.objects.get(first) if found is None else found
        for key in keys:
            if found is None:
                return None
            found = _part(found, key)
        return found

    return place


def _part(found: Any, key: str) -> Any:
    if isinstance(found, list):
        return found[int(key)] if int(key) < len(found) else None
    return found.get(key)


def named(path: str, name: str) -> Place:
    """The entry of a list in the objects that has a name."""

    def place(made: Made) -> Any:
        return next((entry for entry in at(path)(made) or [] if entry.get("name") == name), None)

    return place


def option_words(flag: str, length: int = 1) -> Place:
    """A flag in the command line, and so many words behind it."""

    def place(made: Made) -> Any:
        if flag not in made.args:
            return None
        start = made.args.index(flag)
        return made.args[start : start + 1 + length]

    return place


def flagged(flag: str, value: Any, *words: str) -> Way:
    return Way(value, option_words(flag, len(words)), [flag, *words])


def variable(name: str) -> Place:
    return lambda made: (named("container.env", name)(made) or {}).get("value")


META, SPEC, POD = "Deployment.metadata", "Deployment.spec", "Deployment.spec.template.metadata"
CLAIM = {"size_gib": 9}
SIDE = {"name": "side", "image": "side:1"}

WAYS: dict[str, Way] = {
    "name": Way("other", at(f"{META}.name"), "other"),
    "model": Way("c/d", at("container.args.0"), "c/d"),
    "served_model_names": flagged("--served-model-name", ["x", "y"], "x", "y"),
    "image": Way("r/i:1", at("container.image"), "r/i:1"),
    "image_pull_policy": Way("Always", at("container.imagePullPolicy"), "Always"),
    "image_pull_secrets": Way(["s"], at("pod.imagePullSecrets"), [{"name": "s"}]),
    "accelerator": Way(
        "amd", lambda made: made.container["resources"]["limits"].get("amd.com/gpu"), "1"
    ),
    "gpu": Way({"product": "H100"}, at("plan.per_gpu.total_gib")),
    "gpu.product": Way("H100", at("plan.per_gpu.total_gib")),
    "gpu.memory_gib": Way(50, at("plan.per_gpu.total_gib"), 50),
    "gpu.count": Way(1, at("plan.notes"), beside={"tensor_parallel_size": 2}),
    "vllm_version": Way("0.8.0", at("plan.per_gpu.requested_gib")),
    "config": Way({**LLAMA_8B, "num_hidden_layers": 16}, at("plan.per_gpu.weights_gib")),
    "weights_bytes": Way(2**34, at("plan.storage.claim_gib")),
    "replicas": Way(3, at(f"{SPEC}.replicas"), 3),
    "tensor_parallel_size": flagged("--tensor-parallel-size", 2, "2"),
    "pipeline_parallel_size": flagged("--pipeline-parallel-size", 2, "2"),
    "data_parallel_size": flagged("--data-parallel-size", 2, "2"),
    "revision": flagged("--revision", "abc", "abc"),
    "max_model_len": flagged("--max-model-len", 1024, "1024"),
    "max_num_seqs": flagged("--max-num-seqs", 7, "7"),
    "max_num_batched_tokens": flagged("--max-num-batched-tokens", 4096, "4096"),
    "gpu_memory_utilization": flagged("--gpu-memory-utilization", 0.8, "0.8"),
    "kv_cache_dtype": flagged("--kv-cache-dtype", "fp8", "fp8"),
    "block_size": flagged("--block-size", 32, "32"),
    "dtype": flagged("--dtype", "float16", "float16"),
    "quantization": flagged("--quantization", "fp8", "fp8"),
    "enable_expert_parallel": flagged("--enable-expert-parallel", True),
    "enforce_eager": flagged("--enforce-eager", True),
    "enable_prefix_caching": flagged("--enable-prefix-caching", True),
    "kv_cache_memory_gib": flagged("--kv-cache-memory-bytes", 2, "2147483648"),
    "speculative_config": flagged(
        "--speculative-config", {"method": "ngram"}, '{"method": "ngram"}'
    ),
    "lora_modules": flagged(
        "--enable-lora",
        [{"name": "l", "path": "/l"}],
        "--lora-modules",
        '{"name": "l", "path": "/l"}',
    ),
    "extra_args": Way(["--seed", "1"], lambda made: made.args[-2:], ["--seed", "1"]),
    "command": Way(["serve"], at("container.command"), ["serve"]),
    "env": Way({"ONE": "1"}, variable("ONE"), "1"),
    "hf_token_secret": Way(
        "hub",
        named("container.env", "HF_TOKEN"),
        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}},
    ),
    "hf_token_secret.name": Way(
        "hub",
        lambda made: named("container.env", "HF_TOKEN")(made)["valueFrom"]["secretKeyRef"]["name"],
        "hub",
        beside={"hf_token_secret": {"name": "x"}},
    ),
    "hf_token_secret.key": Way(
        "k",
        lambda made: named("container.env", "HF_TOKEN")(made)["valueFrom"]["secretKeyRef"]["key"],
        "k",
        beside={"hf_token_secret": {"name": "x"}},
    ),
    "storage": Way(CLAIM, at("PersistentVolumeClaim.spec.resources.requests.storage"), "9Gi"),
    "storage.host_path": Way("/d", at("PersistentVolume.spec.hostPath.path"), "/d"),
    "storage.node": Way(
        "n1",
        lambda made: objects_of(made.model, node=None)[1]["spec"],
        beside={"storage": {"host_path": "/d", "node": "n2"}},
    ),
    "storage.claim_name": Way(
        "mine",
        named("pod.volumes", "model"),
        {"name": "model", "persistentVolumeClaim": {"claimName": "mine"}},
    ),
    "storage.size_gib": Way(
        7,
        at("PersistentVolumeClaim.spec.resources.requests.storage"),
        "7Gi",
        beside={"storage": CLAIM},
    ),
    "storage.storage_class": Way("fast", at("PersistentVolumeClaim.spec.storageClassName"), "fast"),
    "storage.access_modes": Way(
        ["ReadWriteMany"],
        at("PersistentVolumeClaim.spec.accessModes"),
        ["ReadWriteMany"],
        beside={"storage": CLAIM},
    ),
    "storage.mount_path": Way(
        "/here",
        lambda made: named("container.volumeMounts", "model")(made)["mountPath"],
        "/here",
        beside={"storage": CLAIM},
    ),
    "startup": Way({"max_seconds": 900}, variable("VLLM_ENGINE_READY_TIMEOUT_S"), "900"),
    "startup.max_seconds": Way(900, at("container.startupProbe.failureThreshold"), 91),
    "probes": Way({"path": "/up"}, at("container.livenessProbe.httpGet.path"), "/up"),
    "probes.period_seconds": Way(20, at("container.startupProbe.periodSeconds"), 20),
    "probes.initial_delay_seconds": Way(3, at("container.startupProbe.initialDelaySeconds"), 3),
    "probes.timeout_seconds": Way(2, at("container.startupProbe.timeoutSeconds"), 2),
    "probes.path": Way("/up", at("container.readinessProbe.httpGet.path"), "/up"),
    "probes.drain_seconds": flagged("--shutdown-timeout", 40, "40"),
    "service": Way({"port": 80}, at("Service.spec.ports.0.port"), 80),
    "service.type": Way("NodePort", at("Service.spec.type"), "NodePort"),
    "service.port": Way(80, at("Service.spec.ports.0.port"), 80),
    "service.annotations": Way({"a": "b"}, at("Service.metadata.annotations"), {"a": "b"}),
    "resources": Way({"limits": {"memory": "9Gi"}}, at("container.resources.limits.memory"), "9Gi"),
    "strategy": Way({"type": "RollingUpdate"}, at(f"{SPEC}.strategy"), {"type": "RollingUpdate"}),
    "node_selector": Way({"a": "b"}, at("pod.nodeSelector"), {"a": "b"}),
    "tolerations": Way([{"operator": "Exists"}], at("pod.tolerations"), [{"operator": "Exists"}]),
    "affinity": Way({"podAffinity": {}}, at("pod.affinity"), {"podAffinity": {}}),
    "node_name": Way("n1", at("pod.nodeName"), "n1"),
    "scheduler_name": Way("mine", at("pod.schedulerName"), "mine"),
    "priority_class_name": Way("high", at("pod.priorityClassName"), "high"),
    "runtime_class_name": Way("nvidia", at("pod.runtimeClassName"), "nvidia"),
    "service_account_name": Way("me", at("pod.serviceAccountName"), "me"),
    "pod_security_context": Way({"runAsUser": 7}, at("pod.securityContext.runAsUser"), 7),
    "security_context": Way({"runAsUser": 7}, at("container.securityContext.runAsUser"), 7),
    "host_network": Way(True, at("pod.hostNetwork"), True),
    "host_ipc": Way(True, at("pod.hostIPC"), True),
    "host_pid": Way(True, at("pod.hostPID"), True),
    "labels": Way({"team": "x"}, at(f"{META}.labels.team"), "x"),
    "annotations": Way({"note": "x"}, at(f"{META}.annotations.note"), "x"),
    "pod_labels": Way({"team": "x"}, at(f"{POD}.labels.team"), "x"),
    "pod_annotations": Way({"note": "x"}, at(f"{POD}.annotations.note"), "x"),
    "extra_ports": Way([{"containerPort": 9}], at("container.ports.1"), {"containerPort": 9}),
    "extra_containers": Way([SIDE], at("pod.containers.1"), SIDE),
    "init_containers": Way([SIDE], at("pod.initContainers"), [SIDE]),
    "extra_volumes": Way([{"name": "v"}], named("pod.volumes", "v"), {"name": "v"}),
    "extra_volume_mounts": Way(
        [{"name": "tmp", "mountPath": "/t"}],
        lambda made: made.container["volumeMounts"][-1],
        {"name": "tmp", "mountPath": "/t"},
    ),
    "extra_objects": Way(
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}],
        at("ConfigMap.metadata.name"),
        "c",
    ),
}
REQUESTED = {
    "check": ({"prompt": "Hi"}, "prompt", "Hi"),
    "check.prompt": ("Hi", "prompt", "Hi"),
    "check.max_tokens": (3, "max_tokens", 3),
}
EXPECTED = "check.expect"
FLAGGED = [path for path, entry in OPTIONS.items() if entry.option.flag is not None]
# Flags whose words in extra_args do not become the key; what happens instead has a test below.
NOT_FOLDED = ("revision", "served_model_names", "lora_modules", "probes.drain_seconds")


def given(path: str, value: Any, beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A model with one option."""
    raw = {**BASE, **(beside or {})}
    outer, dot, inner = path.partition(".")
    section = raw.get(outer)
    raw[outer] = {**(section if isinstance(section, dict) else {}), inner: value} if dot else value
    return raw


def test_every_option_is_proven() -> None:
    assert set(OPTIONS) == {*WAYS, *REQUESTED, EXPECTED, *UNUSED, *LATER}


@pytest.mark.parametrize("path", WAYS)
def test_an_option_arrives(path: str) -> None:
    way = WAYS[path]
    before = way.place(Made({**BASE, **way.beside}))
    found = way.place(Made(given(path, way.value, way.beside)))
    assert found is not None
    assert found != before
    assert way.expected is None or found == way.expected


@pytest.mark.parametrize("path", REQUESTED)
def test_an_option_arrives_in_the_request(path: str, tmp_path: Path) -> None:
    value, key, expected = REQUESTED[path]
    dummy, body = asked_by(parse_model(given(path, value)), tmp_path)
    assert body[key] == expected
    dummy, before = asked_by(parse_model(BASE), tmp_path)
    assert before[key] != expected


@pytest.mark.parametrize(
    ("expression", "right"), [("usage.completion_tokens == `1`", True), ("usage", False)]
)
def test_an_expected_answer_decides(expression: str, right: bool, tmp_path: Path) -> None:
    model = parse_model(given(EXPECTED, expression))
    with FakeApi(tmp_path) as api:
        path = "/api/v1/namespaces/ns/services/http:a:8000/proxy/v1/completions"
        chunk = b'{"choices": [{"text": "x"}], "usage": {"completion_tokens": 1}}'
        told = b"data: " + chunk + b"\n\ndata: [DONE]\n\n"
        api.on(path, Answer(body=told))
        if right:
            assert ask(api.client(), "ns", model).tokens == 1
        else:
            with pytest.raises(FindingsError, match="is not true for the answer"):
                ask(api.client(), "ns", model)


@pytest.mark.parametrize("path", UNUSED)
def test_an_option_that_changes_nothing_says_so(path: str) -> None:
    assert "no figure depends on it yet" in OPTIONS[path].option.doc


@pytest.mark.parametrize("path", LATER)
def test_an_option_of_a_later_version_is_refused(path: str) -> None:
    with pytest.raises(FindingsError) as caught:
        parse_model(given(path, {"a": 1}))
    assert [(found.rule, found.subject) for found in caught.value.findings] == [
        ("not_supported", f"model.{path}")
    ]


@pytest.mark.parametrize("entry", OPTIONS.values(), ids=OPTIONS)
def test_an_option_is_documented(entry: Declared) -> None:
    assert entry.option.doc
    assert entry.option.reader.kind or entry.path in LATER
    assert "\n" not in entry.option.doc


@pytest.mark.parametrize("path", [path for path in OPTIONS if path not in LATER])
def test_a_wrong_type_is_told_once_with_its_path(path: str) -> None:
    kind = OPTIONS[path].option.reader.kind
    wrong = "x" if kind in ("integer", "number") else 7
    beside = {"hf_token_secret": {"name": "x"}} if path.startswith("hf_token_secret.") else {}
    with pytest.raises(FindingsError) as caught:
        parse_model(given(path, wrong, beside))
    assert [(found.rule, found.subject) for found in caught.value.findings] == [
        ("wrong_value", f"model.{path}")
    ]
    (found,) = caught.value.findings
    assert repr(wrong) in found.cause
    assert found.fix


# --- sizing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WAYS)
def test_what_changes_the_memory_plan_is_an_input_of_it(path: str) -> None:
    way = WAYS[path]
    with_it, without = Made(given(path, way.value, way.beside)), Made({**BASE, **way.beside})
    inputs = sizing_inputs(with_it.model) != sizing_inputs(without.model)
    section = any(entry.option.sizes for p, entry in OPTIONS.items() if p.startswith(f"{path}."))
    if not section:
        assert inputs == OPTIONS[path].option.sizes
    assert inputs or with_it.plan == without.plan


@pytest.mark.parametrize("path", FLAGGED)
def test_a_flag_in_extra_args_sizes_like_its_key(path: str) -> None:
    value = WAYS[path].value
    flag = OPTIONS[path].option.flag
    assert flag is not None
    by_key, base = given(path, value), {**BASE, "max_model_len": None}
    by_key = {**base, **{k: v for k, v in by_key.items() if BASE.get(k) != v}}
    for name in (flag.name, *flag.aliases):
        words = [name if word == flag.name else word for word in flag.words(value)]
        told = fold_flags(parse_model({**base, "extra_args": words}))
        if path == "revision":
            assert told.blind == (
                "extra_args: --revision: what it does to the memory is not known here",
            )
            continue
        assert told.blind == ()
        if path not in NOT_FOLDED:
            assert getattr(told.model, path) == getattr(parse_model(by_key), path) == value
        assert memory_plan({**base, "extra_args": words}) == memory_plan(by_key)


@pytest.mark.parametrize("path", [path for path in FLAGGED if "." not in path])
def test_the_opposite_of_a_switch_is_read_too(path: str) -> None:
    flag = OPTIONS[path].option.flag
    assert flag is not None
    if flag.is_switch:
        no = f"--no-{flag.name.removeprefix('--')}"
        told = fold_flags(parse_model({**BASE, path: True, "extra_args": [no]}))
        assert getattr(told.model, path) is False
