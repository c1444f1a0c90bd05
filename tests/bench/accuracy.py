# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares memory plans with observed runs: `accuracy.py 2026-11-21` writes docs/accuracy.md."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
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
# Assumed, not stated: two state blocks for a request (prefix caching on) reproduce its line.
PREFIX_CACHING = {"talos-1995"}
_NAIVE_BYTES = {"fp8": 1, "int8": 1, "awq": 0.5, "int4": 0.5, "4bit": 0.5, "fp4": 0.5}


@dataclass
class Results:
    """Relative errors (percent) by quantity and model class, and the verdicts."""

    errors: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    naive: dict[str, list[float]] = field(default_factory=dict)
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
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
    if row["id"] in PREFIX_CACHING:
        model["enable_prefix_caching"] = True
    return model


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
    if plan["confidence"] == "unknown" and available and available > 0:
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
    lines += [
        "",
        f"Failures refused with the right rule: {right} of {total}.",
        f"Judged by the cache memory that was seen: {', '.join(results.with_cache_given)}.",
        f"Not refused: {', '.join(results.wrong) or 'none'}.",
        f"Runs that worked and were refused: {', '.join(results.false_refusals) or 'none'}.",
        "",
        "The KV tokens are computed from the KV memory that the run printed; the KV GiB end to",
        "end from the card and the settings alone. The x 1.2 rule says nothing about the cache.",
        "Settings that a source does not state have vLLM's defaults, except one hybrid run for",
        "which prefix caching was assumed because only that reproduces its line.",
        "Where the card is not shown or shares memory with its host, a",
        "failure is judged by the cache memory that the run printed. The constants for",
        "activations, libraries and graphs were fitted to part of these runs; weights and cache",
        "layout contain no fitted constant.",
    ]
    return "\n".join(lines) + "\n"


def _line(quantity: str, kind: str, errors: list[float], naive: list[float]) -> str:
    beside = f"{statistics.median(naive):.1f}" if naive else "-"
    return (
        f"| {quantity} | {kind} | {len(errors)} | {statistics.median(errors):.2f}"
        f" | {p90(errors):.2f} | {max(errors):.2f} | {beside} |"
    )


if __name__ == "__main__":
    page = report(measure(), sys.argv[1])
    (ROOT / "docs" / "accuracy.md").write_text(page, encoding="utf-8")
    print(page)
