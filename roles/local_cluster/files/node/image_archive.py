# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes the images that a node of a local cluster starts with into one archive.

The archive has the layout of `docker save`. Layers are plain tar files and are
shared between images, so every program and the Debian base are stored once. No
container engine is needed.

Usage: image_archive.py SPEC ARCHIVE, where SPEC is a JSON file:
    {"layers": {NAME: {"tar": PATH} or {"files": [{"path", "source", "links"}]}},
     "images": [{"name", "layers": [NAME], "config": {OCI image configuration}}]}
`files` are put into the layer with mode 0755; `links` are names of symbolic
links next to the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """A layer on disk: an uncompressed tar file and its SHA-256 in hex."""

    tar: Path
    digest: str

    @property
    def member(self) -> str:
        """The layer's place in the archive."""
        return f"{self.digest}/layer.tar"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def root_owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Make a member independent of who built it and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o755
    return member


def write_layer(files: list[dict[str, Any]], path: Path) -> None:
    """Write a layer that holds `files` and the links next to them."""
    with tarfile.open(path, "w") as archive:
        for file in files:
            place = PurePosixPath(file["path"])
            archive.add(Path(file["source"]).resolve(), str(place), filter=root_owned)
            for name in file.get("links", []):
                link = tarfile.TarInfo(str(place.with_name(name)))
                link.type, link.linkname = tarfile.SYMTYPE, place.name
                archive.addfile(root_owned(link))


def make_layer(description: dict[str, Any], path: Path) -> Layer:
    """Return the layer that is described, writing it to `path` unless it is a file already."""
    if "tar" in description:
        path = Path(description["tar"])
    else:
        write_layer(description["files"], path)
    return Layer(path, sha256(path))


def image_config(config: dict[str, Any], layers: list[Layer]) -> bytes:
    """Return an OCI image configuration as JSON."""
    return json.dumps(
        {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one.digest}" for one in layers]},
        }
    ).encode()


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a small file to the archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_archive(spec: dict[str, Any], path: Path, work: Path) -> None:
    """Write the archive that `spec` describes to `path`; `work` is for temporary layers."""
    layers = {
        name: make_layer(description, work / f"{name}.tar")
        for name, description in spec["layers"].items()
    }
    manifest = []
    with tarfile.open(path, "w") as archive:
        for layer in {layer.digest: layer for layer in layers.values()}.values():
            archive.add(layer.tar, layer.member)
        for image in spec["images"]:
            of_image = [layers[name] for name in image["layers"]]
            config = image_config(image["config"], of_image)
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            add_bytes(archive, config_name, config)
            manifest.append(
                {
                    "Config": config_name,
                    "RepoTags": [image["name"]],
                    "Layers": [layer.member for layer in of_image],
                }
            )
        add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def main(spec_path: str, archive_path: str) -> None:
    """Read the description and write the archive, complete or not at all."""
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    target = Path(archive_path)
    part = target.with_name(f"{target.name}.part")
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        write_archive(spec, part, Path(work))
    part.replace(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
