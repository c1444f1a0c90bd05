# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Loads a model with vLLM and lets it answer once, outside any cluster.

Usage: try_model.py DIRECTORY. It shows that the installation works, and it
leaves the byte code of what it imported, so that servers, to which the
installation is mounted read-only, start faster.
"""

from __future__ import annotations

import importlib
import sys

SERVER_MODULES = (
    "vllm.entrypoints.cli.main",
    "vllm.entrypoints.cli.serve",
    "vllm.entrypoints.openai.api_server",
)


def main(directory: str) -> None:
    """Import what the server imports, then generate a few tokens."""
    for name in SERVER_MODULES:
        importlib.import_module(name)
    from vllm import LLM, SamplingParams

    model = LLM(directory, enforce_eager=True, max_model_len=256)
    answers = model.generate(["The quick"], SamplingParams(max_tokens=4))
    print(f"{len(answers[0].outputs[0].token_ids)} tokens answered")


if __name__ == "__main__":
    main(sys.argv[1])
