# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a model's ``extra_args`` tell the server, folded into the model's own keys.

They are passed last, and the last flag wins (vllm/engine/arg_utils.py and
vllm/utils/argparse_utils.py of v0.32).
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..spec.flags import count, switched
from ..spec.model import Model
from ..spec.section import declared
from ..spec.variables import LMCACHE

# Flags of a model's own keys, by their names without dashes.
_OF_KEYS = {
    entry.option.flag.name.lstrip("-"): (entry.key, entry.option.flag)
    for entry in declared(Model)
    if entry.option.flag is not None and "." not in entry.path
}
_SWITCHES = {name: key for name, (key, flag) in _OF_KEYS.items() if flag.is_switch}
_FOLDED = {
    name: (key, flag.folds)
    for name, (key, flag) in _OF_KEYS.items()
    if flag.folds is not None and not flag.is_switch
}
_ALIASES = {
    **{
        alias.lstrip("-"): name
        for name, (dummy, flag) in _OF_KEYS.items()
        for alias in flag.aliases
    },
    "dcp": "decode-context-parallel-size", "pcp": "prefill-context-parallel-size",
    "cc": "compilation-config", "asc": "api-server-count",
    **dict.fromkeys(("O", "O0", "O1", "O2", "O3"), "optimization-level"),
}  # fmt: skip
# Another checkpoint, another shape, or memory of a GPU that the formulas do not know.
_NOT_MODELLED = frozenset({
    "config", "cpu-offload-params", "disable-sliding-window", "enable-eplb", "eplb-config",
    "hf-config-path", "hf-overrides", "kv-cache-dtype-skip-layers", "mamba-block-size",
    "mamba-cache-dtype", "mm-encoder-only", "model", "model-class-overrides",
    "num-gpu-blocks-override", "num-redundant-experts", "offload-backend", "offload-group-size",
    "offload-num-in-group", "offload-params", "offload-prefetch-step",
    "prefill-context-parallel-size", "quantization-config", "revision",
})  # fmt: skip
# They decide how many CUDA graphs there are.
_GRAPH_FLAGS = (
    "compilation-config", "cudagraph-capture-sizes", "cuda-graph-sizes",
    "max-cudagraph-capture-size", "optimization-level",
)  # fmt: skip
# Memory of the host, as much as they like.
_HOST_FLAGS = (
    "kv-transfer-config", "ec-transfer-config", "enable-sleep-mode", "api-server-count",
)  # fmt: skip
_LIGHT_FORMATS = ("auto", "safetensors", "dummy")
# Whether a model of this name writes text where no flag says it (_SUFFIX_TO_DEFAULTS in
# vllm/config/model.py, and the models of vllm/model_executor/models/registry.py that end
# otherwise); the first match decides.
_WRITES_TEXT = (
    (r"(ForCausalLM|ForConditionalGeneration|ChatModel|LM(Head)?Model)$", True),
    (r"^(ChatGLM|Gemma2|Llama|Mistral|Qwen2|Qwen2_5Omni|Ultravox|MossAudio)Model$", True),
    (r"(ForTextEncoding|For\w+Classification|ForRewardModeling|Model)$", False),
)
_TEXT_TASKS = ("", "auto", "generate", "transcription", "draft")
_SPEC_FLAGS = {"spec-method": "method", "spec-model": "model"}


@dataclass(frozen=True)
class Told:
    """A model as the server is told it.

    ``flags``: those of ``extra_args``, names without dashes. ``blind``: why what the server is
    told, or what it makes of it, is not known. ``fit_length``: the server takes the longest
    context that fits. ``pools``: it answers with vectors or classes, not with text.
    """

    model: Model
    flags: dict[str, str]
    blind: tuple[str, ...] = ()
    fit_length: bool = False
    pools: bool = False

    @property
    def graph_flags(self) -> list[str]:
        """Flags that were given and change how many CUDA graphs are captured."""
        return [name for name in _GRAPH_FLAGS if _given(self.flags, name)]

    @property
    def hides_host_use(self) -> bool:
        """Whether something takes memory of the host that nobody can tell from outside."""
        flags = self.flags
        if flags.get("load-format", "auto") not in _LIGHT_FORMATS:
            return True
        if any(str(entry.get("name")).startswith(LMCACHE) for entry in self.model.env):
            return True
        return any(_given(flags, name) for name in _HOST_FLAGS)


def fold_flags(model: Model) -> Told:
    """The model with what its ``extra_args`` say in place of its keys.

    A value that cannot be read and a flag whose effect is not modelled are named in ``blind``.
    """
    if model.command:
        why = "the command is the user's own: nothing is known of what it tells the server"
        return Told(model, {}, (why,))
    flags = read_flags(model.extra_args)
    changes: dict[str, Any] = {}
    unread = [name for name in flags if _is_cut_short(name)]
    for name, (key, read) in _FOLDED.items():
        if name in flags and not _is_overruled(name, model):
            try:
                changes[key] = read(flags[name])
            except (ValueError, RecursionError):
                unread.append(name)
    unread += _fold_switches(flags, changes)
    unread += _fold_drafts(model, flags, changes)
    blind = [f"extra_args: --{name} cannot be read" for name in dict.fromkeys(unread)]
    blind += [
        f"extra_args: --{name}: what it does to the memory is not known here"
        for name in sorted(_NOT_MODELLED)
        if _given(flags, name)
    ]
    fit = "max_model_len" in changes and changes["max_model_len"] is None
    pools = _pools(flags, model.config.get("architectures"))
    return Told(replace(model, **changes), flags, tuple(blind), fit, pools)


