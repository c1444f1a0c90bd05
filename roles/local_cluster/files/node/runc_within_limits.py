# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs runc after taking out of its request what this machine cannot give.

Inside some containers the bounding set lacks capabilities, or the hard limit of
open files is below what Docker asks for; runc then refuses to start anything
privileged. This wrapper reads the container's `config.json` (create, run) or
the process file (exec), removes capabilities outside the bounding set, caps
RLIMIT_NOFILE at the hard limit, and hands over to runc.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

# In the order of the kernel's numbers.
CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO "
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG "
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()


def bounding_set() -> set[str]:
    """Return the names (CAP_...) of the capabilities that this process may hand on."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    mask = next(int(line.split()[1], 16) for line in status.splitlines() if "CapBnd" in line)
    return {f"CAP_{name}" for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1}


def fit(process: dict[str, Any]) -> None:
    """Reduce an OCI process description in place to what is allowed here."""
    allowed = bounding_set()
    capabilities = process.get("capabilities") or {}
    for kind, names in capabilities.items():
        capabilities[kind] = [name for name in names if name in allowed]
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in process.get("rlimits") or []:
        if limit["type"] == "RLIMIT_NOFILE" and hard_limit != resource.RLIM_INFINITY:
            limit["hard"] = min(limit["hard"], hard_limit)
            limit["soft"] = min(limit["soft"], hard_limit)


def option(arguments: list[str], *names: str) -> str | None:
    """Return the value of the first of the options `names`, or None."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            if equals:
                return value
            return arguments[position + 1] if position + 1 < len(arguments) else None
    return None


def main(arguments: list[str]) -> None:
    """Adjust the file that the runc command reads, then become runc."""
    if "create" in arguments or "run" in arguments:
        path = Path(option(arguments, "--bundle", "-b") or ".") / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        fit(config["process"])
        path.write_text(json.dumps(config), encoding="utf-8")
    elif "exec" in arguments and (process_file := option(arguments, "--process", "-p")):
        path = Path(process_file)
        process = json.loads(path.read_text(encoding="utf-8"))
        fit(process)
        path.write_text(json.dumps(process), encoding="utf-8")
    os.execvp("runc", ["runc", *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
