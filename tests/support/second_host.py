"""A host inside this one: processes, mounts, network and boot id of its own, and a disk that loses what is not on it.

Its first process holds everything else: when that is killed the kernel kills all of them at once and unmounts the disk,
as a power cut does. What lies in ``home`` outside the disk outlives it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, TYPE_CHECKING

import pytest

from support.process_state import freeze

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TOOLS = ("unshare", "nsenter", "ip", "mount", "mkfs.ext4")
_NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")
_FIRST_PROCESS = """\
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what is orphaned here leaves no zombie
print("up", flush=True)
while True:
    signal.pause()
"""
_BOOT = """\
mount --bind "$0/boot_id" /proc/sys/kernel/random/boot_id
mount -o loop,commit=300 "$0/disk.img" "$0/disk"
ip link set lo up
exec "$1" -c "$2"
"""
_SHUT_DOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN: the file system takes no further write, as if its disk were gone."""
_WITHOUT_FLUSH = struct.pack("I", 2)


class SecondHost:
    """Boots, dies, and boots again with another boot id and the same disk.

    Args:
        home: a folder whose path is short enough for sockets.
        disk_bytes: size of its disk, an ext4 file system.
    """

    def __init__(self, home: Path, disk_bytes: int) -> None:
        self.home = home
        self.disk = home / "disk"
        """Where the disk is mounted, for processes of this host alone."""
        self.boot_id = ""
        self._holder: subprocess.Popen[str] | None = None
        self._first = self._first_held = 0
        self._entered: list[subprocess.Popen[bytes]] = []
        self._format(disk_bytes)

    # --- its life -------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start it; nothing runs in it yet."""
        self.boot_id = str(uuid.uuid4())
        (self.home / "boot_id").write_text(f"{self.boot_id}\n", encoding="ascii")
        self._holder = subprocess.Popen(
            [*_NAMESPACES, "sh", "-ec", _BOOT, self.home, sys.executable, _FIRST_PROCESS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "up\n", "the second host does not boot"
        (self._first,) = children(self._holder.pid)
        self._first_held = os.pidfd_open(self._first)

    def die(self) -> None:
        """Kill all that runs in it at once; what was written reaches its disk."""
        if self._holder is None or self._holder.stdout is None:
            return
        self._kill_first()
        for entered in self._entered:
            entered.send_signal(signal.SIGCONT)  # it stands still with what it waits for, and must see that die
            entered.wait()
        self._entered = []
        self._holder.wait()
        self._holder.stdout.close()
        self._holder = None

    def cut_power(self) -> None:
        """Take its disk away, with all that was not made durable, and kill all that runs in it.

        Everything stands still first: a process that goes on would speak of what no disk has.
        """
        freeze(self._members)
        disk = os.open(f"{self.root}{self.disk}", os.O_RDONLY)
        try:
            fcntl.ioctl(disk, _SHUT_DOWN, _WITHOUT_FLUSH)
        finally:
            os.close(disk)
        self.die()

    # --- what runs in it ------------------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """Its root folder, as this host gets there."""
        return f"/proc/{self._first}/root"

    @property
    def enter(self) -> tuple[str, ...]:
        """The beginning of a command line that runs in this host."""
        return ("nsenter", "--target", str(self._first), "--mount", "--pid", "--net", "--")

    def spawn(
        self, argv: Sequence[str | Path], log: IO[bytes], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in it; what is returned ends with the program, and as it does.

        A signal must go to the program itself: see ``children``.
        """
        argv = [*self.enter, *argv]
        entered = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self._entered.append(entered)
        return entered

    # --- inside ---------------------------------------------------------------------------------------------------

    def _format(self, disk_bytes: int) -> None:
        self.disk.mkdir()
        image = self.home / "disk.img"
        with image.open("wb") as file:
            file.truncate(disk_bytes)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)  # noqa: S607 (the system's own)

    def _kill_first(self) -> None:
        """Kill the first process by what cannot mean another one; nothing where it never came up."""
        if self._first:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_held, signal.SIGKILL)
            os.close(self._first_held)
            self._first = 0

    def _members(self) -> set[int]:
        place = _processes_of(self._first)
        if place in ("", _processes_of(os.getpid())):  # or every process of this host would be meant
            return set()
        found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return {pid for pid in found if pid != self._first and _processes_of(pid) == place}


def children(pid: int) -> list[int]:
    """List what a process started, as this host counts processes."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


@contextmanager
def second_host(disk_bytes: int = 1 << 30) -> Iterator[SecondHost]:
    """Hand out a host that has booted, and leave nothing of it; the test is skipped where there can be none."""
    _skip_where_impossible()
    home = Path(mkdtemp(prefix="host-", dir="/tmp"))
    try:
        host = SecondHost(home, disk_bytes)
        host.boot()
        try:
            yield host
        finally:
            host.die()
    finally:
        shutil.rmtree(home)


def _skip_where_impossible() -> None:
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"a second host needs {', '.join(missing)}: packaging/prepare-host.sh faults")
    if os.geteuid() != 0:
        pytest.skip("a second host needs root")
    tried = subprocess.run([*_NAMESPACES, "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"a second host needs namespaces of its own: {tried.stderr.decode().strip()}")
    if not Path("/dev/loop-control").exists():
        pytest.skip("a second host needs loop devices")


def _processes_of(pid: int) -> str:
    """Name the space in which a process is counted; nothing for one that is gone."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""
