"""A disk of a test's own whose power can be cut: a file system in a file, mounted through a loop device.

What a power cut takes is what no ``fsync`` had brought to the disk by then: the file system is shut down with its log
unflushed, which drops all that was only in memory, and mounted again, which replays the log. That is the kernel's own
test of crash safety (``godown`` of xfstests). It shows a disk that keeps its word; one that forgets what it said it
had flushed is another fault.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.durability import sync_filesystem
from support.process_state import eventually, freeze, held

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAKE = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}
_OPTIONS = {"ext4": "loop,noauto_da_alloc", "xfs": "loop"}
"""ext4 by itself flushes a file that replaces another, which no other file system does for anybody."""
_SMALLEST_MIB = {"ext4": 8, "xfs": 300}
_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN: ``_IOR('X', 125, __u32)``."""
_NO_LOG_FLUSH = 2
_CLONE_NEWNS, _MS_REC, _MS_SLAVE = 0x20000, 0x4000, 0x80000
"""See unshare(2) and mount(2)."""
_BLOCK = 4096
ATTEMPTS = 3
"""At losing what nobody flushed: a script of another test may have all disks of the machine flushed just then."""
_PATIENCE_S = 30.0
_MISSING = "run 'packaging/prepare-host.sh faults' as root on a machine that has loop devices"


@dataclass
class LoopDisk:
    """A mounted file system that nobody else uses."""

    root: Path
    """Where it is mounted."""
    _image: Path
    _options: str
    cuts: int = 0
    """How often its power was cut, each seen to have taken effect."""

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path, kind: str = "ext4", size_mib: int = 0) -> Iterator[LoopDisk]:
        """Make a file system and hand it out; at the end every process on it is killed, and it is gone.

        Args:
            folder: where the image and the mount point are made.
            kind: ``ext4`` or ``xfs``.
            size_mib: its size; the smallest possible where it is left out.

        Skips the test where this machine cannot do it.
        """
        _require(kind)
        _see_mounts_alone()
        disk = cls(folder / f"{kind}.mounted", folder / f"{kind}.image", _OPTIONS[kind])
        disk.root.mkdir(parents=True)
        with disk._image.open("wb") as image:
            image.truncate(max(size_mib, _SMALLEST_MIB[kind]) * 2**20)
        _run(*_MAKE[kind], str(disk._image))
        disk._mount()
        try:
            yield disk
        finally:
            disk._kill(freeze(disk._users))
            disk._unmount()
            disk._image.unlink()

    def sync(self) -> None:
        """Bring all that is on it to the disk: what is made before a test begins is not what it is about."""
        sync_filesystem(self.root)

    def cut(self) -> None:
        """Cut the power: every process on the disk is dead, and what had not reached it is lost; mounted again."""
        # Frozen first: a process that runs on for a moment would still acknowledge what is lost.
        users = freeze(self._users)
        self._shut_down()
        self._kill(users)
        self._unmount()
        self._mount()
        self.cuts += 1

    def fill(self) -> Path:
        """Fill it to the last block; give the file that takes all the space."""
        ballast = self.root / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for _ in range(2):  # what was put aside for the writing itself is free again after a flush
                with suppress(OSError):
                    while True:
                        file.write(bytes(_BLOCK))
                os.fsync(file.fileno())
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            (self.root / "is-there-space").write_bytes(bytes(_BLOCK))
        return ballast

    def turn_read_only(self) -> None:
        """Have the kernel find an error, after which it lets nobody write; ext4 alone."""
        _run("mount", "-o", "remount,errors=remount-ro", str(self.root))
        device = Path(_run("losetup", "--associated", str(self._image)).partition(":")[0]).name
        Path("/sys/fs/ext4", device, "trigger_fs_error").write_text("1", encoding="ascii")
        with pytest.raises(OSError, match=os.strerror(errno.EROFS)):
            (self.root / "can-it-be-written").touch()

    def mend(self) -> None:
        """Mount it anew, as after a reboot; nobody may use it."""
        self._unmount()
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", self._options, str(self._image), str(self.root))

    def _unmount(self) -> None:
        eventually(lambda: _tried("umount", str(self.root)), f"{self.root} stays busy")
        # A mount namespace that has just died may hold the file system for a moment, and it would be mounted as it is.
        eventually(self._is_detached, f"the loop device of {self._image} stays")

    def _is_detached(self) -> bool:
        return not _run("losetup", "--associated", str(self._image))

    def _shut_down(self) -> None:
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            (self.root / "is-there-power").touch()

    # --- the processes on it -----------------------------------------------------------------------------------------

    def _users(self) -> list[int]:
        if not self.root.is_mount():  # or everything that lives on the machine's own disk would be meant
            return []
        device = self.root.stat().st_dev
        others = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in others if pid != os.getpid() and _uses(pid, device)]

    def _kill(self, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError), held(pid) as descriptor:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                select.select([descriptor], [], [], _PATIENCE_S)


def _require(kind: str) -> None:
    tool = _MAKE[kind][0]
    if os.geteuid() != 0:
        pytest.skip(f"only root mounts a disk of its own: {_MISSING}")
    if shutil.which(tool) is None or not Path("/dev/loop-control").exists():
        pytest.skip(f"a disk of its own needs {tool} and loop devices: {_MISSING}")


@cache
def _see_mounts_alone() -> None:
    """Mount where only this process and its children see it, for as long as it lives.

    A program beside it that makes a mount namespace of its own, as every start of a container does, would take a copy
    of each mount with it, and no power cut would end a file system that is mounted elsewhere, too.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for failed in (libc.unshare(_CLONE_NEWNS), libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)):
        if failed:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _uses(pid: int, device: int) -> bool:
    """Tell whether a process works in, runs from, or has open something on a device."""
    place = Path("/proc", str(pid))
    with suppress(OSError):  # it may be gone by now
        for link in (place / "cwd", place / "root", place / "exe", *(place / "fd").iterdir()):
            with suppress(OSError):
                if link.stat().st_dev == device:
                    return True
    return False


def _run(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, f"{' '.join(command)}: {finished.stderr}"
    return finished.stdout


def _tried(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
