# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint out of what a pod has reported about it, for the memory plan."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

from ....checkpoint.config_file import (
    CONFIG_LIMIT_BYTES,
    CONFIG_NAME,
    parse_config,
    parse_json_object,
)
from ....checkpoint.quant_file import QUANT_LIMIT_BYTES, QUANT_NAME, QUANT_NOTE, with_quantization
from ....checkpoint.result import Checkpoint
from ....findings import FindingsError
from .pod import CONTAINER, SeenCheckpoint
from .script import CONFIG_END, CONFIG_MARK

if TYPE_CHECKING:
    from ...api.connection import Client

# Base64 takes four bytes for three; there is room for what the image itself may say before. The
# file that says the quantization repeats itself, so that it packs to a small part of its length.
LOG_LIMIT_BYTES = CONFIG_LIMIT_BYTES * 4 // 3 + 2**18
# The log comes from the kubelet, which some clusters' firewalls hide from the API server.
LOG_SECONDS = 10.0


class NotRead(Exception):
    """Why a config did not arrive: no fault of the checkpoint."""


def read_checkpoint(
    client: Client, pod_path: str, seen: SeenCheckpoint, directory: str, node: str
) -> Checkpoint:
    """Return the checkpoint that a pod saw in the ``directory`` of a ``node``.

    ``pod_path`` is the pod's path at the API server. A config that does not arrive gives a
    checkpoint of the source ``none``, and its notes say why; what is known of the weights stays.
    Raises CheckpointError for a config that is wrong.
    """
    where = f"{directory} on node {node}"
    weights_bytes, notes = seen.weights_bytes, _notes(seen, where)
    try:
        data = unpacked(seen.config or _from_log(client, pod_path))
    except NotRead as error:
        why = f"{CONFIG_NAME} in {where} was not read: {error}; give `config` in the model"
        return Checkpoint("none", {}, weights_bytes, notes=(*notes, why))
    config, more = _parsed(data)
    return Checkpoint("node", config, weights_bytes, notes=(f"read from {where}", *more, *notes))


def _parsed(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return a config, with what the second file says, and a note on that. Raises CheckpointError.

    What is wrong with config.json comes first.
    """
    text, end, quantization = data.partition(CONFIG_END)
    config = parse_config(text, CONFIG_NAME)
    if not end:
        return config, []
    found = parse_json_object(quantization, QUANT_NAME)
    return with_quantization(config, found), [QUANT_NOTE]


def unpacked(packed: str) -> bytes:
    """Return the config that the script has packed. Raises NotRead."""
    limit = CONFIG_LIMIT_BYTES + len(CONFIG_END) + QUANT_LIMIT_BYTES
    inflater = zlib.decompressobj()
    try:
        # One byte more than both files may have; whatever claims more is never held.
        data = inflater.decompress(base64.b64decode(packed, validate=True), limit + 1)
    except (ValueError, zlib.error):
        raise NotRead("it arrived damaged") from None
    if not inflater.eof or len(data) > limit:
        raise NotRead("it did not arrive whole")
    return data


def _from_log(client: Client, pod_path: str) -> str:
    """Return the packed config out of the pod's log. Raises NotRead."""
    query = {"container": CONTAINER, "limitBytes": LOG_LIMIT_BYTES}
    try:
        reply = client.send(
            "GET",
            f"{pod_path}/log",
            query=query,
            accept="text/plain, */*",
            read_timeout_seconds=LOG_SECONDS,
            attempts=2,
        )
    except FindingsError as error:
        raise NotRead(f"the log of the pod that looked: {error.first.cause}") from None
    if reply.status == 403:
        raise NotRead("this user may not get pods/log")
    if reply.status != 200:
        raise NotRead(f"the log of the pod that looked: HTTP {reply.status}")
    for line in reply.body.splitlines():
        if line.startswith(CONFIG_MARK.encode()):
            return line[len(CONFIG_MARK) :].decode("ascii", "replace")
    raise NotRead("the log of the pod that looked does not have it")


def _notes(seen: SeenCheckpoint, where: str) -> list[str]:
    """Return what is worth knowing about the weights."""
    if seen.weights_bytes is None:
        return [f"{where} has no safetensors files: the size of the weights is computed"]
    if seen.twice:
        return [f"{seen.twice} tensors are in more than one file and counted once"]
    return []
