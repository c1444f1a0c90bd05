# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Rendered objects as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.plugin_utils.object_files import (
    changes,
    object_files,
    write,
)


def config(name: str = "c", **data: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "n"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


@pytest.mark.parametrize(
    "text", ["yes", "1e3", "007", "{{ x }}", "a\nb\n", " lead", "ü", "x" * 9000, "2020-01-01", "~"]
)
def test_texts_come_back_as_they_were(text: str) -> None:
    [file] = object_files([config(a=text, b=text)], secrets=True)
    assert yaml.safe_load(file.text) == config(a=text, b=text)
    assert "&id" not in file.text


def test_names_sort_as_objects_are_sent() -> None:
    def item(api: str, kind: str) -> dict[str, Any]:
        return {"apiVersion": api, "kind": kind, "metadata": {"name": "x"}}

    made = [
        item("v1", "Service"), item("apps/v1", "Deployment"), item("v1", "Secret"),
        item("v1", "Namespace"), item("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ]  # fmt: skip
    names = [file.name for file in object_files(made, secrets=True)]
    assert names == sorted(names)
    assert [name.split("-")[1] for name in names] == [
        "namespace", "secret", "deployment", "httproute", "service",
    ]  # fmt: skip


def test_a_second_time_nothing_changes_and_a_wrong_mode_is_mended(tmp_path: Path) -> None:
    files = object_files([config(a="1"), config("d", b="2")], secrets=True)
    write(tmp_path, changes(tmp_path, files))
    assert changes(tmp_path, files) == []
    (tmp_path / files[0].name).chmod(0o600)
    [change] = changes(tmp_path, files)
    write(tmp_path, [change])
    assert (tmp_path / files[0].name).stat().st_mode & 0o777 == 0o644
    assert [path.name for path in sorted(tmp_path.iterdir())] == [file.name for file in files]
