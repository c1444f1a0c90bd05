# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which source serves, and what is said about the ones that did not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint import find
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.hub_errors import (
    HubError,
    HubGated,
    HubMissing,
    HubOffline,
    HubRevisionMissing,
    HubTimeout,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import CheckpointError

from .files import CONFIG, ONE_BYTES, model, single, write

KNOWN = "Qwen/Qwen3-0.6B"


def test_what_the_user_says_comes_first(tmp_path: Path) -> None:
    directory = write(tmp_path / "llama", single())
    found = find_checkpoint(
        model(
            model=str(directory),
            storage={"claim_name": "models"},
            config={"hidden_size": 8},
            weights_bytes=99,
        )
    )
    assert (found.source, found.config, found.weights_bytes) == ("model", {"hidden_size": 8}, 99)
    assert found.tensors is None


def test_a_directory_on_the_controller(tmp_path: Path) -> None:
    directory = write(tmp_path / "llama", single())
    found = find_checkpoint(model(model=str(directory), storage={"claim_name": "models"}))
    assert (found.source, found.config, found.weights_bytes) == ("directory", CONFIG, ONE_BYTES)
    assert found.notes == (f"read from {directory}",)


def test_the_directory_that_is_mounted(tmp_path: Path) -> None:
    write(tmp_path / "llama", single())
    storage = {"host_path": str(tmp_path), "mount_path": "/not-here", "node": "n", "size_gib": 1}
    found = find_checkpoint(model(model="/not-here/llama", storage=storage))
    assert found.source == "directory"
    assert found.notes == (f"read from {tmp_path}/llama",)


def test_given_bytes_override_those_read(tmp_path: Path) -> None:
    directory = write(tmp_path / "llama", single())
    keys = {"model": str(directory), "storage": {"claim_name": "m"}, "weights_bytes": 5}
    found = find_checkpoint(model(**keys))
    assert (found.source, found.weights_bytes, found.tensors) == ("directory", 5, None)
    assert found.notes[-1] == "`weights_bytes` as given in the model"


def test_a_path_that_only_the_pod_has() -> None:
    path = "/no/such/directory"
    found = find_checkpoint(model(model=path, storage={"claim_name": "models"}))
    assert (found.source, found.config, found.known) == ("none", {}, False)
    assert found.notes[0].startswith(f"not on the controller: {path}/config.json: No such file")
    assert "give `config` in the model" in found.notes[1]


def test_a_broken_directory_is_an_error(tmp_path: Path) -> None:
    directory = write(tmp_path / "llama", {"config.json": b"{"})
    with pytest.raises(CheckpointError, match="not JSON"):
        find_checkpoint(model(model=str(directory), storage={"claim_name": "models"}))


def test_offline_the_catalogue_serves_and_says_so(tmp_path: Path) -> None:
    found = find_checkpoint(model(model=KNOWN), offline=True, cache_dir=tmp_path)
    assert found.source == "catalogue"
    assert found.config["num_hidden_layers"] == 28
    assert found.notes[0] == f"{KNOWN}: the Hub was not asked (offline)"
    assert "from the shipped catalogue" in found.notes[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_library_s_own_switch_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(key, "1")
    found = find_checkpoint(model(model="acme/unknown"), cache_dir=tmp_path)
    assert found.source == "none"
    assert found.notes == (
        "acme/unknown: the Hub was not asked (offline)",
        "acme/unknown is not in the shipped catalogue",
    )


def answering(monkeypatch: pytest.MonkeyPatch, error: HubError) -> None:
    def read_hub(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(find, "read_hub", read_hub)


@pytest.mark.parametrize("kind", [HubGated, HubMissing, HubRevisionMissing])
def test_a_definite_no_is_an_error(monkeypatch: pytest.MonkeyPatch, kind: type[HubError]) -> None:
    answering(monkeypatch, kind("no"))
    with pytest.raises(kind):
        find_checkpoint(model())
    # The catalogue, or rights that only the server has, make it a note.
    assert find_checkpoint(model(model=KNOWN)).source == "catalogue"
    own: list[dict[str, Any]] = [
        {"hf_token_secret": "hub"},
        {"env": {"HF_ENDPOINT": "https://mirror.example"}},
    ]
    for keys in own:
        assert find_checkpoint(model(**keys)).notes[0] == "no"


@pytest.mark.parametrize("kind", [HubOffline, HubTimeout])
def test_a_silent_hub_is_a_note(monkeypatch: pytest.MonkeyPatch, kind: type[HubError]) -> None:
    answering(monkeypatch, kind("silence"))
    assert find_checkpoint(model()).source == "none"
    assert (
        find_checkpoint(model(model=KNOWN, revision="v1"))
        .notes[-1]
        .startswith("the catalogue knows no revisions: v1")
    )


@pytest.mark.parametrize("name", ["s3://bucket/model", "acme/tiny/deep", "../tiny", "acme/t?x"])
def test_a_name_that_the_hub_cannot_have(tmp_path: Path, name: str) -> None:
    found = find_checkpoint(model(model=name), cache_dir=tmp_path)
    assert found.source == "none"
    assert "is not the name of a model on the Hub" in found.notes[0]


def test_without_the_library_the_catalogue_serves(tmp_path: Path) -> None:
    # A process of its own, in which neither optional library can be imported.
    script = f"""
import sys
sys.modules.update(dict.fromkeys(("huggingface_hub", "yaml")))
sys.path[:0] = {sys.path!r}
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from pathlib import Path
for name in ({KNOWN!r}, "acme/tiny"):
    model = parse_model({{"name": "m", "model": name}})
    found = find_checkpoint(model, cache_dir=Path({str(tmp_path)!r}))
    print(found.source, found.notes[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path)},
    )
    first, second = done.stdout.splitlines()
    assert first.startswith(f"catalogue {KNOWN}: to ask the Hub, install huggingface_hub")
    assert second.startswith("none acme/tiny: to ask the Hub, install huggingface_hub")
