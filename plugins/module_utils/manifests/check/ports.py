# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Numbers and names of ports."""

from __future__ import annotations

from typing import Any

from ...findings import shown
from . import forms
from .values import Notes, Reader, is_whole, named, one_of, whole

LAST_PORT = 65535
ALLOWED = f"a number from 1 to {LAST_PORT}"

port_number = whole(1, LAST_PORT, rule="wrong_port")
# 0 stands for a port that is not given.
optional_port_number = whole(0, LAST_PORT, rule="wrong_port")
port_name = named(forms.port_name, forms.PORT_NAME, rule="wrong_port")
protocol = one_of("TCP", "UDP", "SCTP")


def port_or_name(*, empty: bool = False) -> Reader:
    """A port's number, or the name of a container's port; ``empty``: 0 or "" mean the default."""

    def read(value: Any, path: str, notes: Notes) -> None:
        if empty and (value == "" or (is_whole(value) and not value)):
            return
        if not isinstance(value, str):
            port_number(value, path, notes)
        elif value.isdecimal():
            cause = f"{shown(value)} is a text, which names a port"
            notes.add("wrong_port", path, cause, "give the number without quotes")
        elif forms.port_name(value):
            fix = f"give {ALLOWED}, or a port's name: {forms.PORT_NAME}"
            notes.add("wrong_port", path, f"{shown(value)} is no port", fix)

    return read
