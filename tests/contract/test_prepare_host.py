"""A machine that cannot be set up is told about in one sentence that says what to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "prepare-host.sh"


@pytest.fixture(name="bare_path")
def _bare_path(tmp_path: Path) -> Path:
    """Make a folder for PATH with a shell's helpers and nothing that the project needs."""
    for tool in ("sh", "id", "ldd"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    return tmp_path


def test_missing_packages_without_a_package_manager_are_named_in_one_sentence(bare_path: Path) -> None:
    finished = _prepare(bare_path, "tools")

    assert finished.returncode == 1
    assert finished.stderr == (
        "[ERROR] Missing: git make python3 python3-venv. Those are their names in Debian; install them with this "
        "system's package manager, and try again.\n"
    )


def test_what_tests_of_faults_need_is_a_part_of_its_own(bare_path: Path) -> None:
    finished = _prepare(bare_path, "faults")

    assert finished.returncode == 1
    assert finished.stderr.startswith("[ERROR] Missing: strace e2fsprogs xfsprogs docker-registry. ")


def test_what_a_virtual_machine_needs_is_a_part_of_its_own(bare_path: Path) -> None:
    finished = _prepare(bare_path, "reboot")

    assert finished.returncode == 1
    assert finished.stderr.startswith("[ERROR] Missing: qemu-system-x86 mmdebstrap e2fsprogs systemd. ")


def test_an_old_python_is_refused_with_the_way_to_name_another(bare_path: Path) -> None:
    for tool in ("git", "make"):
        _program(bare_path / tool, "exit 0")
    old = _program(bare_path / "python3", 'case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2;; esac')

    finished = _prepare(bare_path, "tools")

    assert finished.returncode == 1
    assert finished.stderr == (
        f"[ERROR] Python 3.11 or newer is needed, and {old.name} is Python 3.9.2: name a newer one, "
        "as in 'make demo PYTHON=python3.12'.\n"
    )


def test_an_engine_that_refuses_the_user_is_not_started_a_second_time(bare_path: Path) -> None:
    refusing = 'case "$*" in version) echo "Got permission denied while connecting" >&2; exit 1;; esac'
    for tool, does in {"docker": refusing, "docker-compose": "exit 0", "busybox": "exit 0", "bwrap": "exit 0"}.items():
        _program(bare_path / tool, does)
    (bare_path / "grep").symlink_to(shutil.which("grep") or "grep")

    finished = _prepare(bare_path, "engine")

    assert finished.returncode == 1
    assert "The Docker engine does not admit" in finished.stderr


def test_an_unknown_part_is_refused(bare_path: Path) -> None:
    finished = _prepare(bare_path, "moon")

    assert "'moon' is no part of the set-up: expected tools, engine, faults or reboot." in finished.stderr


def _program(path: Path, does: str) -> Path:
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def _prepare(path: Path, part: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, part], env={"PATH": str(path)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
