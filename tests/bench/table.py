# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes Markdown of what bench.py has printed: `table.py <bench.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

NAMES = {"helm": "Helm", "ansible": "`deploy_vllm`"}


def row(*cells: object) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def seconds(times: dict[str, float]) -> str:
    """Return a median and, behind it, the extremes."""
    low, high = times["fastest_seconds"], times["slowest_seconds"]
    return f"{times['median_seconds']:.2f} ({low:.2f} to {high:.2f})"


def deploy_table(figures: dict[str, Any]) -> list[str]:
    """Return the comparison: a line for each number of models and tool."""
    head = ["models", "tool", "objects", "first, s", "unchanged, s", "CPU first, s", "unchanged, s"]
    head += ["requests first", "unchanged"]
    lines = [row(*head), row(*["---"] * 2, *["---:"] * 7)]
    for count in figures["helm"]:
        for tool, name in NAMES.items():
            one = figures[tool][count]
            parts = ("first", "unchanged")
            times = [seconds(one[part]) for part in parts]
            busy = [f"{one[part]['median_cpu_seconds']:.2f}" for part in parts]
            asked = [one["requests"][part] for part in parts]
            lines.append(row(count, name, one["objects"], *times, *busy, *asked))
    return lines


def pure_table(figures: dict[str, Any]) -> list[str]:
    """Return the figures of the part without a cluster."""
    thousand = figures["thousand_models"]
    return [
        row("without a cluster", "CPU, s"),
        row("---", "---:"),
        *(
            row(f"1000 models: {part}", f"{thousand[f'{part}_seconds']:.2f}")
            for part in ("parse", "plan", "render", "total")
        ),
        row(
            "1000 memory plans of all known shapes",
            f"{figures['memory_plan_1000_shapes_seconds']:.2f}",
        ),
    ]


def markdown(document: dict[str, Any]) -> str:
    """Return the tables of a document."""
    machine = f"Python {document['python']}, {document['cpus']} CPUs"
    play = f"an empty play takes {seconds(document['empty_play'])} s"
    lines = [
        f"{machine}, ansible-core {document['ansible_core']}; {play}.",
        "",
        *pure_table(document["pure"]),
    ]
    if "deploy" in document:
        deploy = document["deploy"]
        lines += [
            "",
            f"Helm {deploy['helm_version']}, chart {deploy['chart']}; median (fastest to slowest).",
            "",
            *deploy_table(deploy),
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the document from standard input, write Markdown."""
    sys.stdout.write(markdown(json.load(sys.stdin)))


if __name__ == "__main__":
    main()
