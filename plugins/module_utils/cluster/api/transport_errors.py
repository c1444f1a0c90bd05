# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Turns what goes wrong on the way to the API server into errors with a cause and a fix."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...findings import Finding, FindingsError, failure
from .errors import ApiError

if TYPE_CHECKING:
    from .kubeconfig import Origin


def transport_error(error: Exception, origin: Origin) -> FindingsError:
    """Explain a request that never got an answer."""
    expired = expired_client_certificate(origin)
    if expired is not None and not _never_connected(error):
        return ApiError(expired, status=401)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _untrusted_server(error, origin)
    return failure(
        "unreachable",
        f"API server {address(origin)}",
        f"is not reachable: {_reason(error)}",
        evidence=origin.lines(),
        fix="check that the cluster runs and that this machine can reach the address "
        "(VPN, firewall, proxy), or set vllm_kubeconfig / vllm_context to another cluster",
    )


def api_error(method: str, path: str, status: int, body: bytes, origin: Origin) -> FindingsError:
    """Explain an error status of the API server."""
    answer = _status_object(body)
    message = str(answer.get("message") or body[:300].decode("utf-8", "replace") or "no details")
    if status == 401:
        finding = _unauthorized(message, origin)
    elif status == 403:
        finding = Finding.error(
            "missing_rights",
            "permission",
            message,
            evidence=origin.lines(),
            fix="ask an administrator of the cluster for this right in this namespace, "
            "or set vllm_namespace to a namespace that you may use",
        )
    else:
        finding = Finding.error(
            "api_error",
            f"API server {address(origin)}",
            f"answered {method} {path} with {status}: {message}",
        )
    return ApiError(
        finding,
        status=status,
        message=message,
        reason=str(answer.get("reason") or ""),
        details=answer.get("details"),
    )


def expired_client_certificate(origin: Origin) -> Finding | None:
    """Return an error when the client certificate of the kubeconfig is not valid (any more)."""
    period = _validity(origin.certificate)
    now = datetime.now(UTC)
    if period is None or period[0] <= now <= period[1]:
        return None
    if now > period[1]:
        cause = f"the client certificate expired on {_day(period[1])}"
    else:
        cause = f"the client certificate is valid only from {_day(period[0])}"
    return Finding.error(
        "certificate_expired",
        f"kubeconfig {origin.kubeconfig}",
        f"{cause} (now {_day(now)})",
        evidence=[f"server: {origin.server}", *origin.lines()[1:]],
        fix="get a new kubeconfig from the cluster's administrator "
        "(kubeadm clusters: kubeadm certs renew admin.conf)",
    )


def address(origin: Origin) -> str:
    """Return host:port of the API server."""
    parts = urlsplit(origin.server)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _unauthorized(message: str, origin: Origin) -> Finding:
    return expired_client_certificate(origin) or Finding.error(
        "unauthorized",
        f"API server {address(origin)}",
        f"does not accept the credentials: {message} (401)",
        evidence=origin.lines(),
        fix="log in again, or get a new kubeconfig from the cluster's administrator",
    )


def _untrusted_server(error: Exception, origin: Origin) -> FindingsError:
    """Explain a server certificate that does not verify; its dates tell the commonest cause."""
    parts = urlsplit(origin.server)
    try:
        text = ssl.get_server_certificate((str(parts.hostname), parts.port or 443), timeout=5)
        period = _validity(text.encode())
    except (OSError, ValueError):
        period = None
    cause = f"its certificate is not trusted: {_reason(error)}"
    if period is not None and period[1] < datetime.now(UTC):
        cause = f"its certificate expired on {_day(period[1])}"
    return failure(
        "untrusted_server",
        f"API server {address(origin)}",
        cause,
        evidence=origin.lines(),
        fix="renew the server's certificate, or get the kubeconfig of this cluster again "
        "(the cluster may have been made anew)",
    )


def _validity(pem: bytes) -> tuple[datetime, datetime] | None:
    """Return first and last moment of a PEM certificate, None when it cannot be read."""
    try:
        from cryptography import x509

        certificate = x509.load_pem_x509_certificate(pem)
    except (ImportError, ValueError):
        return None
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _never_connected(error: Exception) -> bool:
    return type(error).__name__ in {
        "NewConnectionError",
        "ConnectTimeoutError",
        "NameResolutionError",
    }


def _reason(error: Exception) -> str:
    """Return the last, most telling part of a nested library error."""
    text = str(error)
    if "timed out" in text:
        return "no answer in time"
    text = text.rpartition("Caused by ")[2].rpartition(">: ")[2] or text
    for known in ("Connection refused", "Name or service not known", "No route to host"):
        if known in text:
            return known.lower()
    return " ".join(text.split()).strip("()")[:200]


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
