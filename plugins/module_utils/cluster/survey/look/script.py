# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The look into a model's directory: this text runs in a pod, with the python3 of the image.

So it is one file, and needs the standard library of Python 3.8 or later. Its argument is a JSON
object: ``top`` (the mounted directory), ``checkpoint`` (the model's path in the container, or null
when the directory does not hold it), ``report`` (the file to write), ``index`` (name of the list of
shards), ``quantization`` (name of the file that may say it in place of config.json),
``config_limit_bytes``, ``quantization_limit_bytes``, ``index_limit_bytes``,
``header_limit_bytes``, ``report_limit_bytes``, ``most_entries`` and ``most_shown``. Tensors are
never read, and nothing of a length is read before it is known that the file has it.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
import zlib
from pathlib import Path
from typing import Any

# A config that is too long for the report comes as a line of the log, after this mark.
CONFIG_MARK = "llmops.vllm config.json "
# Between config.json and the file that says the quantization; no JSON has this letter.
CONFIG_END = b"\0"
WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt")
# Of a name or a reason; in JSON a letter takes up to six bytes.
TEXT_LENGTH = 200


class Fault(Exception):
    """What is wrong with a file of the checkpoint, so that the server will refuse it."""


def look(wish: dict[str, Any]) -> dict[str, Any]:
    """Return the report: what cannot be read, and what the checkpoint is like."""
    top = Path(wish["top"]).resolve()
    files, bad = walk(top, wish["most_entries"])
    state = top.stat()
    found: dict[str, Any] = {"there": True, "config": False, "weights": False, "checkpoint": None}
    if wish["checkpoint"] is not None:
        place = Path(wish["checkpoint"])
        try:
            found.update(look_at_model(place, files, wish))
        except OSError as error:
            bad.append(described(top, place, error))
    return {
        "files": len(files),
        **found,
        "bad": bad[: wish["most_shown"]],
        "bad_count": len(bad),
        "writable": os.access(top, os.W_OK | os.X_OK),
        "owner": state.st_uid,
        "mode": stat.S_IMODE(state.st_mode),
    }


def walk(top: Path, most_entries: int) -> tuple[list[Path], list[list[Any]]]:
    """Open every file; return all of them, and (path, mode, owner, error) where that failed."""
    files: list[Path] = []
    bad: list[list[Any]] = []

    def refused(error: OSError) -> None:
        bad.append(described(top, Path(error.filename), error))

    for folder, dummy, names in os.walk(top, onerror=refused):
        for name in names:
            files.append(Path(folder, name))
            try:
                open_once(files[-1])
            except OSError as error:
                bad.append(described(top, files[-1], error))
        if len(files) > most_entries:
            break
    return files, bad


def open_once(path: Path) -> None:
    """Read a byte. Opening a pipe would wait for a writer for ever."""
    if stat.S_ISREG(path.stat().st_mode):
        with path.open("rb") as file:
            file.read(1)


def described(top: Path, path: Path, error: OSError) -> list[Any]:
    """Return (path below the top, mode, owner, error) of what could not be read."""
    name = printable(os.path.relpath(path, top))
    try:
        state = path.lstat()
    except OSError:
        return [name, -1, -1, str(error.strerror)]
    return [name, stat.S_IMODE(state.st_mode), state.st_uid, str(error.strerror)]


def look_at_model(place: Path, files: list[Path], wish: dict[str, Any]) -> dict[str, Any]:
    """Return what the report says about the model's own path, a directory or one file."""
    if not place.exists():
        return {"there": False}
    if not place.is_dir():
        return {"config": True, "weights": True}
    folder = place.resolve()
    mine = [path for path in files if folder in path.parents]
    config = place / "config.json"
    return {
        "files": len(mine),
        "config": config.exists(),
        # The walk may have ended before it came to this place.
        "weights": any(path.name.endswith(WEIGHTS) for path in [*mine, *place.iterdir()]),
        "checkpoint": checkpoint(place, wish) if config.exists() else None,
    }


def checkpoint(place: Path, wish: dict[str, Any]) -> dict[str, Any]:
    """Return the packed config, the bytes of all tensors, and the faults of files."""
    faults: list[str] = []
    packed = None
    reading = place / "config.json"
    try:
        config = whole(reading, wish["config_limit_bytes"])
        reading = place / wish["quantization"]
        if wants_quantization(config) and reading.exists():
            config += CONFIG_END + whole(reading, wish["quantization_limit_bytes"])
        packed = base64.b64encode(zlib.compress(config, 9)).decode()
    except (Fault, OSError) as error:
        faults.append(reason(reading, error))
    weights_bytes, twice = weigh(place, wish, faults)
    return {
        "config": packed,
        "config_in_log": False,
        "weights_bytes": weights_bytes,
        "twice": twice,
        "faults": faults[: wish["most_shown"]],
        "fault_count": len(faults),
    }


def wants_quantization(data: bytes) -> bool:
    """Tell whether the server looks for the file beside this config (checkpoint/quant_file.py)."""
    try:
        # What is no text is judged where the config arrives.
        text = data.decode("utf-8-sig", "replace")
        stored = json_object(text.encode()).get("quantization_config")
    except Fault:
        return False
    if not isinstance(stored, dict):
        return stored is None
    mixed = str(stored.get("quant_algo")).upper() == "MIXED_PRECISION"
    return mixed and stored.get("quantized_layers") is None


