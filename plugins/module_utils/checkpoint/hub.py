# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shape of a model on the Hub, through the optional library ``huggingface_hub``.

The library decides how to connect: HF_ENDPOINT, the token (HF_TOKEN or a saved one) and the
proxies are its own business. A branch or tag is pinned to its commit first, and everything
is read from that commit.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .config_file import CONFIG_LIMIT_BYTES, CONFIG_NAME, read_config, read_json_object
from .hub_cache import HubCache, default_cache_dir
from .hub_errors import (
    HubBadAnswer,
    HubBadName,
    HubLibraryMissing,
    HubNoShape,
    HubOffline,
    HubUnreachable,
    hub_error,
)
from .quant_file import (
    QUANT_LIMIT_BYTES,
    QUANT_NAME,
    QUANT_NOTE,
    wants_quantization,
    with_quantization,
)
from .result import Checkpoint, CheckpointError, Tensor
from .safetensors_header import tensor_from, total_bytes

DEFAULT_ENDPOINT = "https://huggingface.co"
DEFAULT_REVISION = "main"
# One play asks for the same model several times; the Hub hears of it once.
FRESH_SECONDS = 3600
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?")
_YES = {"1", "ON", "YES", "TRUE"}


def read_hub(
    name: str,
    revision: str | None = None,
    *,
    offline: bool = False,
    cache_dir: Path | None = None,
) -> Checkpoint:
    """Config and tensors of a model on the Hub, or what the cache keeps of them.

    Raises HubError with the cause when neither has them, and CheckpointError when the model's
    files are wrong.
    """
    if not _NAME.fullmatch(name):
        raise HubBadName(f"{name[:200]}: is not the name of a model on the Hub (`owner/name`)")
    wanted = revision or DEFAULT_REVISION
    endpoint = (os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    # Credentials in the address are for the connection alone: not for files, not for messages.
    shown = without_credentials(endpoint)
    cache = HubCache(cache_dir or default_cache_dir(), shown)
    kept = _fresh(cache, name, wanted)
    if kept is not None:
        return kept
    try:
        return _Hub(name, wanted, endpoint, offline=offline).read(cache)
    except (HubOffline, HubLibraryMissing, HubUnreachable) as error:
        seen = cache.commit_of(name, wanted)
        stale = cache.checkpoint(name, seen[0]) if seen else None
        if stale is None:
            raise
        return _with_note(stale, f"{error}; what was read earlier is used")


def without_credentials(address: str) -> str:
    """An address as it may be shown: without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return "the address in HF_ENDPOINT"


def _fresh(cache: HubCache, name: str, wanted: str) -> Checkpoint | None:
    """What is kept and needs no question: a commit, or a branch that was just asked for."""
    if _COMMIT.fullmatch(wanted):
        return cache.checkpoint(name, wanted)
    seen = cache.commit_of(name, wanted)
    if seen is None or not 0 <= seen[1] < FRESH_SECONDS:
        return None
    return cache.checkpoint(name, seen[0])


class _Hub:
    """One model at one revision on the Hub."""

    def __init__(self, name: str, wanted: str, endpoint: str, *, offline: bool) -> None:
        self.name = name
        self.wanted = wanted
        self.subject = name if wanted == DEFAULT_REVISION else f"{name} at {wanted[:100]}"
        self.endpoint = without_credentials(endpoint)
        if offline or any(
            os.environ.get(key, "").upper() in _YES
            for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        ):
            raise HubOffline(f"{self.subject}: the Hub was not asked (offline)")
        self.library = _library(self.subject)
        self.api = self.library.HfApi(endpoint=endpoint)

    def read(self, cache: HubCache) -> Checkpoint:
        """Pin the revision, then take what is kept of that commit or read it."""
        with self._errors():
            info = self.api.model_info(
                self.name,
                revision=self.wanted,
                files_metadata=True,
                timeout=self.library.constants.HF_HUB_DOWNLOAD_TIMEOUT,
            )
        commit = info.sha if isinstance(info.sha, str) else None
        found = cache.checkpoint(self.name, commit) if commit else None
        if found is None:
            found = self._fetch(info, commit)
        return self._kept(found, cache)

    def _fetch(self, info: Any, commit: str | None) -> Checkpoint:
        """Config and tensors from the Hub."""
        revision = commit or self.wanted
        sizes = {file.rfilename: file.size for file in info.siblings or []}
        if sizes and CONFIG_NAME not in sizes:
            raise HubNoShape(
                f"{self.subject}: has no {CONFIG_NAME} on {self.endpoint}; give `config` in the "
                f"model"
            )
        config = read_config(self._file(CONFIG_NAME, revision, sizes, CONFIG_LIMIT_BYTES))
        notes = [f"read from {self.endpoint}, {self.name} at commit {revision}"]
        quantization = self._quantization(config, revision, sizes)
        if quantization is not None:
            config = with_quantization(config, quantization)
            notes.append(QUANT_NOTE)
        tensors = self._tensors(revision, notes)
        size = None if tensors is None else total_bytes(tensors)
        return Checkpoint("hub", config, size, tensors, commit, tuple(notes))

    def _quantization(
        self, config: dict[str, Any], revision: str, sizes: dict[str, int | None]
    ) -> dict[str, Any] | None:
        """The file beside a config that names no quantization; None without one.

        The list of files tells whether it is there; some mirrors give none, and are asked.
        """
        if not wants_quantization(config) or (sizes and QUANT_NAME not in sizes):
            return None
        try:
            path = self._file(QUANT_NAME, revision, sizes, QUANT_LIMIT_BYTES)
        except HubNoShape:
            if sizes:
                raise
            return None
        return read_json_object(path, QUANT_LIMIT_BYTES)

    def _file(self, name: str, revision: str, sizes: dict[str, int | None], limit: int) -> Path:
        """A small file, brought here unless the list of files says that it is too large."""
        if (sizes.get(name) or 0) > limit:
            raise CheckpointError(
                f"{self.subject}: {name} is larger than {limit} bytes; give `config` in the model"
            )
        with self._errors():
            return Path(self.api.hf_hub_download(self.name, name, revision=revision))

    def _tensors(self, revision: str, notes: list[str]) -> tuple[Tensor, ...] | None:
        """All tensors, by the library's own reading of the safetensors headers."""
        try:
            with self._errors():
                metadata = self.api.get_safetensors_metadata(self.name, revision=revision)
        except (HubNoShape, HubBadAnswer) as error:
            notes.append(f"{error}; the size of the weights is computed")
            return None
        tensors = {}
        for file, content in sorted(metadata.files_metadata.items()):
            for name, entry in content.tensors.items():
                described = {
                    "dtype": entry.dtype,
                    "shape": entry.shape,
                    "data_offsets": list(entry.data_offsets),
                }
                tensors[name] = tensor_from(name, described, f"{self.subject}: {file}")[0]
        return tuple(tensors.values())

    def _kept(self, found: Checkpoint, cache: HubCache) -> Checkpoint:
        """The same, stored; a cache that cannot be written costs a note, not the plan."""
        if found.revision is None:
            return found
        try:
            if cache.checkpoint(self.name, found.revision) is None:
                cache.keep_checkpoint(self.name, found.revision, found)
            if self.wanted != found.revision:
                cache.keep_commit(self.name, self.wanted, found.revision)
        except OSError as error:
            return _with_note(found, f"not kept in {cache.directory}: {error.strerror}")
        return found

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn whatever the library raises into a HubError of our own words."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - each HTTP library has exceptions of its own
            raise hub_error(error, self.library.errors, self.subject, self.endpoint) from None


def _library(subject: str) -> Any:
    """The library, loaded when it is first needed, without its progress bars."""
    try:
        library = importlib.import_module("huggingface_hub")
        for part in ("constants", "errors", "utils"):
            importlib.import_module(f"huggingface_hub.{part}")
    except ImportError:
        raise HubLibraryMissing(
            f"{subject}: to ask the Hub, install huggingface_hub beside ansible-core; or give "
            f"`config` in the model"
        ) from None
    if library.constants.HF_HUB_DISABLE_PROGRESS_BARS is None:
        library.utils.disable_progress_bars()
    return library


def _with_note(found: Checkpoint, note: str) -> Checkpoint:
    return replace(found, notes=(*found.notes, note))
