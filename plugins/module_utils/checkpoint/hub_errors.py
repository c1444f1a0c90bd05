# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Why the Hub did not give a model's shape: one class and one clear message per cause.

Messages are our own words. Those of the library are never passed on: they may hold addresses
with signatures or credentials.
"""

from __future__ import annotations

import struct
from typing import Any

from .result import CheckpointError

LOG_IN = "set HF_TOKEN on the controller or run `hf auth login`"

# What the library stumbles over when an answer is not what it expects.
_NONSENSE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    struct.error,
)

_NO_PLACE = (PermissionError, NotADirectoryError, FileExistsError, IsADirectoryError)


class HubError(CheckpointError):
    """The Hub was to be asked and gave no shape."""

    # Whether a server in the cluster with the same rights would hear the same.
    definite = False


class HubOffline(HubError):
    """Nothing may be asked: offline mode."""


class HubLibraryMissing(HubError):
    """huggingface_hub is not installed."""


class HubUnreachable(HubError):
    """No connection, or no usable answer."""


class HubTimeout(HubUnreachable):
    """No answer in time."""


class HubBadAnswer(HubUnreachable):
    """An answer that does not speak the Hub's language, such as a portal's page."""


class HubUnwritable(HubError):
    """The library cannot keep files in its cache."""


class HubBadName(HubError):
    """The model's name is not one that the Hub can have."""


class HubNoShape(HubError):
    """The model is there, but its files do not give a shape."""


class HubDenied(HubError):
    """The token is wrong, expired or lacks the right."""


class HubGated(HubDenied):
    """The model's owner must grant access first."""

    definite = True


class HubMissing(HubError):
    """There is no such model, or it is private."""

    definite = True


class HubRevisionMissing(HubError):
    """The model has no such branch, tag or commit."""

    definite = True


_MISSING = "{endpoint} has no such model, or it is private; check the name, or " + LOG_IN
# By the names of the library's exceptions, the special ones before the general.
_KINDS: tuple[tuple[str, type[HubError], str], ...] = (
    ("GatedRepoError", HubGated, "is gated on {endpoint}; ask for access there, then " + LOG_IN),
    ("RevisionNotFoundError", HubRevisionMissing, "{endpoint} has the model, not this revision"),
    ("RepositoryNotFoundError", HubMissing, _MISSING),
    ("RemoteEntryNotFoundError", HubNoShape, "a file that its list names is not on {endpoint}"),
    ("NotASafetensorsRepoError", HubNoShape, "has no safetensors files on {endpoint}"),
    ("SafetensorsParsingError", HubNoShape, "its safetensors headers cannot be read"),
    ("HFValidationError", HubBadName, "is not the name of a model on the Hub (`owner/name`)"),
    ("OfflineModeIsEnabled", HubOffline, "huggingface_hub is offline; unset HF_HUB_OFFLINE"),
)


def hub_error(error: BaseException, hub: Any, subject: str, endpoint: str) -> HubError:
    """What an exception of ``huggingface_hub`` means; ``hub`` is its module ``errors``.

    ``subject`` is the model with its revision, ``endpoint`` the Hub's address without
    credentials.
    """
    chain = _chain(error)
    for name, kind, text in _KINDS:
        if any(isinstance(cause, getattr(hub, name)) for cause in chain):
            return kind(f"{subject}: {text.format(endpoint=endpoint)}")
    for cause in chain:
        if isinstance(cause, hub.HfHubHTTPError):
            return _refused(int(cause.response.status_code), subject, endpoint)
    name = type(chain[-1]).__name__
    if any(_is_timeout(cause) for cause in chain):
        return HubTimeout(
            f"{subject}: {endpoint} did not answer in time; check the network and the proxy, or "
            f"set HF_HUB_DOWNLOAD_TIMEOUT (seconds)"
        )
    if isinstance(error, _NO_PLACE):
        return HubUnwritable(
            f"{subject}: huggingface_hub cannot write its cache ({name}); set HF_HOME to a "
            f"directory that can be written"
        )
    if isinstance(error, _NONSENSE):
        return HubBadAnswer(
            f"{subject}: the answer of {endpoint} makes no sense ({name}); check HF_ENDPOINT and "
            f"the proxy"
        )
    return HubUnreachable(
        f"{subject}: {endpoint} cannot be reached ({name}); check HF_ENDPOINT, the network and "
        f"the proxy"
    )


def _refused(status: int, subject: str, endpoint: str) -> HubError:
    """What an answer with an error status means when the Hub does not say more."""
    if status in (401, 403):
        return HubDenied(f"{subject}: {endpoint} refused the token (HTTP {status}); {LOG_IN}")
    later = "too many requests, try again later" if status == 429 else "try again later"
    return HubUnreachable(f"{subject}: {endpoint} answered with HTTP {status}; {later}")


def _is_timeout(error: BaseException) -> bool:
    """Whether this is a timeout of Python or of the HTTP library, whichever that is."""
    return any("Timeout" in kind.__name__ for kind in type(error).__mro__)


def _chain(error: BaseException) -> list[BaseException]:
    """An exception and what it came from, outermost first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain
