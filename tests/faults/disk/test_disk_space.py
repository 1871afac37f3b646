"""A release whose backups would not fit does not begin."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence
    from support.stack_images import FirstImages

pytestmark = pytest.mark.tier1


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[None]:
    """Have a folder lie on a disk of its own for a while."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk of its own")
    folder.mkdir(mode=0o700, parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "none", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_a_release_without_room_for_its_backups_does_not_begin(
    tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Row 20: the disk of backups has less space than they may take; the run is refused with figures."""
    stack = Stack.create(tmp_path / "stack", first_images, running=("web",))
    try:
        with small_disk(stack.state_dir, 12):
            daemon = stack.daemon()
            daemon.start()
            stack.merge("1234", stack.new_version("web", "2"))
            refused = stack.client("run", "1234")
            evidence.fired(refused.returncode == 3)
            _run("mount", "-o", "remount,size=256m", str(stack.state_dir))
            released = stack.client("run", "1234")
            daemon.end()

        assert refused.returncode == 3, refused.stderr
        assert "The backups of this release may take 16 MiB" in refused.stderr
        assert "Its volumes: web" in refused.stderr
        assert released.returncode == 0, released.stderr
    finally:
        stack.cleanup()
