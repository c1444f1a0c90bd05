# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""How long calls and commands take."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def per_call_ms(call: Callable[[], object], seconds: float = 0.5) -> float:
    """Return the milliseconds of one call, from as many calls as fit into some time.

    Of the processor: what else the machine does changes little.
    """
    call()
    calls, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        call()
        calls += 1
    return (time.process_time() - started) * 1000 / calls


@dataclass(frozen=True)
class Time:
    """The seconds that a command took, and those that it kept a processor busy."""

    wall: float
    cpu: float


def cpu_of_children() -> float:
    """Return the processor seconds of all commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_of(command: Sequence[str]) -> Time:
    """Return the time from a command's start to its end; a failure ends the program."""
    started, before = time.perf_counter(), cpu_of_children()
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    taken = Time(time.perf_counter() - started, cpu_of_children() - before)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")
    return taken


def summary(times: Sequence[Time]) -> dict[str, float]:
    """Return the medians and the extremes of some times."""
    walls = [one.wall for one in times]
    return {
        "median_seconds": statistics.median(walls),
        "fastest_seconds": min(walls),
        "slowest_seconds": max(walls),
        "median_cpu_seconds": statistics.median(one.cpu for one in times),
    }


def say(text: str) -> None:
    """Tell what is going on; standard output is for the figures."""
    print(text, file=sys.stderr, flush=True)
