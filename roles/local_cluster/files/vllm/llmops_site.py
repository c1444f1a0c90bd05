# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs at the start of every Python in the image, by a .pth file next to it.

It makes the mounted vLLM importable, and asks Linux for the permission to use
AMX tiles: vLLM's attention kernel for bfloat16 uses them without asking, and
is killed by SIGILL unless something else in the process has asked before.
"""

from __future__ import annotations

import ctypes
import platform
import site

ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILEDATA = 18

site.addsitedir("/opt/vllm")
if platform.machine() == "x86_64":
    # Fails without consequences where the processor has no AMX.
    ctypes.CDLL(None).syscall(ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
