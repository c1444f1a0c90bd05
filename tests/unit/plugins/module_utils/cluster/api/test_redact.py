# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Secrets in text that comes from a cluster."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.redact import (
    HIDDEN,
    Redactor,
    secret_values,
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("using hf_AbCdEfGhIjKlMnOp to pull", "hf_AbCdEfGhIjKlMnOp"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("VLLM_API_KEY=s3cr3t-value done", "s3cr3t-value"),
        ("--api-key sk-proj-12345678 --port", "sk-proj-12345678"),
        ('{"token": "opaque-1234"}', "opaque-1234"),
        ("password: hunter22", "hunter22"),
        ("https://user:pa55word@host/x", "user:pa55word"),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln"),
        ("key MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB end", "MIIEvQIBADANBgkqhkiG9w0BAQ"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    shown = Redactor()(text)
    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=512 tokenizer: fast, num_tokens: 4096",
        "model meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 at /models/Llama-4-Maverick",
        'secret "hf-token" not found',
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "token: none",
        "Pod vllm-llama-3-8b-7d9f8b6c5d-x2x9z failed",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_known_values_are_hidden_in_every_form() -> None:
    secret = {"data": {"a": encoded("p@ss/word")}, "stringData": {"b": "line one\nline two"}}
    redact = Redactor(secret_values(secret))
    for form in ("p@ss/word", encoded("p@ss/word"), "p%40ss%2Fword", "line one", "line two"):
        assert redact(f"<<{form}>>") == f"<<{HIDDEN}>>"
