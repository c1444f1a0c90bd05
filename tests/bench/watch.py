# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures the watch alone: many models that start, one after the other, on a clock of its own.

`watch.py 100 200` prints, for each number of models, the CPU seconds from the first observation to
the last model that is served. The models are copies of one that was recorded.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))

RECORDING = "tests/unit/plugins/module_utils/cluster/watch/recordings/tiny-llama.jsonl"
NAME = "tiny-llama"
# One model is sent after the other, as a deployment does it.
APART_SECONDS = 0.05
TICK_SECONDS = 0.5
SETTLE_SECONDS = 5.0

Line = dict[str, Any]


def recorded() -> list[Line]:
    """Read the recorded start of one model: lines of ``{t, type, object}``."""
    text = (ROOT / RECORDING).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def copies(count: int) -> list[Line]:
    """Return the start of many models as one watch sees it, in the order of time."""
    lines = recorded()
    first = [line for line in lines if line["type"] == "LISTED"]
    later = [line for line in lines if line["type"] != "LISTED"]
    found = [_shifted(line, number) for number in range(count) for line in later]
    return first + sorted(found, key=lambda line: float(line["t"]))


def _shifted(line: Line, number: int) -> Line:
    """Return a line of another model: other names and UIDs, a little later."""
    text = json.dumps(line["object"]).replace(NAME, f"{NAME}-{number:04}")
    item = json.loads(text)
    _rename_uids(item, f"-{number}")
    return {**line, "t": line["t"] + number * APART_SECONDS, "object": item}


def _rename_uids(value: Any, suffix: str) -> None:
    """Give all UIDs in an object a suffix, so that copies refer to copies."""
    if isinstance(value, list):
        for entry in value:
            _rename_uids(entry, suffix)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key == "uid":
                value[key] = f"{entry}{suffix}"
            else:
                _rename_uids(entry, suffix)


def ticks(lines: list[Line]) -> Iterator[tuple[float, list[Line]]]:
    """Yield what comes within each tick, and its end; some empty ticks follow."""
    groups = groupby(lines, key=lambda line: int(line["t"] / TICK_SECONDS) + 1)
    last = 0
    for number, found in groups:
        yield from ((gap * TICK_SECONDS, []) for gap in range(last + 1, number))
        yield number * TICK_SECONDS, list(found)
        last = number
    rest = int(SETTLE_SECONDS / TICK_SECONDS)
    yield from (((last + more) * TICK_SECONDS, []) for more in range(1, rest))


def watch_figures(count: int) -> dict[str, float]:
    """Measure the CPU seconds of taking in, judging and telling, for ``count`` models."""
    from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import (
        Target,
        Workload,
    )
    from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.progress import (
        progress_lines,
    )
    from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import Waiting
    from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
        Observation,
        Store,
        fold,
    )

    lines = copies(count)
    names = [f"{NAME}-{number:04}" for number in range(count)]
    targets = [Target(Workload("Deployment", name), 600.0, service=name) for name in names]
    store, waiting, told, judged = Store(), Waiting(targets), 0, 0
    started = time.process_time()
    for now, seen in ticks(lines):
        for line in seen:
            waiting.touch(fold(store, Observation(**line)))
        changes = waiting.step(store, now)
        judged += len(changes)
        for change in changes:
            told += len(progress_lines(change.target.workload.name, change.before, change.after))
    seconds = time.process_time() - started
    return {
        "models": count,
        "observations": len(lines),
        "verdicts": judged,
        "lines": told,
        "left": len(waiting.open),
        "cpu_seconds": round(seconds, 3),
    }


def main() -> int:
    """Measure and print."""
    counts = [int(text) for text in sys.argv[1:]] or [100, 200]
    print(json.dumps([watch_figures(count) for count in counts], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
