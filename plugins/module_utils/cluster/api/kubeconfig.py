# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Loads a kubeconfig with the ``kubernetes`` library and explains what is wrong with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...findings import FindingsError, failure

try:
    from kubernetes import config as library
    from kubernetes.client import ApiClient, Configuration
    from urllib3.util.ssl_ import create_urllib3_context

    LIBRARY_PROBLEM = ""
except ImportError as problem:  # reported by load(), so that the docs can be read without it
    LIBRARY_PROBLEM = str(problem)

IN_CLUSTER = "the service account of this pod"


@dataclass(frozen=True)
class Origin:
    """Where a connection comes from; used in error texts, holds no secret.

    ``certificate`` is the client certificate as PEM, empty when there is none.
    """

    server: str
    kubeconfig: str
    context: str
    certificate: bytes = b""
    notes: tuple[str, ...] = ()

    def with_notes(self, notes: Sequence[str]) -> Origin:
        """Return a copy that remembers what the library complained about."""
        return replace(self, notes=tuple(notes))

    def lines(self) -> list[str]:
        """Return the lines that show which cluster was meant."""
        lines = [f"kubeconfig: {self.kubeconfig}"]
        if self.context:
            lines.append(f"context: {self.context}")
        return lines + [f"credentials: {note}" for note in self.notes]


