"""The unit that is shipped is one that systemd accepts, and that lets scripts outlive the daemon."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from support.daemon_process import PROGRAMS

ANALYZE = shutil.which("systemd-analyze")
UNIT = Path(__file__).resolve().parents[2] / "packaging" / "released.service"


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed here")
def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text("utf-8").replace("/opt/released/bin/", f"{PROGRAMS}/"), encoding="utf-8")

    assert ANALYZE
    verified = subprocess.run([ANALYZE, "verify", installed], capture_output=True, text=True, check=False)

    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("Restart", "always"),
        ("KillMode", "process"),
        ("Delegate", "yes"),
        ("OOMPolicy", "continue"),
        ("RestartPreventExitStatus", "2"),
        ("TimeoutStartSec", "15min"),
    ],
)
def test_the_unit_keeps_what_recovery_relies_on(key: str, value: str) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # systemd's keys are case-sensitive
    unit.read(UNIT, encoding="utf-8")

    assert unit["Service"][key] == value
