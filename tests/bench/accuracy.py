# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares memory plans with observed runs: `accuracy.py 2026-11-21` writes docs/accuracy.md."""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
if str(ROOT / ".cache" / "collections") not in sys.path:
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))

_KEYS = (
    "max_model_len max_num_batched_tokens max_num_seqs dtype quantization kv_cache_dtype".split()
)
# What a row's source says and the row has no field for. Pull request 1995 lists prefix caching
# among the flags of its server. The other source is dated 2026-08-19, eight days before v0.28.0,
# which changed the default of prefix caching for hybrid models. The nightly build of issue 32105 is
# of 2026-01-28, between v0.14.0 and v0.15.0.
SOURCES: dict[str, dict[str, Any]] = {
    "talos-1995": {"enable_prefix_caching": True},
    "idx-q38-5090-90": {"vllm_version": "0.27.1"},
    "idx-q38-5090-93": {"vllm_version": "0.27.1"},
    "vllm-32105": {"vllm_version": "0.15.0"},
}
NOTES = """\
## What the figures rest on

The KV tokens are computed from the KV memory that the run printed; the KV GiB end to end from the
card and the settings alone. The x 1.2 rule says nothing about the cache. The constants for
activations, libraries and graphs were fitted to part of these runs; weights and cache layout
contain no fitted constant. The largest errors of the KV GiB are small figures: 0.22 GiB beside a
vision encoder that the formulas do not include, and machines that share memory with their host.

Settings that a run does not state have the defaults of its release of vLLM. One of them weighs:
hybrid models keep two blocks of state for a request with prefix caching and one without, and
prefix caching is on by itself since v0.28.0 (vLLM pull request 50991). Three hybrid runs name no
release. For them the source was read: mitchross/talos-argocd-proxmox#1995 lists prefix caching
among its flags; the source of idx-q38-5090-90 and -93 is dated 2026-08-19, before v0.28.0
(2026-08-27), so v0.27.1 is taken. With today's default instead, these two would be 3.3 % off. The
nightly build of vllm-32105 is of 2026-01-28: it asked one pipeline stage for the cache of all, as
v0.14 and v0.15 do (pull requests 29431 and 33698), and is planned as v0.15.0.

## What is not refused, and why

recipes-831: these servers took 10 to 14 GiB more than the formulas say; the model has a vision
encoder, which the shape at hand does not show and the formulas do not include.
idx-qwen32b-awq: CUDA graphs took 1.59 GiB, 0.5 more than the constant. weclone-83: the run does
not show its utilization, and the default would fit.

MXFP4 experts with a high utilization: planner-gptoss20b-tp1-neg and -tp2-neg ran out of memory in
the sampler's warm-up (v0.19.0, Hopper, 0.95, 1024 requests). There context, graphs and sampler
exceed what the utilization leaves of the card, and v0.19 on Hopper is refused by that sum;
elsewhere it is a note since v0.14. vllm-27508 is the command of vLLM's guide for gpt-oss-120b on
one H100 with v0.11: the 1.61 GiB of cache planned for it (1.71 seen) do not hold a request of
131072 tokens.
""".splitlines()
_NAIVE_BYTES = {"fp8": 1, "int8": 1, "awq": 0.5, "int4": 0.5, "4bit": 0.5, "fp4": 0.5}


@dataclass
class Results:
    """Relative errors (percent) by quantity and model class, and the verdicts.

    ``right`` and ``wrong``: failures refused with their rule, and the others; ``alone``: those
    refused from the card and the settings, without the cache memory that was seen.
    """

    errors: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    naive: dict[str, list[float]] = field(default_factory=dict)
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    false_refusals: list[str] = field(default_factory=list)
    with_cache_given: list[str] = field(default_factory=list)

    def add(self, quantity: str, kind: str, found: float | None, seen: float) -> None:
        """Note one figure; one that was left unknown counts as wholly wrong."""
        error = 100.0 if found is None else abs(found - seen) / abs(seen) * 100
        self.errors.setdefault(quantity, {}).setdefault(kind, []).append(error)

    def all(self, quantity: str) -> list[float]:
        """All errors of one quantity."""
        return [error for errors in self.errors[quantity].values() for error in errors]


