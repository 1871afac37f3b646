"""What is installed elsewhere is all that runs here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", name="wheel")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    return ZipFile(wheel).namelist()


def test_the_wheel_holds_every_file_of_the_scaffold(wheel: list[str]) -> None:
    shipped = {name for name in wheel if name.startswith("releasectl/scaffold/")}

    scaffold = ROOT / "cli" / "releasectl" / "scaffold"
    assert shipped == {str(path.relative_to(ROOT / "cli")) for path in scaffold.rglob("*") if path.is_file()}


def test_the_wheel_holds_every_playbook(wheel: list[str]) -> None:
    shipped = {Path(name).name for name in wheel if name.startswith("released/_shipped/recovery/playbooks/release-")}

    assert shipped == {path.name for path in (ROOT / "recovery" / "playbooks").glob("release-*.yaml")}
