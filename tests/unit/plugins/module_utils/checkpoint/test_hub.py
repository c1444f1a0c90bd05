# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The Hub through the real huggingface_hub, against a server on loopback."""

from __future__ import annotations

import importlib
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint import hub_cache
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.hub import (
    FRESH_SECONDS,
    read_hub,
    without_credentials,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.hub_cache import HubCache
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.hub_errors import (
    HubBadAnswer,
    HubDenied,
    HubError,
    HubGated,
    HubMissing,
    HubNoShape,
    HubOffline,
    HubRevisionMissing,
    HubTimeout,
    HubUnreachable,
    HubUnwritable,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.quant_file import (
    QUANT_LIMIT_BYTES,
    QUANT_NAME,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import CheckpointError

from .fake_hub import COMMIT, FakeHub, serving
from .files import CONFIG, MODELOPT, ONE_BYTES, TWO_BYTES, entry, model, raw, sharded, single

TOKEN = "hf_" + "s3cr3t" * 5


@pytest.fixture
def library() -> Any:
    """The real library; these tests are pointless without it."""
    try:
        for part in ("constants", "errors", "utils"):
            importlib.import_module(f"huggingface_hub.{part}")
        return importlib.import_module("huggingface_hub")
    except ImportError:
        pytest.fail("these tests need huggingface_hub>=1.0; add it to the development environment")


@pytest.fixture
def hub(library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub with one model of two shards, and a controller that knows a token."""
    for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(key, raising=False)
    for key in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(library.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(library.constants, "HF_HUB_CACHE", str(tmp_path / "library"))
    with serving(FakeHub(sharded())) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "hub"


def test_shards_from_the_hub(
    hub: FakeHub, cache_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = find_checkpoint(model(), cache_dir=cache_dir)
    assert (found.source, found.config, found.revision) == ("hub", CONFIG, COMMIT)
    assert found.weights_bytes == ONE_BYTES + TWO_BYTES
    assert found.tensors is not None
    assert sorted(tensor.name for tensor in found.tensors) == [
        "a", "b", "c", "empty", "packed", "scalar",
    ]  # fmt: skip
    assert found.notes == (f"read from {hub.address}, acme/tiny at commit {COMMIT}",)
    # Everything after the first question is asked of the commit, and with the token.
    assert hub.requests[0] == "GET /api/models/acme/tiny/revision/main"
    assert all(f"/resolve/{COMMIT}/" in request for request in hub.requests[1:])
    assert set(hub.tokens) == {f"Bearer {TOKEN}"}
    assert "".join(capfd.readouterr()) == ""


def test_one_file_at_a_revision(hub: FakeHub, cache_dir: Path) -> None:
    hub.files = single()
    found = read_hub("acme/tiny", COMMIT, cache_dir=cache_dir)
    assert (found.revision, found.weights_bytes) == (COMMIT, ONE_BYTES)


def test_a_commit_is_asked_for_once(hub: FakeHub, cache_dir: Path) -> None:
    first = read_hub("acme/tiny", COMMIT, cache_dir=cache_dir)
    asked = len(hub.requests)
    assert read_hub("acme/tiny", COMMIT, cache_dir=cache_dir) == first
    assert read_hub("acme/tiny", COMMIT, cache_dir=cache_dir, offline=True) == first
    assert len(hub.requests) == asked


def test_a_branch_is_asked_for_again_after_a_while(
    hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_hub("acme/tiny", cache_dir=cache_dir)
    asked = len(hub.requests)
    assert read_hub("acme/tiny", cache_dir=cache_dir) == first
    assert len(hub.requests) == asked
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + FRESH_SECONDS + 1)
    assert read_hub("acme/tiny", cache_dir=cache_dir) == first
    # The commit is the same, so that its files are not asked for.
    assert hub.requests[asked:] == ["GET /api/models/acme/tiny/revision/main"]
    monkeypatch.setattr(time, "time", lambda: now + 3 * FRESH_SECONDS)
    stale = read_hub("acme/tiny", cache_dir=cache_dir, offline=True)
    assert (stale.config, stale.weights_bytes) == (first.config, first.weights_bytes)
    assert "the Hub was not asked (offline); what was read earlier is used" in stale.notes[-1]
    hub.status = 503
    assert "answered with HTTP 503" in read_hub("acme/tiny", cache_dir=cache_dir).notes[-1]


def test_what_is_kept_belongs_to_the_user(hub: FakeHub, cache_dir: Path) -> None:
    read_hub("acme/tiny", cache_dir=cache_dir)
    assert stat.S_IMODE(cache_dir.stat().st_mode) == 0o700
    files = sorted(cache_dir.iterdir())
    assert [file.name.partition("-")[0] for file in files] == ["commit", "ref"]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert TOKEN not in file.read_text()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"config": 3}', b"[" * 100_000])
def test_damaged_entries_are_asked_for_again(hub: FakeHub, cache_dir: Path, damage: bytes) -> None:
    first = read_hub("acme/tiny", cache_dir=cache_dir)
    for file in cache_dir.iterdir():
        file.write_bytes(damage)
    assert read_hub("acme/tiny", cache_dir=cache_dir) == first


def test_an_entry_in_the_place_of_another_does_not_count(hub: FakeHub, cache_dir: Path) -> None:
    found = read_hub("acme/tiny", COMMIT, cache_dir=cache_dir)
    cache = HubCache(cache_dir, hub.address)
    mine = set(cache_dir.iterdir())
    cache.keep_checkpoint("acme/other", COMMIT, found)
    (other,) = set(cache_dir.iterdir()) - mine
    other.write_bytes(mine.pop().read_bytes())
    assert cache.checkpoint("acme/other", COMMIT) is None


def test_credentials_of_the_address_stay_in_it(
    hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address.replace("://", f"://user:{TOKEN}@"))
    found = read_hub("acme/tiny", cache_dir=cache_dir)
    assert found.notes == (f"read from {hub.address}, acme/tiny at commit {COMMIT}",)
    assert not any(TOKEN in file.read_text() for file in cache_dir.iterdir())


def test_a_library_that_cannot_keep_files(
    library: Any, hub: FakeHub, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(library.constants, "HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    assert "set HF_HOME" in failing(HubUnwritable, cache_dir)


def test_entries_of_another_endpoint_do_not_count(hub: FakeHub, cache_dir: Path) -> None:
    found = read_hub("acme/tiny", cache_dir=cache_dir)
    other = HubCache(cache_dir, "https://mirror.example")
    assert other.checkpoint("acme/tiny", COMMIT) is None
    assert HubCache(cache_dir, hub.address).checkpoint("acme/tiny", COMMIT) == found


def test_many_writers_leave_one_whole_entry(hub: FakeHub, cache_dir: Path) -> None:
    found = read_hub("acme/tiny", cache_dir=cache_dir)
    cache = HubCache(cache_dir, hub.address)
    seen: list[object] = []

    def work() -> None:
        for dummy in range(50):
            cache.keep_checkpoint("acme/tiny", COMMIT, found)
            seen.append(cache.checkpoint("acme/tiny", COMMIT))

    threads = [threading.Thread(target=work) for dummy in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 200
    assert all(entry == found for entry in seen)
    assert len(list(cache_dir.iterdir())) == 2


def test_a_cache_that_cannot_be_written_costs_a_note(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = read_hub("acme/tiny", cache_dir=tmp_path / "file" / "hub")
    assert found.weights_bytes == ONE_BYTES + TWO_BYTES
    assert "not kept in" in found.notes[-1]


def failing(kind: type[HubError], cache_dir: Path, name: str = "acme/tiny", **keys: Any) -> str:
    """The message of the error, which must hold nothing secret."""
    with pytest.raises(HubError) as raised:
        read_hub(name, cache_dir=cache_dir, **keys)
    assert raised.value.__class__ is kind
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert TOKEN not in str(raised.value)
    assert not cache_dir.exists()
    return str(raised.value)


def test_gated(hub: FakeHub, cache_dir: Path) -> None:
    hub.gated = True
    message = failing(HubGated, cache_dir)
    assert message.startswith(f"acme/tiny: is gated on {hub.address}; ask for access there")
    assert "HF_TOKEN" in message


def test_missing(hub: FakeHub, cache_dir: Path) -> None:
    assert "has no such model, or it is private" in failing(HubMissing, cache_dir, "acme/none")
    with pytest.raises(HubMissing):
        find_checkpoint(model(model="acme/none"), cache_dir=cache_dir)


def test_missing_revision(hub: FakeHub, cache_dir: Path) -> None:
    message = failing(HubRevisionMissing, cache_dir, revision="v9")
    assert message == f"acme/tiny at v9: {hub.address} has the model, not this revision"


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (403, HubDenied, "refused the token (HTTP 403)"),
        (429, HubUnreachable, "HTTP 429; too many requests"),
        (500, HubUnreachable, "answered with HTTP 500"),
    ],
)
def test_refusals(
    hub: FakeHub, cache_dir: Path, status: int, kind: type[HubError], text: str
) -> None:
    hub.status = status
    assert text in failing(kind, cache_dir)


@pytest.mark.parametrize("page", [b"<html>Sign in</html>", b"[]", b"{}", b"null", b"[" * 99_999])
def test_an_answer_that_makes_no_sense(hub: FakeHub, cache_dir: Path, page: bytes) -> None:
    hub.page = page
    assert "makes no sense" in failing(HubBadAnswer, cache_dir)


def test_timeout(
    library: Any, hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    hub.stalls = True
    begin = time.monotonic()
    assert "did not answer in time" in failing(HubTimeout, cache_dir)
    assert time.monotonic() - begin < 2


def test_nobody_listens(hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://user:{TOKEN}@127.0.0.1:{port}")
    message = failing(HubUnreachable, cache_dir)
    assert f"http://127.0.0.1:{port} cannot be reached" in message
    found = find_checkpoint(model(model="Qwen/Qwen3-8B"), cache_dir=cache_dir)
    assert found.source == "catalogue"
    assert "cannot be reached" in found.notes[0]


@pytest.mark.parametrize("endpoint", ["hub.example", "ftp://hub.example", "http://", "http://[::1"])
def test_an_endpoint_that_is_none(
    hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(HubUnreachable, match="HF_ENDPOINT"):
        read_hub("acme/tiny", cache_dir=cache_dir)


def test_the_library_s_offline_mode(
    library: Any, hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library.constants, "HF_HUB_OFFLINE", True)
    library.close_session()
    try:
        assert "unset HF_HUB_OFFLINE" in failing(HubOffline, cache_dir)
    finally:
        library.close_session()
    assert hub.requests == []


def test_a_proxy_is_used(hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = importlib.import_module("huggingface_hub")
    # The fake Hub takes the whole address as well, as proxies do.
    monkeypatch.setenv("http_proxy", hub.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    library.close_session()
    try:
        found = read_hub("acme/tiny", cache_dir=cache_dir)
    finally:
        library.close_session()
    assert found.notes == (f"read from http://hub.example, acme/tiny at commit {COMMIT}",)


def test_no_config(hub: FakeHub, cache_dir: Path) -> None:
    del hub.files["config.json"]
    assert "has no config.json" in failing(HubNoShape, cache_dir)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"{", "not JSON"), (b"[" * 200_000, "nests"), (b" " * (2**22 + 1), "larger than 4194304")],
)
def test_a_broken_config(hub: FakeHub, cache_dir: Path, data: bytes, message: str) -> None:
    hub.files["config.json"] = data
    with pytest.raises(CheckpointError, match=message):
        read_hub("acme/tiny", cache_dir=cache_dir)
    assert not cache_dir.exists()
    # What is too large by the list of files is not fetched.
    assert (len(hub.requests) == 1) == message.startswith("larger")


def asked_for(hub: FakeHub, name: str) -> list[str]:
    return [request for request in hub.requests if request.endswith(f"/{name}")]


def test_the_quantization_beside_the_config(hub: FakeHub, cache_dir: Path) -> None:
    hub.files[QUANT_NAME] = json.dumps(MODELOPT).encode()
    found = read_hub("acme/tiny", cache_dir=cache_dir)
    assert found.config == CONFIG | {"quantization_config": MODELOPT}
    assert found.notes[1:] == ("its quantization is that of hf_quant_config.json",)
    asked = len(hub.requests)
    assert read_hub("acme/tiny", COMMIT, cache_dir=cache_dir, offline=True) == found
    assert len(hub.requests) == asked


def test_quantization_that_is_not_there_is_not_asked_for(hub: FakeHub, cache_dir: Path) -> None:
    assert read_hub("acme/tiny", cache_dir=cache_dir).config == CONFIG
    assert asked_for(hub, QUANT_NAME) == []


def test_quantization_that_is_not_needed_is_not_asked_for(hub: FakeHub, cache_dir: Path) -> None:
    said = CONFIG | {"quantization_config": {"quant_method": "fp8"}}
    hub.files |= {"config.json": json.dumps(said).encode(), QUANT_NAME: b"broken"}
    assert read_hub("acme/tiny", cache_dir=cache_dir).config == said
    assert asked_for(hub, QUANT_NAME) == []


def test_a_hub_without_a_list_of_files_is_asked_once(hub: FakeHub, cache_dir: Path) -> None:
    hub.lists_files = False
    assert read_hub("acme/tiny", cache_dir=cache_dir).config == CONFIG
    assert len(asked_for(hub, QUANT_NAME)) == 1
    assert read_hub("acme/tiny", COMMIT, cache_dir=cache_dir).config == CONFIG
    assert len(asked_for(hub, QUANT_NAME)) == 1
    hub.files[QUANT_NAME] = json.dumps(MODELOPT).encode()
    found = read_hub("acme/tiny", cache_dir=cache_dir / "other")
    assert found.config["quantization_config"] == MODELOPT


def test_entries_from_before_the_quantization_was_read_do_not_count(
    hub: FakeHub, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(hub_cache, "FORMAT", 1)
        read_hub("acme/tiny", COMMIT, cache_dir=cache_dir)
    hub.files[QUANT_NAME] = json.dumps(MODELOPT).encode()
    assert "quantization_config" in read_hub("acme/tiny", COMMIT, cache_dir=cache_dir).config


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not JSON"),
        (b"[" * 200_000, "nests"),
        (b"[]", "must be a JSON object"),
        (b" " * (QUANT_LIMIT_BYTES + 1), f"{QUANT_NAME} is larger than {QUANT_LIMIT_BYTES} bytes"),
    ],
)
def test_a_broken_quantization(hub: FakeHub, cache_dir: Path, data: bytes, message: str) -> None:
    hub.files[QUANT_NAME] = data
    with pytest.raises(CheckpointError, match=message):
        read_hub("acme/tiny", cache_dir=cache_dir)
    assert not cache_dir.exists()
    # What is too large by the list of files is not fetched.
    assert bool(asked_for(hub, QUANT_NAME)) == ("larger" not in message)


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({}, "has no safetensors files"),
        ({"model.safetensors": raw(b"{}", length=2**62)}, "headers cannot be read"),
        ({"model.safetensors": raw(b"hello")}, "headers cannot be read"),
        ({"model.safetensors": b"\1"}, ""),
        ({"model.safetensors.index.json": b"{"}, "makes no sense"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": "none"}}'}, "is not on"),
    ],
)
def test_headers_that_cannot_be_read_leave_the_config(
    hub: FakeHub, cache_dir: Path, files: dict[str, bytes], note: str
) -> None:
    hub.files = {"config.json": json.dumps(CONFIG).encode(), **files}
    found = read_hub("acme/tiny", cache_dir=cache_dir)
    assert (found.config, found.weights_bytes, found.tensors) == (CONFIG, None, None)
    assert note in found.notes[-1]
    assert found.notes[-1].endswith("the size of the weights is computed")


def test_a_header_that_contradicts_itself_is_an_error(hub: FakeHub, cache_dir: Path) -> None:
    hub.files = single()
    header = json.dumps({"a": entry("F32", [1000], 0, 4)}).encode()
    hub.files["model.safetensors"] = raw(header, b"1234")
    with pytest.raises(CheckpointError, match="takes 4 bytes by its offsets, but 4000"):
        read_hub("acme/tiny", cache_dir=cache_dir)


def test_the_tensors_are_not_downloaded(hub: FakeHub, cache_dir: Path, tmp_path: Path) -> None:
    size = 3_000_000
    header = json.dumps({"w": entry("U8", [size], 0, size)}).encode()
    hub.files = {**single(), "model.safetensors": raw(header, bytes(size))}
    assert read_hub("acme/tiny", cache_dir=cache_dir).weights_bytes == size
    kept = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert kept < 100_000


def test_the_default_cache_is_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/cache")
    assert str(hub_cache.default_cache_dir()) == "/x/cache/llmops.vllm/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert hub_cache.default_cache_dir() == Path(os.environ["HOME"]) / ".cache/llmops.vllm/hub"


def test_addresses_are_shown_without_credentials() -> None:
    shown = without_credentials(f"https://user:{TOKEN}@mirror.example:8443/hub?token={TOKEN}#x")
    assert shown == "https://mirror.example:8443/hub"