class TemporaryFiles:
    """Where the library puts the certificates and keys that it decodes.

    It removes them itself when its process ends, but not in Ansible's workers.
    """

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="llmops-vllm-")

    def remove(self) -> None:
        """Remove the files; the library must not believe that it still has them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        known: dict[str, str] = getattr(library.kube_config, "_temp_files", {})
        for content in [key for key, file in known.items() if file.startswith(self.folder)]:
            del known[content]


@dataclass(frozen=True)
class Loaded:
    """A connection pool, a function that returns the Authorization header, and their origin.

    A credential plugin that is asked again may fill ``temporary`` again.
    """

    pool: Any
    authorization: Callable[[], str | None]
    origin: Origin
    temporary: TemporaryFiles


def load(path: str | None, context: str | None, *, pool_size: int) -> Loaded:
    """Load ``path`` (None: the usual places); raises ``FindingsError`` with the fix."""
    if LIBRARY_PROBLEM:
        raise failure(
            "missing_library",
            "Python library kubernetes",
            f"is not usable by this Ansible: {LIBRARY_PROBLEM}",
            fix="pip install kubernetes (into the Python environment that runs Ansible)",
        )
    files = _files(path)
    settings, temporary = Configuration(), TemporaryFiles()
    try:
        if files:
            shown = ":".join(files)
            used = _load_files(shown, context, settings, temporary.folder)
        else:
            shown, used = IN_CLUSTER, ""
            _load_service_account(settings, context)
        settings.connection_pool_maxsize = pool_size
        pool, certificate = _pool(settings, shown)
    finally:
        temporary.remove()
    origin = Origin(settings.host.rstrip("/"), shown, used, certificate)
    # The key has one name up to client 35 and another from 36 on.
    return Loaded(
        pool,
        lambda: settings.get_api_key_with_prefix("BearerToken", "authorization"),
        origin,
        temporary,
    )


def _pool(settings: Any, shown: str) -> tuple[Any, bytes]:
    """Return the pool that the settings describe and the client certificate, empty without one."""
    pool = ApiClient(configuration=settings).rest_client.pool_manager
    try:
        certificate = Path(settings.cert_file).read_bytes() if settings.cert_file else b""
        if settings.host.startswith("https"):
            _read_credentials(pool.connection_pool_kw)
    except (OSError, ValueError) as error:
        cause = "holds a certificate or key that cannot be read"
        raise _broken(shown, error, cause) from error
    return pool, certificate


def _read_credentials(options: dict[str, Any]) -> None:
    """Put what the files of the pool's options say into one TLS context, once for all connections.

    ``options`` are those of urllib3's pools. Raises ``OSError`` (``SSLError`` is one) and
    ``ValueError`` for a file that is missing or no certificate.
    """
    tls = create_urllib3_context(cert_reqs=options["cert_reqs"])
    file, data = options.pop("ca_certs", None), options.pop("ca_cert_data", None)
    if file or data:
        tls.load_verify_locations(cafile=file, cadata=data)
    else:
        tls.load_default_certs()
    certificate, key = options.pop("cert_file", None), options.pop("key_file", None)
    if certificate:
        tls.load_cert_chain(certificate, key)
    options["ssl_context"] = tls


def _files(path: str | None) -> list[str]:
    """Return the kubeconfig files to read; an empty list means "none given and none there"."""
    if path:
        file = Path(path).expanduser()
        _check_readable(file)
        return [str(file)]
    asked = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    there = [str(Path(part).expanduser()) for part in asked or ["~/.kube/config"]]
    found = [part for part in there if Path(part).exists()]
    if asked and not found:
        _check_readable(Path(there[0]))
    return found


def _check_readable(file: Path) -> None:
    """Refuse a file that is missing, a directory or not readable."""
    if not file.exists():
        cause, fix = "there is no such file", "set vllm_kubeconfig to an existing kubeconfig"
    elif not file.is_file():
        cause, fix = "is not a file", "set vllm_kubeconfig to a kubeconfig file"
    elif not os.access(file, os.R_OK):
        cause, fix = "is not readable by this user", f"chmod u+r {file}"
    else:
        return
    raise failure("kubeconfig_unreadable", f"kubeconfig {file}", cause, fix=fix)


def _load_files(files: str, context: str | None, settings: Any, temporary: str) -> str:
    """Fill ``settings`` from the files and return the name of the context in use.

    ``temporary`` is the folder for certificates and keys that stand in the files.
    """
    try:
        contexts, current = library.list_kube_config_contexts(config_file=files)
        names = sorted(item["name"] for item in contexts)
    except Exception as error:
        # The library lets YAML errors, type errors and its own ConfigException through.
        if context is None:
            raise _broken(files, error) from error
        names, current = _context_names(files, error), None
    wanted = context or current["name"]
    if wanted not in names:
        raise failure(
            "unknown_context",
            f"kubeconfig {files}",
            f'has no context "{wanted}"',
            evidence=[f"contexts: {', '.join(names) or 'none'}"],
            fix="set vllm_context to one of these",
        )
    try:
        library.load_kube_config(
            config_file=files,
            context=wanted,
            client_configuration=settings,
            persist_config=False,
            temp_file_path=temporary,
        )
    except Exception as error:
        raise _broken(files, error) from error
    return str(wanted)


def _context_names(files: str, error: Exception) -> list[str]:
    """Read the names of the contexts from files that have no valid ``current-context``."""
    import yaml

    names: set[str] = set()
    for file in files.split(os.pathsep):
        try:
            content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
            names |= {str(item["name"]) for item in content.get("contexts") or []}
        except (yaml.YAMLError, AttributeError, TypeError, KeyError, UnicodeDecodeError):
            raise _broken(files, error) from error
    return sorted(names)


def _broken(
    files: str, error: Exception, cause: str = "is not a valid kubeconfig"
) -> FindingsError:
    return failure(
        "kubeconfig_invalid",
        f"kubeconfig {files}",
        cause,
        evidence=[" ".join(str(error).split())[:300]],
        fix=f"check it with: kubectl config view --kubeconfig {files.partition(os.pathsep)[0]}",
    )


def _load_service_account(settings: Any, context: str | None) -> None:
    """Fill ``settings`` from the service account that Kubernetes mounts into pods."""
    try:
        library.load_incluster_config(client_configuration=settings)
    except library.ConfigException as error:
        raise failure(
            "no_kubeconfig",
            "cluster connection",
            "no kubeconfig is given, ~/.kube/config does not exist, "
            "and this is not a pod with a service account",
            evidence=[f"asked for context: {context}"] if context else [],
            fix="set vllm_kubeconfig (or the variable KUBECONFIG) to a kubeconfig file",
        ) from error
