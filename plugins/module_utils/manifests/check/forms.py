# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The forms that the API server asks of names, keys and labels: "" when right, else why not.

After apimachinery, pkg/util/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Form = Callable[[str], str]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_WORD = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PORT_NAME = re.compile(r"[-a-z0-9]+\Z")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_ENV_NAME = re.compile(r"[ -<>-~]+\Z")
_KIND = re.compile(r"[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?\Z")
_REMEMBERED = 4096

LABEL = (
    "a name of at most 63 lower-case letters, digits and '-', with a letter or digit at each end"
)
SUBDOMAIN = (
    "a name of at most 253 lower-case letters, digits, '-' and '.', with a letter or digit at each"
    " end of its parts"
)
SEGMENT = "a name without '/' and '%' that is not '.' or '..'"
KEY = (
    "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at each end, and if"
    " wanted a DNS name and '/' before them"
)
LABEL_VALUE = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at each end"
PORT_NAME = (
    "at most 15 lower-case letters, digits and '-', at least one of them a letter, no '-' at an"
    " end and no two beside each other"
)
DATA_KEY = "at most 253 letters, digits, '-', '_' and '.'"
ENV_NAME = "a name of printable ASCII characters without '='"
API_VERSION = "a version such as v1 or apps/v1"
KIND = "a kind such as Deployment"


def _form(pattern: re.Pattern[str], longest: int) -> Form:
    @lru_cache(_REMEMBERED)
    def check(value: str) -> str:
        if len(value) > longest:
            return f"has {len(value)} characters"
        return "" if pattern.match(value) else "is not allowed"

    return check


label = _form(_LABEL, 63)
subdomain = _form(_SUBDOMAIN, 253)
kind = _form(_KIND, 63)
env_name = _form(_ENV_NAME, 2**20)
short_name = _form(_LABEL, 52)
_word = _form(_WORD, 63)
_port_characters = _form(_PORT_NAME, 15)
_data_characters = _form(_DATA_KEY, 253)


def segment(value: str) -> str:
    """A name as RBAC takes it: anything that can stand in a URL's path."""
    return "is not allowed" if value in {"", ".", ".."} or set("/%") & set(value) else ""


@lru_cache(_REMEMBERED)
def key(value: str) -> str:
    """The key of a label or an annotation, the name of an extended resource."""
    prefix, slash, name = value.rpartition("/")
    if slash and subdomain(prefix):
        return f"has a prefix that {subdomain(prefix)}"
    return _word(name)


def annotation_key(value: str) -> str:
    """As a label's, with capitals in the prefix too."""
    return key(value.lower())


def label_value(value: str) -> str:
    """The value of a label; it may be empty."""
    return _word(value) if value else ""


def port_name(value: str) -> str:
    """The name of a container's port (IANA_SVC_NAME)."""
    wrong = _port_characters(value)
    if wrong or "--" in value or value[0] == "-" or value[-1] == "-" or not _has_letter(value):
        return wrong or "is not allowed"
    return ""


def _has_letter(value: str) -> bool:
    return any("a" <= character <= "z" for character in value)


def data_key(value: str) -> str:
    """A key in a ConfigMap or a Secret."""
    return (
        "is not allowed" if value in {".", ".."} or value[:2] == ".." else _data_characters(value)
    )


def api_version(value: str) -> str:
    """``v1`` or ``apps/v1``."""
    group, slash, version = value.rpartition("/")
    return (subdomain(group) if slash else "") or label(version)
