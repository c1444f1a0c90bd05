# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One Chromium for all tests. Nothing here skips: a browser that is missing fails the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .chromium import Browser, BrowserError, chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        with chromium(tmp_path_factory.mktemp("chromium")) as started:
            yield started
    except BrowserError as error:
        pytest.fail(str(error), pytrace=False)
