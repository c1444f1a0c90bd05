# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""How a Deployment replaces its pods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import Errors
from ..readers import INT32, integer, one_of, reads
from ..structures import also, described, entry

_PERCENT = re.compile(r"[0-9]+%\Z")


_pods = described(
    integer(0, INT32), "integer", "a whole number of at least 0, or a percentage such as 25%"
)


@reads("integer or percentage")
def _number_or_percent(value: Any, path: str, errors: Errors) -> Any:
    is_percent = isinstance(value, str) and _PERCENT.match(value)
    return str(value) if is_percent else _pods(value, path, errors)


def _check_strategy(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    rolling = found.get("rollingUpdate")
    if rolling is None:
        return
    place = f"{path}.rollingUpdate"
    if found.get("type") == "Recreate":
        cause = "goes with type RollingUpdate only"
        errors.add("contradiction", place, cause, "leave it out, or give that type")
        return
    if all(str(rolling.get(key, 1)).rstrip("%").strip("0") == "" for key in _ROLLING):
        cause = "maxSurge and maxUnavailable are both 0: no pod could be replaced"
        errors.add("contradiction", place, cause, "give one of them above 0")
    share = str(rolling.get("maxUnavailable", ""))
    if share.endswith("%") and int(share[:-1]) > 100:
        errors.wrong(f"{place}.maxUnavailable", share, "at most 100%")


_ROLLING = ("maxSurge", "maxUnavailable")
strategy = also(
    entry(
        {
            "type": one_of("Recreate", "RollingUpdate"),
            "rollingUpdate": entry(dict.fromkeys(_ROLLING, _number_or_percent)),
        }
    ),
    _check_strategy,
)
