"""What is installed elsewhere is all that runs here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_every_file_of_the_scaffold(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")

    shipped = {name for name in ZipFile(wheel).namelist() if name.startswith("releasectl/scaffold/")}

    scaffold = ROOT / "cli" / "releasectl" / "scaffold"
    assert shipped == {str(path.relative_to(ROOT / "cli")) for path in scaffold.rglob("*") if path.is_file()}
