# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The list ``vllm_models`` as typed models, or every mistake in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from .errors import Errors
from .model import Model, Storage
from .reserved import MODEL_VOLUME, SCRATCH_VOLUMES
from .section import read_section

# More to find wrong with a model than its keys tell: keys (or none) and messages.
Check = Callable[[Model], Sequence[tuple[str, str]]]


def parse_models(raw: Any, *, path: str = "vllm_models", check: Check | None = None) -> list[Model]:
    """Read a list of model mappings; ``check`` looks at each one that could be read.

    Raises FindingsError with one entry for each mistake, in the order of the input.
    """
    errors = Errors()
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        errors.wrong(path, raw, "a list with at least one model (a mapping with name and model)")
        errors.raise_if_any()
    models: list[Model] = []
    seen: dict[str, str] = {}
    for index, entry in enumerate(raw):
        place = f"{path}[{index}]"
        model = read_section(Model, entry, place, errors)
        if model is None:
            continue
        first = seen.setdefault(model.name, place)
        if model.name and first != place:
            cause = f"{model.name!r} is the name of {first} too"
            errors.add("doubled_name", f"{place}.name", cause, "rename one")
        _check_together(model, place, errors)
        _check_further(model, place, errors, check)
        models.append(model)
    errors.raise_if_any()
    return models


def parse_model(raw: Any, *, path: str = "model", check: Check | None = None) -> Model:
    """Read one model mapping; raises FindingsError. ``check`` as in ``parse_models``."""
    errors = Errors()
    model = read_section(Model, raw, path, errors)
    if model is not None:
        _check_together(model, path, errors)
        _check_further(model, path, errors, check)
    errors.raise_if_any()
    return cast("Model", model)


def _check_further(model: Model, path: str, errors: Errors, check: Check | None) -> None:
    for key, message in check(model) if check else ():
        errors.add("configuration", f"{path}.{key}" if key else path, message)


def _check_together(model: Model, path: str, errors: Errors) -> None:
    """Keys that are each right but do not go together."""
    _check_storage(model, f"{path}.storage", errors)
    timeout, period = model.probes.timeout_seconds, model.probes.period_seconds
    if timeout is not None and timeout > period and not errors.inside(f"{path}.probes"):
        errors.add(
            "probes_overlap",
            f"{path}.probes.timeout_seconds",
            f"{timeout:g} is above period_seconds ({period:g})",
            "probes would overlap, give less",
        )
    _check_names_in_pod(model, path, errors)
    if model.accelerator == "cpu" and model.gpu.count:
        cause = "a model with accelerator cpu has no GPU"
        errors.add("contradiction", f"{path}.gpu.count", cause, "leave it out")


def _check_names_in_pod(model: Model, path: str, errors: Errors) -> None:
    """Names that stand once in a pod, and names that must be there."""
    for index, volume in enumerate(model.extra_volumes):
        if model.storage.is_claim and volume.get("name") == MODEL_VOLUME:
            cause = f"{MODEL_VOLUME!r} is the volume that storage gives the model"
            place = f"{path}.extra_volumes[{index}].name"
            errors.add("doubled_name", place, cause, "give yours another name")
    beside = {container.get("name") for container in model.extra_containers} - {None, ""}
    for index, container in enumerate(model.init_containers):
        if container.get("name") in beside:
            cause = f"{container['name']!r} is the name of one of extra_containers too"
            errors.add("doubled_name", f"{path}.init_containers[{index}].name", cause, "rename one")
    if not errors.inside(f"{path}.extra_volumes"):
        _check_mounts(model, path, errors)


def _check_mounts(model: Model, path: str, errors: Errors) -> None:
    """A mount names a volume of the pod."""
    volumes = {*SCRATCH_VOLUMES, *(str(volume["name"]) for volume in model.extra_volumes)}
    if model.storage.is_claim:
        volumes.add(MODEL_VOLUME)
    for place, mounts in _mounts(model, path):
        for index, mount in enumerate(mounts):
            name = mount.get("name")
            if name and name not in volumes:
                cause = f"the pod has no volume {name!r}"
                fix = f"give one of {', '.join(sorted(volumes))}, or add it to extra_volumes"
                errors.add("missing_volume", f"{place}[{index}].name", cause, fix)


def _mounts(model: Model, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The mounts of all containers, with their paths."""
    yield f"{path}.extra_volume_mounts", model.extra_volume_mounts
    for key in ("extra_containers", "init_containers"):
        for index, container in enumerate(getattr(model, key)):
            yield f"{path}.{key}[{index}].volumeMounts", container.get("volumeMounts", [])


def _check_storage(model: Model, path: str, errors: Errors) -> None:
    storage = model.storage
    if storage.host_path and storage.claim_name:
        cause = "host_path and claim_name are two places for one volume"
        errors.add("contradiction", path, cause, "give one")
    if storage.host_path and storage.storage_class:
        errors.add(
            "contradiction",
            f"{path}.storage_class",
            "a host_path volume is bound by name and has no class",
            "leave one of the two out",
        )
    if storage.claim_name and (storage.size_gib or storage.storage_class):
        cause = "an existing claim keeps its size and class"
        errors.add("contradiction", f"{path}.claim_name", cause, "leave those out")
    if storage.node and not storage.host_path:
        cause = "says which node has host_path"
        errors.add("missing_key", f"{path}.node", cause, "give host_path too")
    if storage.read_gib_per_second and not storage.is_claim and model.is_local_path:
        cause = "there is no volume to read from"
        errors.add("contradiction", f"{path}.read_gib_per_second", cause)
    if model.replicas > 1 and not model.node_name and _single_writer(storage):
        errors.add(
            "access_modes",
            f"{path}.access_modes",
            f"{storage.access_modes} lets one node mount the claim, and {model.replicas} replicas"
            " may land on several",
            "give ReadWriteMany or ReadOnlyMany, or one node_name",
        )
    if model.is_local_path:
        _check_model_path(model, path, errors)


def _single_writer(storage: Storage) -> bool:
    """Whether a claim made for the pods can be mounted on one node only.

    A host_path volume is on one node anyway, and brings all pods there.
    """
    shared = {"ReadWriteMany", "ReadOnlyMany"} & set(storage.access_modes)
    return storage.makes_claim and storage.host_path is None and not shared


def _check_model_path(model: Model, path: str, errors: Errors) -> None:
    """A model that is a path needs a volume that holds it."""
    has_mounts = model.extra_volume_mounts or errors.inside(
        f"{path.rpartition('.')[0]}.extra_volume_mounts"
    )
    if not model.storage.is_claim and not has_mounts:
        errors.add(
            "no_volume",
            path,
            f"model {model.model!r} is a directory, and no volume holds it",
            "give storage.host_path or storage.claim_name, or a model name of the Hub",
        )
    mount = model.storage.mount_path
    if mount and model.storage.is_claim and not f"{model.model}/".startswith(f"{mount}/"):
        errors.add(
            "mount_path",
            f"{path}.mount_path",
            f"model {model.model!r} is not below it",
            "mount the volume at or above the model",
        )
