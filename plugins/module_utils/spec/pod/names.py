# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Names, labels and annotations, as the API server takes them.

Readers of this package refuse what the API server would refuse after other objects had been
applied, and nothing that it takes (pkg/apis/core/validation/validation.go of Kubernetes 1.34;
fields as of 1.36). Deeper parts, which need the cluster, are left to the dry run.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import Errors
from ..readers import as_text, name_like, object_name, reads, scalar_text
from ..structures import mapping_of

_PART = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"(?=[^/]{1,253}/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/"
LABEL_KEY = re.compile(rf"({_DOMAIN})?{_PART}\Z")
# Of an annotation's key the case does not matter.
_ANNOTATION_KEY = re.compile(rf"({_DOMAIN})?{_PART}\Z", re.IGNORECASE)
_LABEL_VALUE = re.compile(rf"({_PART})?\Z")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_SECRET_KEY = re.compile(r"(?!\.{1,2}\Z)(?!\.\..)[-._a-zA-Z0-9]{1,253}\Z")
_IMAGE = re.compile(r"[^\s]+\Z")

_KEY_WORDS = "a label key: letters, digits, '-', '_' and '.', at most 63, after an optional domain/"

image_name = name_like(_IMAGE, "an image's name without spaces, such as registry/name:tag")
secret_key_name = name_like(_SECRET_KEY, "a key of a Secret: letters, digits, '-', '_' and '.'")
short_name = name_like(_DNS_LABEL, "a name of at most 63 lower-case letters, digits and '-'")
label_key = name_like(LABEL_KEY, _KEY_WORDS)


@reads("string")
def label_value(value: Any, path: str, errors: Errors) -> str:
    """What a label may hold."""
    found = as_text(value)
    if found is None or not _LABEL_VALUE.match(found):
        allowed = "a label value: at most 63 letters, digits, '-', '_' and '.'"
        errors.wrong(path, value, allowed)
        return ""
    return found


label_map = mapping_of(label_value, key=LABEL_KEY, keys=_KEY_WORDS)
annotation_map = mapping_of(
    scalar_text, key=_ANNOTATION_KEY, keys=_KEY_WORDS.replace("a label", "an annotation")
)


@reads("string")
def secret_name(value: Any, path: str, errors: Errors) -> str:
    """The name of a Secret; what is none may be the secret itself."""
    inner = Errors()
    found: str = object_name(value, path, inner)
    if inner.found:
        errors.wrong_secret(path, value, "the name of a Secret that is in the namespace")
    return found
