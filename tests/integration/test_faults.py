# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Bad connections and missing rights: one clear error, and nothing is applied."""

from __future__ import annotations

import base64
import socket
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)

from .conftest import Run
from .objects import config, model

Play = Callable[..., Run]


def parts(kubeconfig: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    return content


def with_user(kubeconfig: Path, to: Path, **user: str) -> Path:
    """Write a kubeconfig for the same cluster with another user."""
    content = parts(kubeconfig)
    content["users"][0]["user"] = user
    to.write_text(yaml.safe_dump(content))
    return to


def signed(kubeconfig: Path, directory: Path, *, days: int, name: str = "tester") -> dict[str, str]:
    """Make a client certificate, signed by the cluster's own authority, that ends in ``days``."""
    pki = Path(parts(kubeconfig)["clusters"][0]["cluster"]["certificate-authority"]).parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the serial number of kwokctl's authority is odd
        authority = x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())
    signer: Any = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .sign(signer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kinds = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return {
        "client-certificate-data": base64.b64encode(built.public_bytes(pem)).decode(),
        "client-key-data": base64.b64encode(key.private_bytes(pem, *kinds)).decode(),
    }


@pytest.fixture
def nobody(kubeconfig: Path, tmp_path: Path) -> Path:
    """Return the kubeconfig of a user whom no role names."""
    return with_user(kubeconfig, tmp_path / "nobody", **signed(kubeconfig, tmp_path, days=1))


def test_unreachable_server(play: Play, kubeconfig: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    content = parts(kubeconfig)
    content["clusters"][0]["cluster"]["server"] = f"https://{address}"
    path = tmp_path / "unreachable"
    path.write_text(yaml.safe_dump(content))
    run = play("apply", objects=[config("n")], kubeconfig=str(path))
    assert run.returncode != 0
    assert f"API server {address}: is not reachable: connection refused" in run.words
    assert f"context: {content['current-context']}" in run.words
    assert "fix:" in run.words
    assert "Traceback" not in run.output
    assert run.seconds < 10


def test_expired_certificate(play: Play, kubeconfig: Path, tmp_path: Path) -> None:
    user = signed(kubeconfig, tmp_path, days=-2)
    path = with_user(kubeconfig, tmp_path / "expired", **user)
    run = play("apply", objects=[config("n")], kubeconfig=str(path))
    day = datetime.now(UTC) - timedelta(days=2)
    assert f"the client certificate expired on {day:%Y-%m-%d}" in run.words
    assert "get a new kubeconfig" in run.words


def test_an_untrusted_server_is_named(kubeconfig: Path, tmp_path: Path) -> None:
    content = parts(kubeconfig)
    del content["clusters"][0]["cluster"]["certificate-authority"]
    path = tmp_path / "untrusted"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(Exception, match=r"certificate\s+is\s+not") as caught:
        connect(str(path)).get("/api")
    assert "get the kubeconfig of this cluster again" in " ".join(str(caught.value).split())


def test_wrong_credentials(kubeconfig: Path, tmp_path: Path, play: Play) -> None:
    path = with_user(kubeconfig, tmp_path / "wrong", token="not-a-token")
    run = play("apply", objects=[config("n")], kubeconfig=str(path))
    assert "does not accept the credentials" in run.words
    assert "not-a-token" not in str(run.result["msg"])


def test_unknown_context(play: Play, kubeconfig: Path) -> None:
    run = play("apply", objects=[config("n")], context="elsewhere")
    assert 'has no context "elsewhere"' in run.words
    assert f"contexts: {parts(kubeconfig)['current-context']}" in run.words


def test_missing_kubeconfig(play: Play) -> None:
    run = play("apply", objects=[config("n")], kubeconfig="/nowhere/config")
    assert "kubeconfig /nowhere/config: there is no such file" in run.words


def test_a_forbidden_apply_repeats_the_servers_sentence(
    play: Play, nobody: Path, namespace: str
) -> None:
    run = play("apply", objects=[config(namespace, a="1")], kubeconfig=str(nobody))
    assert 'User "tester" cannot get resource "configmaps"' in run.words
    assert "vllm_namespace" in run.words


def test_preflight_lists_all_missing_rights(check: Play, nobody: Path, namespace: str) -> None:
    run = check(namespace, model(), until="completion", kubeconfig=str(nobody))
    assert f"namespace {namespace}: this user may not:" in run.words
    for right in ("patch deployments.apps", "create services", "create services/proxy"):
        assert right in run.words
    assert "user: tester" in run.words
    assert "fix:" in run.words


def grant(client: Client, namespace: str, *resources: str) -> None:
    """Let the user read and write some kinds in a namespace."""
    api = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": ["*"], "resources": list(resources), "verbs": ["*"]}
    role = {"metadata": {"name": "tester"}, "rules": [rule]}
    client.request("POST", f"{api}/roles", body=role)
    binding = {
        "metadata": {"name": "tester"},
        "roleRef": {"kind": "Role", "name": "tester", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "tester", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    client.request("POST", f"{api}/rolebindings", body=binding)


NEEDED = ("deployments", "replicasets", "pods", "services", "services/proxy")


@pytest.fixture
def small_rights(client: Client, nobody: Path, namespace: str) -> Path:
    """Return the kubeconfig of a user with no more than the needed rights in the namespace."""
    grant(client, namespace, *NEEDED, "namespaces")
    return nobody


def test_preflight_warns_of_rights_that_only_help(
    check: Play, small_rights: Path, namespace: str
) -> None:
    run = check(namespace, model(), until="completion", kubeconfig=str(small_rights))
    assert run.returncode == 0, run.output
    warnings = " ".join(run.result["warnings"])
    assert "may not list events" in warnings
    assert "may not get pods/log" in warnings
    assert "may not list nodes" in warnings


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ([model(replica=2)], "vllm_models[0].replica: unknown key; did you mean `replicas`?"),
        ([model(replicas="two")], "vllm_models[0].replicas"),
        ([model("a"), model("a")], "vllm_models[1].name"),
    ],
)
def test_bad_models_are_refused_without_a_cluster(
    play: Play, models: list[dict[str, Any]], text: str
) -> None:
    run = play("plan", models=models, namespace="n", kubeconfig="/nowhere")
    assert text in run.words
