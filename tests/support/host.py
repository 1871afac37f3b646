"""The machine under a daemon, and what befalls it when the daemon dies."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.loop_disk import LoopDisk

_WITH_BOOT_ID = '"$0" --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'


class Host:
    """Stays up when the daemon dies."""

    within: Sequence[str | Path] = ()
    """What stands before the command line of a program, so that it runs on this host."""

    def daemon_died(self, fault: str) -> None:
        """Suffer what belongs to the death of a daemon at a fault point."""


class RestartedHost(Host):
    """Is started anew whenever the daemon dies, as far as a program can tell: its boot id is another one.

    Args:
        folder: where the boot id is kept.
    """

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root shows a program another boot id")
        self._boot_id = folder / "boot_id"
        unshare, mount = (str(shutil.which(tool)) for tool in ("unshare", "mount"))
        self.within = (unshare, "--mount", "/bin/sh", "-c", _WITH_BOOT_ID, mount, self._boot_id)
        self._boot()

    def daemon_died(self, fault: str) -> None:  # noqa: ARG002 (it is the same whatever it died of)
        """Boot."""
        self._boot()

    def _boot(self) -> None:
        self._boot_id.write_text(f"{uuid.uuid4()}\n", encoding="ascii")


class CutOffHost(RestartedHost):
    """Loses its power whenever the daemon dies, and is up again at once: what was not on its disk is gone.

    Args:
        disk: on which the daemon, its record and its checkout are.
        folder: where the boot id is kept, not on that disk.
        look: called with the fault point after each cut, before anybody else sees what it left.
    """

    def __init__(self, disk: LoopDisk, folder: Path, look: Callable[[str], None]) -> None:
        super().__init__(folder)
        self._disk = disk
        self._look = look

    def daemon_died(self, fault: str) -> None:
        """Cut the power, boot, and look around."""
        self._disk.cut()
        self._boot()
        self._look(fault)