def p90(values: list[float]) -> float:
    """The value that nine of ten do not exceed."""
    return sorted(values)[max(0, -(-9 * len(values) // 10) - 1)]


def load() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The observed runs and the shapes."""
    observations = yaml.safe_load((DATA / "memory_observations.yaml").read_text(encoding="utf-8"))
    return observations, yaml.safe_load((DATA / "model_configs.yaml").read_text(encoding="utf-8"))


def as_model(row: Mapping[str, Any], configs: Mapping[str, Any]) -> dict[str, Any]:
    """One run as a model mapping: what its source says, nothing else."""
    config = dict(configs[row["config"]])
    if row["quantization"] is None:
        config.pop("quant_method", None)
    model: dict[str, Any] = {"config": config, "gpu": {"product": row["gpu"]}}
    model |= {key: row[key] for key in _KEYS if row.get(key) is not None}
    model["tensor_parallel_size"] = row["tp"] or 1
    model["pipeline_parallel_size"] = row["pp"] or 1
    if row["utilization"] is not None:
        model["gpu_memory_utilization"] = row["utilization"]
    facts = row["revision_facts"]
    version = facts.get("vllm") or facts.get("vllm_inferred")
    if version:
        model["vllm_version"] = version
    if row["observed"].get("total_memory_gib"):
        model["gpu"]["memory_gib"] = row["observed"]["total_memory_gib"]
    note = row.get("note") or ""
    model["enforce_eager"] = "enforce_eager" in note
    if "decode context parallel 8" in note:
        model["extra_args"] = ["--decode-context-parallel-size", "8"]
    return model | SOURCES.get(row["id"], {})


def measure() -> Results:
    """Plan every run whose shape is known."""
    observations, configs = load()
    results = Results()
    for row in observations:
        if row["config"] is not None:
            _measure_row(row, configs, results)
    return results


def _measure_row(row: dict[str, Any], configs: dict[str, Any], results: Results) -> None:
    from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan

    seen, uses, model = row["observed"], row["use_for"], as_model(row, configs)
    kind = configs[row["config"]].get("architecture_class", "")
    plan = memory_plan(model)
    memory = plan["per_gpu"]
    if "weights" in uses:
        results.add("weights", kind, memory["weights_gib"], seen["weights_gib"])
        naive = _naive_gib(row, configs[row["config"]])
        error = abs(naive - seen["weights_gib"]) / seen["weights_gib"] * 100
        results.naive.setdefault(kind, []).append(error)
    available = seen.get("kv_cache_gib")
    if "kv_tokens" in uses and available and available > 0:
        given = memory_plan({**model, "kv_cache_memory_gib": available})
        results.add("KV tokens", kind, given["kv_cache"]["tokens"], seen["kv_tokens"])
    if "end_to_end" in uses and available:
        results.add("KV GiB", kind, memory["kv_cache_gib"], available)
    if "reject" in uses:
        _verdict(row, plan, model, results)
    elif not seen["oom"] and not plan["fits"]:
        results.false_refusals.append(row["id"])


def _verdict(
    row: dict[str, Any], plan: dict[str, Any], model: dict[str, Any], results: Results
) -> None:
    """Whether the failure is refused with its rule.

    Where the card cannot tell (not shown, or unified memory), the cache that was seen is given.
    """
    from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan

    available = row["observed"].get("kv_cache_gib")
    if row["oom_kind"] in [reason["rule"] for reason in plan["reasons"]]:
        results.alone.append(row["id"])
    elif plan["confidence"] == "unknown" and available and available > 0:
        plan = memory_plan({**model, "kv_cache_memory_gib": available})
        results.with_cache_given.append(row["id"])
    rules = [reason["rule"] for reason in plan["reasons"]]
    (results.right if row["oom_kind"] in rules else results.wrong).append(row["id"])


def _naive_gib(row: dict[str, Any], config: dict[str, Any]) -> float:
    """Parameters x bytes x 1.2, over the GPUs."""
    said = str(row["quantization"] or "").lower()
    size = next((size for word, size in _NAIVE_BYTES.items() if word in said), 2)
    size = 4 if row["dtype"] == "float32" else size
    gpus = int(row["tp"]) * int(row["pp"])
    return float(config["total_params"]) * size * 1.2 / gpus / 2**30


def report(results: Results, date: str) -> str:
    """The page as Markdown."""
    lines = [
        "# Accuracy of the memory plan",
        "",
        f"Written by `tests/bench/accuracy.py` on {date} from the observed runs in `tests/data`.",
        "Absolute error in percent; the last column is the median of parameters x bytes x 1.2.",
        "",
        "| quantity | model class | runs | median | p90 | worst | x 1.2 rule |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for quantity, kinds in results.errors.items():
        naive = results.naive if quantity == "weights" else {}
        lines.append(
            _line(
                quantity,
                "all",
                results.all(quantity),
                [error for errors in naive.values() for error in errors],
            )
        )
        for kind, errors in sorted(kinds.items()):
            lines.append(_line(quantity, kind, errors, naive.get(kind, [])))
    right, total = len(results.right), len(results.right) + len(results.wrong)
    given = ", ".join(results.with_cache_given) or "none"
    lines += [
        "",
        "## Failures",
        "",
        f"Runs that vLLM refused: {total}. Refused with the same rule from the card and the",
        f"settings alone: {len(results.alone)}. With the cache memory that the run printed, where",
        f"the card is not shown or shares memory with its host ({given}): {right}.",
        f"Not refused: {', '.join(results.wrong) or 'none'}.",
        f"Runs that worked and were refused: {', '.join(results.false_refusals) or 'none'}.",
        "",
        *NOTES,
    ]
    return "\n".join(lines) + "\n"


def _line(quantity: str, kind: str, errors: list[float], naive: list[float]) -> str:
    beside = f"{statistics.median(naive):.1f}" if naive else "-"
    return (
        f"| {quantity} | {kind} | {len(errors)} | {statistics.median(errors):.2f}"
        f" | {p90(errors):.2f} | {max(errors):.2f} | {beside} |"
    )


def _date(text: str) -> str:
    """A date as ``2026-11-21``."""
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date as 2026-11-21") from error


def main(words: Sequence[str], target: Path = ROOT / "docs" / "accuracy.md") -> None:
    """Write the page with the date that was given; other words are an error, nothing is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("date", type=_date, help="the date to write into the page: YYYY-MM-DD")
    date = parser.parse_args(words).date
    page = report(measure(), date)
    target.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main(sys.argv[1:])
