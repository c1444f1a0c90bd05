# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the checkout importable as ansible_collections.llmops.vllm, without an installation."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"


def _link_checkout() -> None:
    """Make .cache/collections/ansible_collections/llmops/vllm point at the checkout."""
    link = COLLECTIONS / "ansible_collections" / "llmops" / "vllm"
    link.parent.mkdir(parents=True, exist_ok=True)
    # Another test process may be faster.
    with contextlib.suppress(FileExistsError):
        link.symlink_to("../../../..", target_is_directory=True)


_link_checkout()
sys.path.insert(0, str(COLLECTIONS))
# What a test starts with ansible-playbook finds the same tree, from any directory.
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
