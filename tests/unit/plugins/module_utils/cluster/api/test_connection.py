# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults on the way to the API server, and of the kubeconfig."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kubernetes import config

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.discovery import Discovery
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import ApiError
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kubeconfig import Origin
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import ObjectId
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.transport_errors import (
    expired_client_certificate,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from ..fake_api import Answer, FakeApi, kubeconfig, status_object


def test_too_many_requests_are_repeated_after_the_asked_time(api: FakeApi) -> None:
    busy = Answer(429, headers={"Retry-After": "1"})
    api.on("/x", busy, Answer(body={"ok": True}))
    start = time.monotonic()
    assert api.client().get("/x") == {"ok": True}
    assert time.monotonic() - start >= 1.0
    assert len(api.requests) == 2


@pytest.mark.parametrize(("method", "tries"), [("GET", 4), ("PATCH", 4), ("POST", 1)])
def test_an_unavailable_server_is_asked_again_only_when_that_is_harmless(
    api: FakeApi, method: str, tries: int
) -> None:
    api.on("/x", Answer(503, headers={"Retry-After": "0"}))
    with pytest.raises(ApiError) as caught:
        api.client().request(method, "/x")
    assert caught.value.status == 503
    assert len(api.requests) == tries


def test_a_cut_answer_is_asked_for_again(api: FakeApi) -> None:
    api.on("/x", Answer(body={"half": 1}, cut=True), Answer(body={"whole": 1}))
    assert api.client().get("/x") == {"whole": 1}


def test_warnings_are_collected_whole_and_once(api: FakeApi) -> None:
    text = '299 - "would violate PodSecurity \\"restricted:latest\\": a, b"'
    api.on("/x", Answer(warnings=[text, text, '299 - "second"']))
    client = api.client()
    client.get("/x")
    assert client.warnings == ['would violate PodSecurity "restricted:latest": a, b', "second"]


def test_an_answer_that_is_not_json_is_an_error(api: FakeApi) -> None:
    api.on("/x", Answer(body=b"<html>login</html>"))
    with pytest.raises(FindingsError, match=r"that\s+is\s+not"):
        api.client().get("/x")


def test_forbidden_repeats_the_servers_sentence(api: FakeApi) -> None:
    sentence = 'pods is forbidden: User "eve" cannot list resource "pods" in the namespace "llm"'
    api.on("/x", Answer(403, status_object(403, "Forbidden", sentence)))
    with pytest.raises(ApiError) as caught:
        api.client().get("/x")
    assert caught.value.message == sentence
    assert "vllm_namespace" in str(caught.value)


def test_unreachable_server_is_named_quickly(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "config"
    path.write_text(kubeconfig(f"https://127.0.0.1:{port}"))
    start = time.monotonic()
    with pytest.raises(FindingsError) as caught:
        connect(str(path)).get("/version")
    assert time.monotonic() - start < 3.0
    text = str(caught.value)
    assert f"API server 127.0.0.1:{port}: is not reachable: connection refused" in text
    assert "context: here" in text
    assert str(path) in text.replace("\n  |   ", "")


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_a_server_that_is_gone_for_a_while_is_waited_for(tmp_path: Path, method: str) -> None:
    """Nothing was sent while nobody listened, so any request may be sent again."""
    with FakeApi(tmp_path) as first:
        first.on("/x", Answer(body=1))
        client = first.client()
        port = first.port
        client.get("/x")
        first.stop()
        with FakeApi(tmp_path, port=port, after_seconds=3.0) as second:
            second.on("/x", Answer(body=2))
            assert client.request(method, "/x") == 2


def test_a_server_that_stays_away_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection"
    monkeypatch.setattr(f"{module}.OUTAGE_SECONDS", 1.0)
    with FakeApi(tmp_path) as api:
        api.on("/x", Answer(body=1))
        client = api.client()
        client.get("/x")
        api.stop()
        start = time.monotonic()
        with pytest.raises(FindingsError, match="is not reachable"):
            client.get("/x")
        assert time.monotonic() - start >= 1.0


@pytest.mark.parametrize("attempts", [1, 4])
def test_one_attempt_is_for_answers_and_not_for_lost_connections(
    api: FakeApi, attempts: int
) -> None:
    api.on("/x", Answer(body=1, cut=True), Answer(body=2))
    assert api.client().send("GET", "/x", attempts=attempts).body == b"2"


def test_unknown_host_name(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig("https://no-such-host.invalid:6443"))
    with pytest.raises(FindingsError, match=r"no-such-host\.invalid:6443"):
        connect(str(path)).get("/version")


def test_unknown_context_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig("https://127.0.0.1:1"))
    with pytest.raises(FindingsError) as caught:
        connect(str(path), "there")
    assert 'has no context "there"' in " ".join(str(caught.value).split())
    assert caught.value.first.evidence == ("contexts: here",)


def test_unknown_context_of_a_file_without_a_current_one(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        kubeconfig("https://127.0.0.1:1").replace('"current-context": "here"', '"x": 1')
    )
    with pytest.raises(FindingsError, match=r"has\s+no\s+context"):
        connect(str(path), "there")
    connect(str(path), "here").close()


@pytest.mark.parametrize("content", ["", "a: [", "just text", "[1, 2]", "kind: Config"])
def test_broken_kubeconfig(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    for context in (None, "x"):
        with pytest.raises(FindingsError) as caught:
            connect(str(path), context)
        assert caught.value.first.subject == f"kubeconfig {path}"


def test_missing_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"no\s+such\s+file"):
        connect(str(tmp_path / "none"))


def test_directory_as_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"is\s+not\s+a"):
        connect(str(tmp_path))


def test_no_kubeconfig_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(FindingsError) as caught:
        connect()
    assert "vllm_kubeconfig" in caught.value.first.fix


