"""The product in the guest, installed as the README says: a virtual environment, the unit, a configuration."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

CHECKOUT = "/srv/ops/checkout"
STATE = "/var/lib/released"
_PRODUCT = Path(__file__).resolve().parents[3]
_HOME = "/opt/released"
_CONFIGURATION = {
    "store": {"url": f"sqlite:///{STATE}/released.db"},
    "listen": [{"address": "unix:///run/released/released.sock", "mode": "0660", "group": "docker"}],
    "environments": {"prod": {"repo": CHECKOUT}},
}


def install(root: Path) -> None:
    """Put wheel, unit and configuration into the guest's root folder, the unit enabled.

    Raises:
        AssertionError: a wheel is missing, or does not go with the guest's Python; the message says which.
    """
    with TemporaryDirectory(dir=root / "opt") as wheels:
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", wheels, str(_PRODUCT))
        _run("chroot", str(root), "python3", "-m", "venv", _HOME)
        offline = ("--quiet", "--no-index", "--find-links", f"/opt/{Path(wheels).name}")
        _run("chroot", str(root), f"{_HOME}/bin/pip", "install", *offline, "releasectl")
    for program in ("released", "releasectl"):
        (root / "usr/local/bin" / program).symlink_to(f"{_HOME}/bin/{program}")
    (root / "etc/released.yaml").write_text(yaml.safe_dump(_CONFIGURATION), encoding="utf-8")
    shutil.copy(_PRODUCT / "packaging/released.service", root / "etc/systemd/system")
    _run("systemctl", f"--root={root}", "enable", "--quiet", "released.service")


def _run(*command: str) -> None:
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
