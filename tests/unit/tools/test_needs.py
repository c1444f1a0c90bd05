# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What a tier needs is brought, or said at once, before anything of it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("tests/tools", "roles/local_cluster/files/steps")
# The programs that a test gives to the machine, or leaves out.
CHOSEN = {
    *("apt-get", "chromium", "chromium-browser", "docker", "dpkg", "git", "go", "google-chrome"),
    *("id", "make", "sleep"),
}
APT_GET = """\
echo "apt-get $*" >>"$MACHINE/calls"
for option in "$@"; do
    case $option in Dir::Cache::archives=*) touch "${option#*=}/chromium.deb" ;; esac
done
"""
DPKG = """\
echo "dpkg $*" >>"$MACHINE/calls"
mkdir -p "$3/usr/lib/chromium" "$3/usr/lib/x86_64-linux-gnu/pulseaudio"
touch "$3/usr/lib/x86_64-linux-gnu/liba.so" "$3/usr/lib/x86_64-linux-gnu/pulseaudio/libb.so.1"
printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH $FONTCONFIG_FILE"\\n' >"$3/usr/lib/chromium/chromium"
chmod 755 "$3/usr/lib/chromium/chromium"
"""


@dataclass(frozen=True)
class Machine:
    """A copy of the tools, and a PATH of which a test knows what it holds."""

    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def has(self, name: str, script: str = "exit 0") -> None:
        path = self.folder / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def has_python(self, *, ensurepip: bool) -> None:
        """Give it a Python 3.11 that answers find_python, and those who look for its modules."""
        says = f"{int(ensurepip)} 11 {self.folder}/bin/python3.11"
        self.has(
            "python3.11",
            f"case $2 in *find_spec*) echo {says};; *) exit {int(not ensurepip)};; esac",
        )

    def needs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": str(self.folder / "bin"),
            "HOME": str(self.folder / "home"),
            "PYENV_ROOT": "/nonexistent",
            "MACHINE": str(self.folder),
        }
        return subprocess.run(
            ["tests/tools/needs", *arguments],
            cwd=self.checkout,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> str:
        """What was called of apt-get and dpkg."""
        path = self.folder / "calls"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for part in PARTS:
        shutil.copytree(ROOT / part, machine.checkout / part)
    for folder in (tmp_path / "bin", tmp_path / "home" / ".fonts"):
        folder.mkdir(parents=True)
    (tmp_path / "home" / ".fonts" / "some.ttf").touch()
    for program in [*Path("/usr/bin").iterdir(), *Path("/bin").iterdir()]:
        link = tmp_path / "bin" / program.name
        if program.name not in CHOSEN and "python" not in program.name and not link.exists():
            link.symlink_to(program)
    # Not the home that the machine's list of users names: a Python may be there.
    machine.has("getent")
    machine.has("id", "[ $1 = -u ] && echo 0")
    machine.has("sleep")
    return machine


def furnish(machine: Machine) -> None:
    """Give a machine all that the tests need."""
    machine.has_python(ensurepip=True)
    machine.has("go", "echo go1.26.0")
    for name in ("apt-get", "chromium", "docker", "dpkg", "git", "make"):
        machine.has(name)


def test_a_machine_that_has_everything_hears_nothing(machine: Machine) -> None:
    furnish(machine)
    done = machine.needs("all")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_that_is_missing_is_said_at_once(machine: Machine) -> None:
    machine.has_python(ensurepip=False)
    machine.has("make")
    done = machine.needs("all")
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "The tests need what this machine lacks:"
    assert lines[1].split() == ["chromium", "git", "python3", "python3-venv"]
    assert lines[2].endswith(f"apt-get install --yes --no-install-recommends {lines[1].strip()}")
    assert "Go 1.24 or newer is not in PATH" in done.stderr
    assert "these Debian packages are needed, and this machine has no apt-get" in done.stderr


@pytest.mark.parametrize(
    ("program", "step", "other_step", "says"),
    [
        ("git", "lint", "browser", "git"),
        ("go", "integration", "unit", "Go 1.24 or newer"),
        ("go", "molecule", "lint", "Go 1.24 or newer"),
        ("make", "unit", None, "make"),
    ],
)
def test_a_step_asks_only_for_what_it_needs(
    machine: Machine, program: str, step: str, other_step: str | None, says: str
) -> None:
    furnish(machine)
    (machine.folder / "bin" / program).unlink()
    done = machine.needs(step)
    assert done.returncode == 1
    assert says in done.stderr
    assert other_step is None or machine.needs(other_step).returncode == 0


def test_what_a_cluster_has_found_once_is_not_asked_again(machine: Machine) -> None:
    furnish(machine)
    (machine.folder / "bin" / "go").unlink()
    stamps = machine.folder / "home/.cache/llmops.vllm/state/stamps"
    stamps.mkdir(parents=True)
    (stamps / "go").touch()
    assert machine.needs("integration").returncode == 0


def test_install_runs_the_line(machine: Machine) -> None:
    furnish(machine)
    machine.has_python(ensurepip=False)
    machine.has("apt-get", APT_GET)
    done = machine.needs("--install", "lint")
    assert (done.returncode, done.stderr) == (0, "")
    assert "apt-get -qq update\n" in machine.calls
    assert "install --yes --no-install-recommends python3 python3-venv\n" in machine.calls


def test_a_browser_is_brought(machine: Machine) -> None:
    furnish(machine)
    (machine.folder / "bin" / "chromium").unlink()
    machine.has("apt-get", APT_GET)
    machine.has("dpkg", DPKG)
    done = machine.needs("browser")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Unpacking into .cache/browser (nothing is installed): chromium" in done.stdout
    assert "--download-only install chromium\n" in machine.calls
    browser = machine.checkout / ".cache/browser"
    said = subprocess.run([browser / "chromium"], capture_output=True, text=True, check=True).stdout
    libraries, fonts = said.split()
    folder = browser / "root/usr/lib/x86_64-linux-gnu"
    assert libraries == f"{folder}:{folder}/pulseaudio"
    assert fonts == str(browser / "fonts.conf")
    assert machine.needs("browser").stdout == ""


def test_a_browser_that_cannot_be_brought_is_said(machine: Machine) -> None:
    furnish(machine)
    (machine.folder / "bin" / "chromium").unlink()
    machine.has("apt-get", "echo no such package; exit 100")
    done = machine.needs("browser")
    assert done.returncode == 1
    assert "no such package" in done.stderr
    assert "install --yes chromium" in done.stderr


@pytest.mark.parametrize(
    ("target", "step"),
    [
        ("test", "all"),
        ("test-unit", "unit"),
        ("test-integration", "integration"),
        ("test-browser", "browser"),
        ("test-e2e", "e2e"),
        ("molecule", "molecule"),
        ("lint", "lint"),
        ("bench", "integration"),
    ],
)
def test_make_asks_before_anything_runs(target: str, step: str) -> None:
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["make", "-n", target, "INSTALL=1"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[:3] == ["tests/tools/needs", "--install", step]
