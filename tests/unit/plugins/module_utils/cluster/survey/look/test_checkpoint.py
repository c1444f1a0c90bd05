# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints on a node: seen by the real script, brought here, judged as on the controller."""

from __future__ import annotations

import ast
import base64
import json
import os
import random
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.config_file import (
    CONFIG_LIMIT_BYTES,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.directory import read_directory
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.quant_file import (
    QUANT_LIMIT_BYTES,
    QUANT_NAME,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    Checkpoint,
    CheckpointError,
)
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.safetensors_header import (
    HEADER_LIMIT_BYTES,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look import follow, script
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.checkpoint import (
    LOG_LIMIT_BYTES,
    NotRead,
    unpacked,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.judge import judge
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.pod import (
    Place,
    checkpoint_place,
    inspection_pod,
    read_report,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.script import (
    CONFIG_MARK,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import (
    Found,
    Look,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import Listing
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model

from ....checkpoint.files import (
    CONFIG,
    MODELOPT,
    ONE,
    ONE_BYTES,
    TWO,
    TWO_BYTES,
    entry,
    raw,
    sharded,
    single,
    write,
)
from ...fake_api import Answer, FakeApi, status_object
from ..inspection import PATH, Inspection, Seen, at, errors, run_script, with_directory

INDEX = "model.safetensors.index.json"
SHARD = "model-00002-of-00002.safetensors"
WHERE = f"{PATH} on node n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeApi]:
    with FakeApi(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture
def api(server: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """One server for all tests, new for each: its start and end take longer than most."""
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.0)
    server.answers.clear()
    server.requests.clear()
    return server


def look(api: FakeApi, tmp_path: Path, wanted: Model, log: Answer | None = None) -> Found:
    """Go the whole way: the script on a real directory, its pod in a scripted cluster."""
    seen = run_script(wanted, tmp_path)
    inspection = Inspection(api, [], seen.status, wanted)
    api.on(inspection.log, log or Answer(body=seen.log))
    return inspection.run()


def words(found: Found) -> str:
    return " ".join(" ".join(map(str, errors(found))).split())


def big_config() -> dict[str, Any]:
    """A config of hundreds of kilobytes that packs badly."""
    numbers = random.Random(5)
    return CONFIG | {"ignore": [f"layers.{numbers.getrandbits(200)}" for dummy in range(4000)]}


def test_a_checkpoint_comes_with_config_and_bytes(api: FakeApi, tmp_path: Path) -> None:
    found = look(api, tmp_path, at(write(tmp_path / "m", single())))
    notes = (f"read from {WHERE}",)
    assert found.checkpoints == {"tiny": Checkpoint("node", CONFIG, ONE_BYTES, notes=notes)}
    assert (found.nodes, found.findings) == ({"tiny": "n"}, [])
    # Nobody needs the right to read logs for a config of the usual length.
    assert not any("/log" in path for method, path in api.requests)


@pytest.mark.parametrize(
    ("files", "weights_bytes", "note"),
    [
        (sharded(), ONE_BYTES + TWO_BYTES, "read from"),
        ({**sharded(), "adapter.safetensors": b"broken"}, ONE_BYTES + TWO_BYTES, "read from"),
        ({**single(), "more.safetensors": TWO}, ONE_BYTES + TWO_BYTES, "read from"),
        ({**single(), "consolidated.safetensors": ONE}, ONE_BYTES, "read from"),
        ({**single(), "again.safetensors": ONE}, ONE_BYTES, "3 tensors are in more than one"),
        (
            {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"pickle"},
            None,
            "has no safetensors files",
        ),
    ],
    ids=["index", "index-wins", "no-index", "consolidated", "twice", "bin"],
)
def test_the_node_counts_as_the_controller_does(
    api: FakeApi, tmp_path: Path, files: dict[str, bytes], weights_bytes: int | None, note: str
) -> None:
    directory = write(tmp_path / "m", files)
    found = look(api, tmp_path, at(directory)).checkpoints["tiny"]
    assert found.weights_bytes == weights_bytes == read_directory(directory).weights_bytes
    assert found.config == CONFIG
    assert note in found.notes[-1]


def test_the_quantization_beside_the_config_comes_too(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", single() | {QUANT_NAME: json.dumps(MODELOPT).encode()})
    found = look(api, tmp_path, at(directory)).checkpoints["tiny"]
    assert found.config == CONFIG | {"quantization_config": MODELOPT}
    assert found.notes == (f"read from {WHERE}", "its quantization is that of hf_quant_config.json")
    assert found.config == read_directory(directory).config


def test_a_config_that_says_its_quantization_comes_alone(api: FakeApi, tmp_path: Path) -> None:
    config = CONFIG | {"quantization_config": {"quant_method": "fp8"}}
    files = {"config.json": json.dumps(config).encode(), QUANT_NAME: b"broken"}
    found = look(api, tmp_path, at(write(tmp_path / "m", single() | files)))
    assert found.checkpoints["tiny"].config == config


def test_a_long_list_of_quantized_layers_comes_through_the_log(
    api: FakeApi, tmp_path: Path
) -> None:
    paths = (
        f"model.layers.{layer}.mlp.experts.{expert}.{part}_proj"
        for layer in range(48)
        for expert in range(512)
        for part in ("up", "down")
    )
    listed = {path: {"quant_algo": "NVFP4", "group_size": 16} for path in paths}
    said = {"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": listed}}
    beside = json.dumps(said, indent=4).encode()
    assert CONFIG_LIMIT_BYTES < len(beside) < QUANT_LIMIT_BYTES
    directory = write(tmp_path / "m", single() | {QUANT_NAME: beside})
    found = look(api, tmp_path, at(directory)).checkpoints["tiny"]
    assert found.config == CONFIG | {"quantization_config": said}
    assert sum("/log" in path for method, path in api.requests) == 1


def test_files_without_weights_are_counted_as_such(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", {**single(), "model.safetensors": raw(b"{}")})
    assert look(api, tmp_path, at(directory)).checkpoints["tiny"].weights_bytes == 0
    with pytest.raises(CheckpointError, match="hold no weights"):
        read_directory(directory)


def header(**tensors: Any) -> bytes:
    return json.dumps(tensors).encode()


BROKEN = {
    "empty": (SHARD, b"", "truncated, only 0 bytes"),
    "short": (SHARD, b"\1\2", "truncated, only 2 bytes"),
    "header-cut": (SHARD, TWO[:40], "truncated: the header has"),
    "data-cut": (SHARD, TWO[:-1], f"the tensors take {TWO_BYTES} bytes, the file holds 34"),
    "too-long": (SHARD, TWO + b"xx", "2 bytes after the last tensor belong to none"),
    "absurd": (SHARD, b"\xff" * 900, f"its header would be {2**64 - 1} bytes long"),
    "over-the-limit": (
        SHARD,
        raw(b"{}", length=HEADER_LIMIT_BYTES + 1),
        f"its header would be {HEADER_LIMIT_BYTES + 1} bytes long",
    ),
    "lfs": (SHARD, b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
    "header-no-json": (SHARD, raw(b"{'a'}"), "is not JSON"),
    "header-list": (SHARD, raw(b"[]"), "is not a JSON object"),
    "header-deep": (SHARD, raw(b"[" * 300_000), "nests without end"),
    "no-offsets": (SHARD, raw(header(a={"dtype": "F32"})), "does not say where"),
    "tensor-list": (SHARD, raw(header(a=[1])), "does not say where"),
    "text-offsets": (SHARD, raw(header(a=entry("F32", [], "0", "4"))), "overlaps the one before"),
    "one-offset": (SHARD, raw(header(a=entry("F32", [], 0))), "does not say where"),
    "negative": (SHARD, raw(header(a=entry("F32", [], -4, 0))), "overlaps the one before it"),
    "backwards": (SHARD, raw(header(a=entry("F32", [], 0, -4))), "overlaps the one before it"),
    "fraction": (SHARD, raw(header(a=entry("F32", [], 0, 4.0)), bytes(4)), "overlaps the one"),
    "gap": (SHARD, raw(header(a=entry("F32", [], 4, 8)), bytes(8)), "or leaves a gap"),
    "index-no-json": (INDEX, b"<html>", "is not JSON"),
    "index-empty": (INDEX, b"{}", "has no weight_map"),
    "index-outside": (INDEX, b'{"weight_map": {"a": "../x.safetensors"}}', "has no weight_map"),
    "index-number": (INDEX, b'{"weight_map": {"a": 3}}', "has no weight_map"),
    "index-zero": (INDEX, b'{"weight_map": {"a": "\\u0000.safetensors"}}', "has no weight_map"),
    "config-no-json": ("config.json", b'{"a": 1,\n oops}', "not JSON (Expecting property name"),
    "config-list": ("config.json", b"[1]", "must be a JSON object, not a list"),
    "config-empty": ("config.json", b"{}", "the config is empty"),
    "config-text": ("config.json", b'{"a": "\xff"}', "not UTF-8 text at byte 7"),
    "config-deep": ("config.json", b'{"a":' * 200_000, "nests more than 64 levels"),
    "config-65": ("config.json", b'{"a":' * 65 + b"1" + b"}" * 65, "nests more than 64 levels"),
    "config-huge": (
        "config.json",
        b" " * (CONFIG_LIMIT_BYTES + 1),
        f"larger than {CONFIG_LIMIT_BYTES} bytes",
    ),
    "quantization-no-json": (QUANT_NAME, b"{", "not JSON"),
    "quantization-empty": (QUANT_NAME, b"", "not JSON"),
    "quantization-list": (QUANT_NAME, b"[]", "must be a JSON object, not a list"),
    "quantization-deep": (QUANT_NAME, b'{"a":' * 200_000, "nests more than 64 levels"),
    "quantization-huge": (
        QUANT_NAME,
        b" " * (QUANT_LIMIT_BYTES + 1),
        f"larger than {QUANT_LIMIT_BYTES} bytes",
    ),
}


@pytest.mark.parametrize(("name", "data", "message"), BROKEN.values(), ids=BROKEN)
def test_what_the_server_would_refuse_is_an_error(
    api: FakeApi, tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    directory = write(tmp_path / "m", sharded() | {name: data})
    found = look(api, tmp_path, at(directory))
    assert f"tiny: broken model file: in {WHERE}: {name}: " in words(found)
    assert message in words(found)
    assert (len(errors(found)), found.checkpoints, found.nodes) == (1, {}, {})
    with pytest.raises(CheckpointError):
        read_directory(directory)


def test_all_faults_are_named_at_once(api: FakeApi, tmp_path: Path) -> None:
    files = single() | {f"{number:02}.safetensors": b"" for number in range(11)}
    found = look(api, tmp_path, at(write(tmp_path / "m", files | {"config.json": b"[]"})))
    [error] = errors(found)
    assert error.cause.endswith("00.safetensors: truncated, only 0 bytes")
    assert error.evidence[-3].startswith("07.safetensors: truncated")
    assert error.evidence[-2].startswith("config.json: must be a JSON object")
    assert error.evidence[-1] == "and 3 more"


def test_a_missing_shard_is_named(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", sharded())
    (directory / SHARD).unlink()
    assert f"{SHARD}: there is no such file" in words(look(api, tmp_path, at(directory)))


def test_names_do_not_reach_the_terminal_raw(api: FakeApi, tmp_path: Path) -> None:
    files = single() | {"\x1b[31m\n\udcff.safetensors": b""}
    directory = tmp_path / "m"
    found = look(api, tmp_path, at(write(directory, files)))
    assert "?[31m??.safetensors: truncated" in words(found)


def test_a_tensor_of_gigabytes_is_not_read(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", single())
    text = header(a=entry("U8", [2**34], 0, 2**34))
    with (directory / "model.safetensors").open("wb") as sparse:
        sparse.write(raw(text))
        sparse.truncate(8 + len(text) + 2**34)
    assert look(api, tmp_path, at(directory)).checkpoints["tiny"].weights_bytes == 2**34


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", single())
    os.mkfifo(directory / "pipe")
    (directory / "config.json").unlink()
    os.mkfifo(directory / "config.json")
    assert "config.json: must be a file" in words(look(api, tmp_path, at(directory)))


def test_a_checkpoint_below_the_mount(api: FakeApi, tmp_path: Path) -> None:
    top = tmp_path / "all"
    write(top / "mine", single())
    write(top / "other", {"config.json": b"broken", "model.safetensors": b"broken"})
    wanted = at(top / "mine", storage={"mount_path": str(top)})
    found = look(api, tmp_path, wanted).checkpoints["tiny"]
    notes = (f"read from {PATH}/mine on node n",)
    assert found == Checkpoint("node", CONFIG, ONE_BYTES, notes=notes)


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ({}, f"{PATH}/mine is not on node n"),
        ({"mine/readme": b""}, f"{PATH}/mine on node n has no config.json among its 1 files"),
        ({"mine/config.json": b"{}"}, f"{PATH}/mine on node n has no weights"),
    ],
)
def test_the_neighbours_files_do_not_help(
    api: FakeApi, tmp_path: Path, files: dict[str, bytes], cause: str
) -> None:
    top = tmp_path / "all"
    write(top / "other", single())
    for name, data in files.items():
        write((top / name).parent, {Path(name).name: data})
    wanted = at(top / "mine", storage={"mount_path": str(top)})
    assert cause in words(look(api, tmp_path, wanted))


def test_links_lead_where_they_lead_for_the_server(api: FakeApi, tmp_path: Path) -> None:
    top = tmp_path / "all"
    real = write(top / "snapshots" / "1", sharded())
    (top / "mine").symlink_to(real)
    wanted = at(top / "mine", storage={"mount_path": str(top)})
    assert look(api, tmp_path, wanted).checkpoints["tiny"].weights_bytes == ONE_BYTES + TWO_BYTES
    assert run_script(wanted, tmp_path).report.files == 4


def test_a_model_of_one_file_is_left_to_the_server(api: FakeApi, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", {"tiny.gguf": b"GGUF"})
    wanted = at(directory / "tiny.gguf", storage={"mount_path": str(directory)})
    found = look(api, tmp_path, wanted)
    assert (found.nodes, found.checkpoints, errors(found)) == ({"tiny": "n"}, {}, [])


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({}, Place("/models/x", "/data/x")),
        ({"model": "/models/x/"}, Place("/models/x", "/data/x")),
        ({"storage": {"mount_path": "/models"}}, Place("/models/x", "/data/x/x")),
        ({"model": "/models/../etc", "storage": {"mount_path": "/models"}}, None),
        ({"model": "org/tiny"}, None),
        (
            {
                "storage": {"mount_path": "/models"},
                "extra_volume_mounts": [{"name": "a", "mountPath": "/models/x"}],
            },
            None,
        ),
        (
            {
                "storage": {"mount_path": "/models/x"},
                "extra_volume_mounts": [
                    {"name": "a", "mountPath": "/models"},
                    {"name": "b", "mountPath": "/elsewhere"},
                ],
            },
            Place("/models/x", "/data/x"),
        ),
    ],
)
def test_where_the_checkpoint_is(options: dict[str, Any], place: Place | None) -> None:
    storage = {"host_path": "/data/x", **options.pop("storage", {})}
    names = [mount["name"] for mount in options.get("extra_volume_mounts", [])]
    volumes = [{"name": name, "emptyDir": {}} for name in names]
    given = {"model": "/models/x", **options, "extra_volumes": volumes}
    wanted = with_directory(**given, storage=storage)
    assert checkpoint_place(wanted) == place


def test_a_long_config_comes_through_the_log(api: FakeApi, tmp_path: Path) -> None:
    config = big_config()
    directory = write(tmp_path / "m", single() | {"config.json": json.dumps(config).encode()})
    found = look(api, tmp_path, at(directory)).checkpoints["tiny"]
    assert (found.source, found.config, found.weights_bytes) == ("node", config, ONE_BYTES)
    [asked] = [path for method, path in api.requests if "/log" in path]
    assert asked.endswith(f"/log?container=look&limitBytes={LOG_LIMIT_BYTES}")


def test_the_longest_config_fits_the_log(tmp_path: Path) -> None:
    """Random letters pack worst."""
    letters = base64.b85encode(random.Random(5).randbytes(CONFIG_LIMIT_BYTES * 4 // 5 - 20))
    data = b'{"a":"' + letters + b'"}'
    seen = run_script(at(write(tmp_path / "m", single() | {"config.json": data})), tmp_path)
    assert CONFIG_LIMIT_BYTES - 100 < len(data) <= CONFIG_LIMIT_BYTES
    assert len(seen.log) < LOG_LIMIT_BYTES
    assert unpacked(seen.log.split()[-1].decode()) == data


def packed(data: bytes) -> bytes:
    return base64.b64encode(zlib.compress(data))


MARK = CONFIG_MARK.encode()
FORBIDDEN = Answer(403, status_object(403, "Forbidden", "pods/log is forbidden"))


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (FORBIDDEN, "this user may not get pods/log"),
        (Answer(500, b"dial tcp 10.0.0.7:10250: i/o timeout"), "HTTP 500"),
        (Answer(404), "HTTP 404"),
        (Answer(body=b"x" * 100, cut=True), "the log of the pod that looked: "),
        (Answer(body=b""), "does not have it"),
        (Answer(body=b"\xff\0 warning\nllmops"), "does not have it"),
        (Answer(body=MARK), "did not arrive whole"),
        (Answer(body=MARK + b"\xff\xfe"), "arrived damaged"),
        (Answer(body=MARK + b"not base64!"), "arrived damaged"),
        (Answer(body=MARK + b"QUJD"), "arrived damaged"),
        (Answer(body=MARK + packed(os.urandom(3000))[:2000]), "did not arrive whole"),
        (Answer(body=MARK + packed(bytes(2**27))), "did not arrive whole"),
    ],
)
def test_a_log_that_does_not_have_the_config_is_a_note(
    api: FakeApi, tmp_path: Path, log: Answer, why: str
) -> None:
    config = json.dumps(big_config()).encode()
    directory = write(tmp_path / "m", single() | {"config.json": config})
    found = look(api, tmp_path, at(directory), log)
    assert (found.nodes, errors(found)) == ({"tiny": "n"}, [])
    checkpoint = found.checkpoints["tiny"]
    assert (checkpoint.source, checkpoint.config, checkpoint.known) == ("none", {}, False)
    assert checkpoint.weights_bytes == ONE_BYTES
    assert f"config.json in {WHERE} was not read: " in checkpoint.notes[-1]
    assert why in checkpoint.notes[-1]


def test_what_else_is_in_the_log_does_not_matter(api: FakeApi, tmp_path: Path) -> None:
    config = json.dumps(big_config()).encode()
    directory = write(tmp_path / "m", single() | {"config.json": config})
    log = b"\xffhello" + b"\n" + MARK + packed(b'{"other": 1}') + b"\nbye"
    found = look(api, tmp_path, at(directory), Answer(body=log)).checkpoints["tiny"]
    assert found.config == {"other": 1}


def test_a_config_that_packs_gigabytes_is_not_held() -> None:
    bomb = packed(bytes(2**28)).decode()
    tracemalloc.start()
    try:
        with pytest.raises(NotRead, match="whole"):
            unpacked(bomb)
        most = CONFIG_LIMIT_BYTES + QUANT_LIMIT_BYTES
        assert tracemalloc.get_traced_memory()[1] < 3 * most < 2**27
    finally:
        tracemalloc.stop()


GOOD_REPORT = {
    "bad": [],
    "bad_count": 0,
    "files": 1,
    "there": True,
    "config": True,
    "weights": True,
    "writable": True,
    "owner": 0,
    "mode": 0,
    "checkpoint": None,
}


@pytest.mark.parametrize(
    "message",
    [
        "", "null", "3", '"text"', "[]", "[[]]", "{}", "[" * 4000,
        json.dumps(GOOD_REPORT | {"files": "many"}),
        json.dumps(GOOD_REPORT | {"files": None}),
        json.dumps(GOOD_REPORT | {"owner": float("inf")}),
        json.dumps(GOOD_REPORT | {"bad": [1]}),
        json.dumps(GOOD_REPORT | {"bad": 1}),
        json.dumps(GOOD_REPORT | {"checkpoint": []}),
        json.dumps(GOOD_REPORT | {"checkpoint": {"config": 1}}),
    ],
)  # fmt: skip
def test_what_is_no_report_is_none(message: str) -> None:
    assert Seen(json.dumps(GOOD_REPORT), b"").report.files == 1
    assert read_report({"status": Seen(message, b"").status}) is None


def test_a_whole_checkpoint_wins_over_a_broken_one() -> None:
    wanted = with_directory()
    report = Seen(json.dumps(GOOD_REPORT), b"").report
    broken = Look(wanted, "a", report, mounted=True, faults=["x: truncated"], fault_count=1)
    whole = Look(wanted, "b", report, mounted=True, checkpoint=Checkpoint("node", CONFIG))
    found = Found()
    judge(wanted, [broken, whole], None, Candidates(Listing(())), found)
    assert (found.nodes, errors(found)) == ({"tiny": "b"}, [])
    assert found.checkpoints == {"tiny": Checkpoint("node", CONFIG)}


def test_the_script_is_one_file_for_old_pythons() -> None:
    [container] = inspection_pod(with_directory(), "n")["spec"]["containers"]
    text = container["command"][2]
    assert text == Path(script.__file__).read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    imports = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imports |= {n.module or "." for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imports <= sys.stdlib_module_names
