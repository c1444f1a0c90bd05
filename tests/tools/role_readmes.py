# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes roles/*/README.md from the roles' argument specs.

`role_readmes.py` writes the files, `role_readmes.py --check` fails when one is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "llmops.vllm"
NOTE = "<!-- Written by `make docs` from meta/argument_specs.yml. -->"


def markdown(text: str) -> str:
    """Turn Ansible's markup, such as O(name) or L(text,link), into Markdown."""
    inside = r"\(((?:[^()\\]|\\.)*)\)"
    text = re.sub(r"\bL\(([^,()]*),\s*([^()]*)\)", r"[\1](\2)", text)
    text = re.sub(rf"\bB{inside}", r"**\1**", text)
    text = re.sub(rf"\bI{inside}", r"*\1*", text)
    return re.sub(
        rf"\b(?:C|E|M|O|P|RV|V){inside}",
        lambda found: "`" + re.sub(r"#\w+$", "", found[1]).replace("\\", "") + "`",
        text,
    )


def paragraphs(text: str | list[str] | None) -> list[str]:
    """Return a description as a list of one-line paragraphs."""
    parts = [text] if isinstance(text, str) else text or []
    return [markdown(" ".join(str(part).split())) for part in parts]


def default_text(option: dict[str, Any]) -> str:
    """Return the words for an option's default."""
    if option.get("required"):
        return "required"
    if "default" not in option:
        return "none"
    default = option["default"]
    return f"`{default if isinstance(default, str) and default else json.dumps(default)}`"


def type_text(option: dict[str, Any]) -> str:
    """Return the words for an option's type: `list of dict`, `str: a, b`."""
    kind = str(option.get("type", "str"))
    if "elements" in option:
        kind = f"{kind} of {option['elements']}"
    choices = ", ".join(f"`{choice}`" for choice in option.get("choices", []))
    return f"{kind}: {choices}" if choices else kind


def option_rows(options: dict[str, Any], prefix: str = "") -> list[str]:
    """Return one table row per option, suboptions below theirs with a dotted name."""
    rows = []
    for name, option in options.items():
        words = " ".join(paragraphs(option.get("description"))).replace("|", "\\|")
        cells = [f"`{prefix}{name}`", type_text(option), default_text(option), words]
        rows.append(f"| {' | '.join(cells)} |")
        rows += option_rows(option.get("options") or {}, prefix=f"{prefix}{name}.")
    return rows


def entry_point_lines(name: str, spec: dict[str, Any]) -> list[str]:
    """Return the part of the README about one entry point (a file in tasks/)."""
    lines = [] if name == "main" else [f"## tasks_from: {name}", ""]
    for paragraph in paragraphs(spec.get("description") or spec.get("short_description")):
        lines += [paragraph, ""]
    rows = option_rows(spec.get("options") or {})
    if rows:
        lines += ["| variable | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    return lines


def title(specs: dict[str, Any]) -> str:
    """Return the short description of the main entry point."""
    return str(specs.get("main", {}).get("short_description", "Use the role"))


def readme(role: Path) -> str:
    """Return the README of one role folder."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    lines = [f"# Role `{COLLECTION}.{role.name}`", "", NOTE, ""]
    for name, spec in sorted(specs.items(), key=lambda item: (item[0] != "main", item[0])):
        lines += entry_point_lines(name, spec)
    lines += [
        "## Use",
        "",
        "```yaml",
        f"- name: {title(specs)}",
        "  ansible.builtin.import_role:",
        f"    name: {COLLECTION}.{role.name}",
        "```",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write or check all READMEs, return the exit code."""
    outdated = []
    for spec in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        role = spec.parent.parent
        file, text = role / "README.md", readme(role)
        if not file.exists() or file.read_text() != text:
            outdated.append(file)
            if "--check" not in arguments:
                file.write_text(text)
    verb = "is out of date, fix: make docs" if "--check" in arguments else "written"
    for file in outdated:
        print(f"{file.relative_to(root)} {verb}")
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
