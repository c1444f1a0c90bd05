# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The generator of the roles' README files."""

from __future__ import annotations

from pathlib import Path

import pytest
import role_readmes

SPEC = """\
---
argument_specs:
  main:
    short_description: Serve
    description:
      - Applies a C(Deployment),
        a Service.
    options:
      serve_port:
        description: "Port | of the V(http\\\\) server)."
        type: int
        default: 8000
      serve_models:
        description: The models.
        type: list
        elements: dict
        required: true
        options:
          name:
            description: Its name.
            choices: [a, b]
"""


@pytest.fixture
def role(tmp_path: Path) -> Path:
    path = tmp_path / "roles" / "serve"
    (path / "meta").mkdir(parents=True)
    (path / "meta" / "argument_specs.yml").write_text(SPEC)
    return path


def test_options_become_rows(role: Path) -> None:
    text = role_readmes.readme(role)
    assert "Applies a `Deployment`, a Service." in text
    assert "| `serve_port` | int | `8000` | Port \\| of the `http) server`. |" in text
    assert "| `serve_models` | list of dict | required | The models. |" in text
    assert "| `serve_models.name` | str: `a`, `b` | none | Its name. |" in text


def test_check_fails_until_the_file_is_written(
    role: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert role_readmes.main(["--check"], tmp_path) == 1
    assert "roles/serve/README.md is out of date, fix: make docs" in capsys.readouterr().out
    assert not (role / "README.md").exists()
    assert role_readmes.main([], tmp_path) == 0
    assert role_readmes.main(["--check"], tmp_path) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("O(a_b) and RV(c)", "`a_b` and `c`"),
        ("M(llmops.vllm.apply), P(llmops.vllm.x#filter)", "`llmops.vllm.apply`, `llmops.vllm.x`"),
        ("L(kind,https://kind.sigs.k8s.io/)", "[kind](https://kind.sigs.k8s.io/)"),
        ("B(never), I(word)", "**never**, *word*"),
        ("GPU(s) stay", "GPU(s) stay"),
    ],
)
def test_markup_becomes_markdown(text: str, expected: str) -> None:
    assert role_readmes.markdown(text) == expected
