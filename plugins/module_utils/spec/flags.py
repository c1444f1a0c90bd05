# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of flags that vLLM has, in both directions.

``words``: a key's value as words of the command line, none where the flag is not passed.
``read``: what ``extra_args`` give the flag, as the key's value; it raises ValueError for what
vLLM would not take. vllm/engine/arg_utils.py and vllm/utils/argparse_utils.py of v0.32.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..units import GIB

# The words of --dtype (vllm/config/model.py).
DTYPES = ("auto", "half", "float16", "bfloat16", "float", "float32")
_TEN, _TWO = {"k": 1, "m": 2, "g": 3, "t": 4}, {"K": 1, "M": 2, "G": 3, "T": 4}
_MOST = 10**15


def count(text: str) -> int:
    """A whole number above 0. Raises ValueError."""
    return _within(int(text))


def _within(number: int) -> int:
    if not 0 < number <= _MOST:
        raise ValueError(f"{number} is out of range")
    return number


def readable_int(text: str) -> int:
    """``8192``, ``8k`` (8,000), ``8K`` (8,192), ``25.6k``. Raises ValueError.

    human_readable_int in vllm/utils/argparse_utils.py, v0.32.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmMgGtT])", text.strip())
    if found is None:
        return count(text)
    number, suffix = found.groups()
    if suffix in _TWO:
        return _within(int(number) * 1024 ** _TWO[suffix])
    value = float(number) * 1000 ** _TEN[suffix]
    return _within(int(min(value, 2.0 * _MOST)))


def length(text: str) -> int | None:
    """A number of tokens; None for the longest context that fits. Raises ValueError."""
    return None if text.strip().lower() in ("-1", "auto") else readable_int(text)


def share(text: str) -> float:
    """A number above 0, at most 1. Raises ValueError."""
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(f"{text} is not a share")
    return value


def word(text: str) -> str:
    """A word that is there. Raises ValueError."""
    if not text:
        raise ValueError("is empty")
    return text


def dtype_word(text: str) -> str:
    """A word of ``--dtype``. Raises ValueError."""
    if text not in DTYPES:
        raise ValueError(f"{text} is no dtype")
    return text


def json_mapping(text: str) -> dict[str, Any]:
    """A mapping in JSON. Raises ValueError."""
    # What optional_type takes for nothing.
    value = {} if text == "None" else json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("is no mapping")
    return value


def switched(text: str) -> bool:
    """What stands behind a switch: nothing, or a boolean. Raises ValueError."""
    if text.lower() not in ("", "true", "1", "false", "0"):
        raise ValueError(f"{text} is no boolean")
    return text.lower() not in ("false", "0")


@dataclass(frozen=True)
class Flag:
    """A flag by its name, with the short names that vLLM knows it by.

    ``folds`` reads what ``extra_args`` give it; None: they are not read into the key.
    """

    name: str
    folds: Callable[[str], Any] | None = None
    aliases: tuple[str, ...] = ()

    @property
    def is_switch(self) -> bool:
        """Whether the flag stands alone and has a ``--no-`` form."""
        return self.folds is switched

    def words(self, value: Any) -> list[str]:
        """The flag as it is passed for a key's value."""
        raise NotImplementedError


@dataclass(frozen=True)
class Value(Flag):
    """A flag with a value, passed where the key has one."""

    def words(self, value: Any) -> list[str]:
        """``--max-model-len 8192``."""
        return [] if value is None else [self.name, f"{value}"]


@dataclass(frozen=True)
class Counter(Flag):
    """A flag with a number, passed only ``above`` what vLLM has anyway."""

    folds: Callable[[str], Any] | None = count
    above: int = 1

    def words(self, value: Any) -> list[str]:
        """``--tensor-parallel-size 2``."""
        return [self.name, str(value)] if value > self.above else []


@dataclass(frozen=True)
class Switch(Flag):
    """A flag that stands alone, passed where the key is true."""

    folds: Callable[[str], Any] | None = switched

    def words(self, value: Any) -> list[str]:
        """``--enforce-eager``."""
        return [self.name] if value else []


@dataclass(frozen=True)
class OnOff(Flag):
    """A flag with an opposite; neither is passed where the key says nothing."""

    folds: Callable[[str], Any] | None = switched

    def words(self, value: Any) -> list[str]:
        """``--enable-prefix-caching`` or ``--no-enable-prefix-caching``."""
        if value is None:
            return []
        return [self.name if value else f"--no-{self.name.removeprefix('--')}"]


@dataclass(frozen=True)
class Gib(Flag):
    """A flag in bytes for a key in GiB.

    ``variable``: where whole GiB go on a CPU instead, because every release takes them there;
    parts of one need the flag, which newer releases take on a CPU too (vllm/platforms/cpu.py).
    """

    folds: Callable[[str], Any] | None = lambda text: readable_int(text) / GIB
    variable: str = ""

    def words(self, value: Any) -> list[str]:
        """``--kv-cache-memory-bytes 2147483648``."""
        return [] if value is None else [self.name, str(int(value * GIB))]


@dataclass(frozen=True)
class Json(Flag):
    """A flag whose value is a mapping."""

    folds: Callable[[str], Any] | None = json_mapping

    def words(self, value: Any) -> list[str]:
        """``--speculative-config '{"method": "ngram"}'``."""
        return [self.name, json.dumps(value, sort_keys=True)] if value else []


@dataclass(frozen=True)
class JsonList(Flag):
    """A flag with several mappings, behind another flag (``lead``) that switches it on."""

    lead: str = ""

    def words(self, value: Any) -> list[str]:
        """``--enable-lora --lora-modules '{"name": "a", "path": "/a"}'``."""
        listed = [json.dumps(entry, sort_keys=True) for entry in value]
        return [self.lead, self.name, *listed] if listed else []


@dataclass(frozen=True)
class Words(Flag):
    """A flag with several words."""

    def words(self, value: Any) -> list[str]:
        """``--served-model-name a b``."""
        return [self.name, *value] if value else []
