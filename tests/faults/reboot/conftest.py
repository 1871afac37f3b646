"""A guest is built once, and each test boots a copy of its disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.guest.image import Guest, build

if TYPE_CHECKING:
    from support.stack_images import FirstImages

CACHE = Path(__file__).resolve().parents[3] / "build" / "guest"
_TOOLS = ("qemu-system-x86_64", "mmdebstrap", "mke2fs", "debugfs", "systemctl")
_TICKETS = 16


@pytest.fixture(scope="session", name="guest")
def _guest(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Guest:
    if os.geteuid() != 0:
        pytest.skip("only root can make the disk of a guest")
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"missing: {', '.join(missing)}; packaging/prepare-host.sh reboot installs them")
    return build(tmp_path_factory.mktemp("guest"), CACHE, first_images, _TICKETS)
