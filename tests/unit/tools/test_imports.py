# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The contracts on imports hold for a house as it should be, and each notices what breaks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HOUSE = "ansible_collections/llmops/vllm/plugins/module_utils"
# A small house: each file with the imports that are right for it.
FILES = {
    "findings.py": "",
    "units.py": "from . import findings",
    "releases.py": "",
    "spec/model.py": "from .. import findings, units",
    "values/read.py": "from ..spec import model",
    "checkpoint/hub.py": "import time\nimport huggingface_hub\nfrom ..spec import model",
    "sizing/weights.py": "from ..checkpoint import hub",
    "startup/probes.py": "from ..spec import model",
    "security/level.py": "from .. import findings",
    "plan/decide.py": "from ..sizing import weights\nfrom ..startup import probes",
    "manifests/server.py": "import json\nfrom ..plan import decide",
    "report/table.py": "from ..plan import decide",
    "cluster/api/connection.py": "import urllib3\nfrom ... import findings",
    "cluster/survey/nodes.py": "from ..api import connection",
    "cluster/preflight/volumes.py": "from ..survey import nodes\nfrom ...plan import decide",
    "cluster/apply/drift.py": "from ..api import connection\nfrom ...manifests import server",
    "cluster/watch/store.py": "import time\nfrom ..apply import drift",
    "cluster/completion/ask.py": "from ..watch import store",
}


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Check the tree below a folder against the contracts of pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-logo", "--no-cache", *options, str(ROOT / "pyproject.toml")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / HOUSE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return tmp_path


def test_a_house_in_order_passes(house: Path) -> None:
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("spec/model.py", "from ..checkpoint import hub", "layers"),
        ("manifests/server.py", "from ..cluster.api import connection", "layers"),
        ("extra/file.py", "", "layers"),
        ("cluster/api/connection.py", "from ..watch import store", "cluster"),
        ("plan/decide.py", "import time", "pure"),
        ("values/read.py", "def now():\n    from urllib.request import urlopen", "pure"),
        ("spec/reader.py", "from . import model", "circles"),
    ],
)
def test_what_breaks_a_contract_is_noticed(
    house: Path, file: str, line: str, contract: str
) -> None:
    path = house / HOUSE / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as stream:
        stream.write(line + "\n")
    if contract == "circles":
        (house / HOUSE / "spec/model.py").write_text("from . import reader\n")
    done = lint_imports(house, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "0 kept, 1 broken" in done.stdout


def test_a_clock_in_the_real_plan_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plugins" / "module_utils", tmp_path / HOUSE)
    assert lint_imports(tmp_path, "--contract", "pure").returncode == 0
    with (tmp_path / HOUSE / "startup" / "probes.py").open("a") as stream:
        stream.write("from time import monotonic\n")
    done = lint_imports(tmp_path, "--contract", "pure")
    assert done.returncode == 1
    assert "startup.probes -> time" in " ".join(done.stdout.split())