def weigh(place: Path, wish: dict[str, Any], faults: list[str]) -> tuple[int | None, int]:
    """Return the bytes of all tensors, None without safetensors, and how many are there twice."""
    try:
        shards = safetensors_files(place, wish)
    except (Fault, OSError) as error:
        faults.append(reason(place / wish["index"], error))
        return None, 0
    sizes: dict[str, int] = {}
    twice = 0
    for shard in shards:
        try:
            found = tensor_sizes(shard, wish["header_limit_bytes"])
        except (Fault, OSError) as error:
            faults.append(reason(shard, error))
        else:
            twice += len(sizes.keys() & found.keys())
            sizes.update(found)
    return sum(sizes.values()) if shards else None, twice


def whole(path: Path, limit: int) -> bytes:
    """Return a file's content."""
    if not path.is_file():
        raise Fault("must be a file")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Fault(f"larger than {limit} bytes; that is not a checkpoint's {path.name}")
    return data


def safetensors_files(place: Path, wish: dict[str, Any]) -> list[Path]:
    """Return the files that make up the model: those that its index lists, or else all."""
    files = sorted(place.glob("*.safetensors"))
    index = place / wish["index"]
    if files and index.exists():
        listed = json_object(whole(index, wish["index_limit_bytes"])).get("weight_map")
        names = set(map(str, listed.values())) if isinstance(listed, dict) else set()
        if not names or not all(map(is_beside, names)):
            raise Fault("has no weight_map that names the safetensors files beside it")
        return [place / name for name in sorted(names)]
    # Mistral ships the same weights a second time under this name.
    others = [path for path in files if not path.name.startswith("consolidated")]
    return others or files


def is_beside(name: str) -> bool:
    """Tell whether an index may list a file of this name."""
    return Path(name).name == name and name.endswith(".safetensors") and "\0" not in name


def tensor_sizes(path: Path, limit: int) -> dict[str, int]:
    """Return the bytes of each tensor of a safetensors file, as far as its header fits the file.

    The format: 8 bytes with the header's length (little-endian), the header, the data.
    """
    if not path.is_file():
        raise Fault("there is no such file")
    with path.open("rb") as file:
        rest = os.fstat(file.fileno()).st_size - 8
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if start == b"version ":
            raise Fault("is only a pointer of Git LFS (git lfs pull fetches the file)")
        if rest < 0:
            raise Fault(f"truncated, only {len(start)} bytes")
        if length > limit:
            raise Fault(f"not a safetensors file: its header would be {length} bytes long")
        if length > rest:
            raise Fault(f"truncated: the header has {length} bytes, the file only {rest}")
        header = file.read(length)
    return placed(json_object(header), rest - length)


def placed(header: dict[str, Any], data_bytes: int) -> dict[str, int]:
    """Return the bytes of each tensor; together they must fill the data without gaps."""
    header.pop("__metadata__", None)
    sizes, position = {}, 0
    try:
        spans = sorted((*entry["data_offsets"], name) for name, entry in header.items())
        for begin, end, name in spans:
            if not isinstance(end, int) or not position == begin <= end:
                raise Fault(f"tensor {name[:100]!r} overlaps the one before it, or leaves a gap")
            sizes[name], position = end - position, end
    except (KeyError, TypeError, ValueError):
        raise Fault("the header does not say where its tensors are") from None
    if position > data_bytes:
        raise Fault(f"truncated: the tensors take {position} bytes, the file holds {data_bytes}")
    if position < data_bytes:
        raise Fault(f"{data_bytes - position} bytes after the last tensor belong to none")
    return sizes


def json_object(data: bytes) -> dict[str, Any]:
    """Return the one JSON object that the data is."""
    try:
        parsed = json.loads(data.decode("utf-8"))
    except RecursionError:
        raise Fault("nests without end") from None
    except ValueError:
        raise Fault("the header or index is not JSON") from None
    if not isinstance(parsed, dict):
        raise Fault("the header or index is not a JSON object")
    return parsed


def reason(path: Path, error: Exception) -> str:
    """Return what is wrong with a file."""
    text = str(error.strerror) if isinstance(error, OSError) else str(error)
    return f"{printable(path.name)}: {printable(text)}"


def printable(text: str) -> str:
    """Return a text that fits a report and a terminal, whatever a file's name holds."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:TEXT_LENGTH])


def shortened(report: dict[str, Any], limit: int) -> str:
    """Return the report as JSON that fits; what it leaves out is in the log or in the counts."""
    text = json.dumps(report)
    found = report["checkpoint"] or {"config": None, "faults": []}
    if len(text) > limit and found["config"]:
        sys.stdout.write(f"\n{CONFIG_MARK}{found['config']}\n")
        found["config"], found["config_in_log"] = None, True
        text = json.dumps(report)
    while len(text) > limit and max(len(report["bad"]), len(found["faults"])) > 1:
        max(report["bad"], found["faults"], key=len).pop()
        text = json.dumps(report)
    return text


def main() -> None:
    """Look, and write the report."""
    wish = json.loads(sys.argv[1])
    text = shortened(look(wish), wish["report_limit_bytes"])
    sys.stdout.flush()
    with Path(wish["report"]).open("w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