def _pools(flags: dict[str, str], architectures: Any) -> bool:
    """Whether the server runs a model for its hidden states (_get_runner_type, config/model.py).

    ``--task`` was the flag of releases before v0.13. What Sentence Transformers write beside a
    checkpoint decides too, and is not known here.
    """
    if flags.get("runner", "auto") != "auto":
        return flags["runner"] == "pooling"
    if flags.get("convert", "auto") not in ("auto", "none"):
        return True
    if flags.get("task", "auto") != "auto":
        return flags["task"] not in _TEXT_TASKS
    names = architectures if isinstance(architectures, list | tuple) else ()
    found = (
        is_text
        for name in names
        for pattern, is_text in _WRITES_TEXT
        if isinstance(name, str) and re.search(pattern, name)
    )
    return not next(found, True)


def read_flags(arguments: Sequence[str]) -> dict[str, str]:
    """``--name value`` and ``--name=value`` as names without dashes; a bare switch is empty.

    Of a switch and its ``no-`` form only the last one is kept.
    """
    found: dict[str, str] = {}
    name = ""
    for word in [part for entry in arguments for part in _words(entry)]:
        if word.startswith("-") and not word.lstrip("-")[:1].isdigit():
            said, dummy, value = word.lstrip("-").partition("=")
            head, dot, rest = said.partition(".")
            head = head.replace("_", "-")
            name = _ALIASES.get(head, head) + dot + rest
            found.pop(name.removeprefix("no-") if name.startswith("no-") else f"no-{name}", None)
            found[name] = value
        elif name and not found[name]:
            found[name] = word
    return found


def _words(entry: str) -> list[str]:
    """One argument, or several that were written as one."""
    if " " not in entry or not entry.startswith("-"):
        return [entry]
    try:
        return shlex.split(entry)
    except ValueError:
        return entry.split()


def _given(flags: dict[str, str], name: str) -> bool:
    """Whether a flag is there, whole or with one of its fields (``--name.field``)."""
    return name in flags or any(flag.startswith(f"{name}.") for flag in flags)


def _is_cut_short(name: str) -> bool:
    """Whether argparse may complete a name to one of those that are folded."""
    return len(name) > 3 and any(
        known.startswith(name) and known != name for known in (*_FOLDED, *_SWITCHES)
    )


def _is_overruled(name: str, model: Model) -> bool:
    """On a CPU the environment wins, which carries whole GiB (vllm/platforms/cpu.py)."""
    return _OF_KEYS[name][0] == "kv_cache_memory_gib" and model.cache_in_environment


def _fold_switches(flags: dict[str, str], changes: dict[str, Any]) -> list[str]:
    """Switches, which have a ``no-`` form; returns the names that cannot be read."""
    unread = []
    for name, key in _SWITCHES.items():
        if f"no-{name}" in flags:
            changes[key] = False
        elif name in flags:
            try:
                changes[key] = switched(flags[name])
            except ValueError:
                unread.append(name)
    return unread


def _fold_drafts(model: Model, flags: dict[str, str], changes: dict[str, Any]) -> list[str]:
    """Speculation: JSON, one field each, and short flags; returns the names not read."""
    fields = {
        name.partition(".")[2]: _json_or_text(value)
        for name, value in flags.items()
        if name.startswith("speculative-config.")
    }
    # vLLM appends the fields as one more flag, so that they win over the JSON as a whole.
    config = fields or changes.get("speculative_config", model.speculative_config)
    config = dict(config)
    config |= {key: flags[name] for name, key in _SPEC_FLAGS.items() if name in flags}
    unread = []
    if "spec-tokens" in flags:
        try:
            config["num_speculative_tokens"] = count(flags["spec-tokens"])
        except ValueError:
            unread.append("spec-tokens")
    changes["speculative_config"] = config
    return unread


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def gib_flag(flags: dict[str, str], name: str, default: float = 0.0) -> float:
    """A flag that is a number of GiB. Raises ValueError for what is none, or is below 0."""
    if name not in flags:
        return default
    try:
        value = float(flags[name])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(
            f"extra_args: --{name} is {flags[name]!r}; it must be a number of GiB, 0 or more"
        )
    return value


def number_flag(flags: dict[str, str], *names: str) -> int | None:
    """The first of some flags that is a positive whole number."""
    for name in names:
        try:
            return count(flags.get(name, ""))
        except ValueError:
            continue
    return None
