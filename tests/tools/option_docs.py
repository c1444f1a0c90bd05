# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/models.md from the declarations of a model's options.

`option_docs.py` writes the file, `option_docs.py --check` fails when it is out of date. A table
stands between `<!-- options:begin FIRST..LAST -->` and `<!-- options:end -->` and holds the options
from FIRST to LAST in the order of their declaration; each option stands in one table.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))

from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import (  # noqa: E402
    Model,
    later,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.section import (  # noqa: E402
    Declared,
    declared,
)

PAGE = ROOT / "docs" / "models.md"
_TABLE = re.compile(
    r"(<!-- options:begin (?P<first>[\w.]+?)\.\.(?P<last>[\w.]+) -->\n).*?(<!-- options:end -->)",
    re.DOTALL,
)


def default_text(entry: Declared) -> str:
    """Return the words for what holds where a key is left out."""
    option = entry.option
    if entry.required:
        return "required"
    if option.otherwise:
        return option.otherwise
    if option.section is not None:
        return "see below"
    if entry.default is None and option.flag is not None:
        return "vLLM's"
    default = entry.default
    if isinstance(default, float) and default.is_integer():
        default = int(default)
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def flag_text(entry: Declared) -> str:
    """Return vLLM's flag for a key, if there is one."""
    return f"`{entry.option.flag.name}`" if entry.option.flag else ""


def table(options: Sequence[Declared]) -> str:
    """Return the options as a table, or as a list of words if none of them can be given."""
    if all(entry.option.reader is later for entry in options):
        names = ", ".join(f"`{entry.path}`" for entry in options)
        return f"{names}\n"
    rows = [["key", "type", "default", "flag of vLLM", "meaning"], ["---"] * 5]
    for entry in options:
        cells = [f"`{entry.path}`", entry.option.reader.kind, default_text(entry)]
        rows.append([*cells, flag_text(entry), entry.option.doc.replace("|", "\\|")])
    if not any(entry.option.flag for entry in options):
        rows = [row[:3] + row[4:] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("|  |", "| |")


def written(text: str) -> str:
    """Return the page with all its tables anew; raises ValueError unless each option is in one."""
    options = {entry.path: entry for entry in declared(Model)}
    paths = list(options)
    shown: list[str] = []

    def fill(found: re.Match[str]) -> str:
        first, last = (paths.index(found[name]) for name in ("first", "last"))
        part = paths[first : last + 1]
        shown.extend(part)
        return found[1] + "\n" + table([options[path] for path in part]) + "\n" + found[4]

    page = _TABLE.sub(fill, text)
    if shown != paths:
        odd = sorted(set(paths) ^ set(shown)) or shown
        raise ValueError(f"the tables do not hold each option once, in order: {', '.join(odd)}")
    return page


def main(arguments: list[str], page: Path = PAGE) -> int:
    """Write or check the page, return the exit code."""
    before = page.read_text()
    after = written(before)
    if before == after:
        return 0
    if "--check" in arguments:
        print(f"{page.name} is out of date, fix: make docs")
        return 1
    page.write_text(after)
    print(f"{page.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