def test_the_environment_names_the_kubeconfig(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("/x", Answer(body=1))
    file = api.client().origin.kubeconfig
    monkeypatch.setenv("KUBECONFIG", f"/none:{file}")
    client = connect()
    assert client.get("/x") == 1
    client.close()


def certificate(days: int) -> tuple[bytes, bytes]:
    """Return certificate and key as PEM; it ends ``days`` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "admin")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    kinds = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return built.public_bytes(pem), key.private_bytes(pem, *kinds)


def test_expired_client_certificate_is_named_with_its_date() -> None:
    error = expired_client_certificate(Origin("https://h:1", "/k", "c", certificate(-3)[0]))
    assert error is not None
    day = datetime.now(UTC) - timedelta(days=3)
    assert f"the client certificate expired on {day:%Y-%m-%d}" in error.cause


@pytest.mark.parametrize("content", [certificate(3)[0], b"garbage", b""])
def test_only_an_expired_certificate_is_blamed(content: bytes) -> None:
    assert expired_client_certificate(Origin("https://h:1", "/k", "c", content)) is None


@contextmanager
def tls_server(directory: Path) -> Iterator[dict[str, Any]]:
    """Run a server that wants a client certificate; yields the kubeconfig for it."""
    cert, key = certificate(3)
    for name, content in (("cert", cert), ("key", key)):
        (directory / name).write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(directory / "cert", directory / "key")
    tls.load_verify_locations(directory / "cert")
    tls.verify_mode = ssl.CERT_REQUIRED
    with FakeApi(directory) as api:
        api.on("/x", Answer(body=1))
        port = api.wrap(tls)
        data = [base64.b64encode(part).decode() for part in (cert, cert, key)]
        cluster = {"server": f"https://127.0.0.1:{port}"}
        user = {"client-certificate-data": data[1], "client-key-data": data[2]}
        yield {
            "clusters": [
                {"name": "c", "cluster": cluster | {"certificate-authority-data": data[0]}}
            ],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to; empty at first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_keys_do_not_stay_in_temporary_files(tmp_path: Path, temporary: Path) -> None:
    with tls_server(tmp_path) as kubeconfig:
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(kubeconfig))
        for number in range(2):
            client = connect(str(file))
            assert list(temporary.iterdir()) == [], number
            assert client.get("/x") == 1
            client.close()


def test_files_of_others_stay(tmp_path: Path, temporary: Path) -> None:
    """Another user of the library in the same process keeps what it has decoded."""
    with tls_server(tmp_path) as kubeconfig:
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(kubeconfig))
        config.new_client_from_config(str(file))
        theirs = set(temporary.iterdir())
        assert theirs
        connect(str(file)).close()
        assert set(temporary.iterdir()) == theirs


@pytest.mark.parametrize("key", ["client-key-data", "client-certificate-data"])
def test_a_key_that_is_none_is_a_broken_kubeconfig(tmp_path: Path, key: str) -> None:
    with tls_server(tmp_path) as kubeconfig:
        kubeconfig["users"][0]["user"][key] = base64.b64encode(b"garbage").decode()
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(kubeconfig))
        with pytest.raises(FindingsError) as error:
            connect(str(file))
    assert error.value.first.cause == "holds a certificate or key that cannot be read"


def deployment() -> ObjectId:
    return ObjectId("apps", "v1", "Deployment", "llm", "tiny")


def test_discovery_falls_back_to_single_groups(api: FakeApi) -> None:
    api.on("/api", Answer(body={"kind": "APIVersions", "versions": ["v1"]}))
    versions = [{"version": "v1"}]
    groups = [
        {"name": "example.org", "versions": versions},
        {"name": "broken", "versions": versions},
    ]
    api.on("/apis", Answer(body={"kind": "APIGroupList", "groups": groups}))
    api.on("/api/v1", Answer(body={"resources": []}))
    resources = [
        {"name": "routes", "kind": "Route", "namespaced": True},
        {"name": "routes/scale", "kind": "Scale", "namespaced": True},
    ]
    api.on("/apis/example.org/v1", Answer(body={"resources": resources}))
    api.on("/apis/broken/v1", Answer(500))
    route = ObjectId("example.org", "v1", "Route", "llm", "tiny")
    path = Discovery(api.client()).path(route)
    assert path == "/apis/example.org/v1/namespaces/llm/routes/tiny"


def test_discovery_asks_twice_for_everything(api: FakeApi) -> None:
    kind = {
        "resource": "routes",
        "responseKind": {"kind": "Route"},
        "scope": "Namespaced",
    }
    group = {
        "metadata": {"name": "example.org"},
        "versions": [{"version": "v1", "resources": [kind]}],
    }
    empty = {"kind": "APIGroupDiscoveryList", "items": []}
    api.on("/api", Answer(body=empty))
    api.on("/apis", Answer(body={**empty, "items": [group]}))
    discovery = Discovery(api.client())
    route = ObjectId("example.org", "v1", "Route", "llm", "tiny")
    paths = {discovery.path(route) for number in range(3)}
    assert len(paths) == 1
    assert len(api.requests) == 2
    with pytest.raises(FindingsError) as caught:
        discovery.path(ObjectId("example.org", "v2", "Route", "llm", "tiny"))
    assert caught.value.first.evidence == ("it knows Route in: example.org/v1",)


def test_built_in_kinds_are_not_asked_for(api: FakeApi) -> None:
    path = Discovery(api.client()).path(deployment())
    assert path == "/apis/apps/v1/namespaces/llm/deployments/tiny"
    assert api.requests == []


def test_close_is_harmless_when_nothing_was_sent(api: FakeApi) -> None:
    client: Client = api.client()
    client.close()
