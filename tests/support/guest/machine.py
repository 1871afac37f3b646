"""A PC in QEMU that boots from a disk image, and whose plug can be pulled."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support.guest.agent import Agent
from support.guest.event_port import NAME, EventPort
from support.guest.monitor import Monitor

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_S = 600.0
"""How long the guest may make no progress at all: it is emulated, and may share two slow cores with others."""
_PORTS = {"qemu": "", "agent": "org.qemu.guest_agent.0", "events": NAME}
"""The connections with the host, and the serial port in the guest where it has one."""
_HARDWARE = (
    *("-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "1280"),
    *("-display", "none", "-nic", "none", "-device", "virtio-serial"),
)
_CLOCK = ("-icount", "shift=1", "-rtc", "clock=vm")
"""Its time is that of its own instructions: on a busy host its clocks go slower, and no limit comes early."""
_KERNEL = "root=/dev/vda rw console=ttyS0 quiet mitigations=off apparmor=0"


@dataclass(frozen=True)
class Image:
    """What a machine boots from; the disk is one ext4 file system without partitions."""

    disk: Path
    kernel: Path
    initrd: Path

    def copied(self, disk: Path) -> Image:
        """Give the same with a disk of its own."""
        subprocess.run(["cp", "--sparse=always", self.disk, disk], check=True)  # noqa: S607 (found on every path)
        return Image(disk, self.kernel, self.initrd)


class Machine:
    """A guest that runs inside the ``with``, and has booted at its beginning."""

    agent: Agent
    events: EventPort

    def __init__(self, image: Image, console: Path) -> None:
        """Take what to boot from, and the file that gets what the guest's console shows."""
        self._image = image
        self._console = console
        self._connections = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._switch_on()
        except BaseException:
            self._process.kill()
            self._connections.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._connections.close()

    def pull_the_plug(self) -> list[dict[str, Any]]:
        """End it between two instructions, which loses all that is not on the disk, and switch it on again.

        Returns: the events that came through until then.
        """
        self._process.kill()
        self._process.wait()
        rest = self.events.rest()
        self._switch_on()
        return rest

    def reboot(self) -> list[dict[str, Any]]:
        """Have it reboot in order; give the events that came through until it was down."""
        # A reboot may reset the machine twice. What is still unread of the last one is read here, before the answer.
        self._qemu.call("query-status")
        self.agent.start("systemctl", "reboot")
        self._wait_for("RESET")
        rest = self.events.rest()
        self.agent.greet()
        return rest

    def suspend(self, minutes: int) -> None:
        """Have it stand still; all that it notices is its clock, which then says how long that was."""
        self._qemu.call("stop")
        self._qemu.call("cont")
        self.agent.must("date", "--set", f"{minutes} minutes")

    def shut_down(self) -> None:
        """Have it stop in order; the disk is whole then."""
        self.agent.start("systemctl", "poweroff")
        self._process.wait(PATIENCE_S)

    def _switch_on(self) -> None:
        ends = {name: socket.socketpair() for name in _PORTS}
        guests = {name: guest.fileno() for name, (_, guest) in ends.items()}
        self._connections.close()
        hosts = {name: self._connections.enter_context(host) for name, (host, _) in ends.items()}
        self._process = subprocess.Popen(
            ["nice", "-n", "3", "qemu-system-x86_64", *self._arguments(guests)],  # noqa: S607 (found on every path)
            stdin=subprocess.DEVNULL,
            pass_fds=list(guests.values()),
        )
        for _, guest in ends.values():
            guest.close()
        for host in hosts.values():
            host.settimeout(PATIENCE_S)
        self._qemu, self.agent = Monitor(hosts["qemu"]), Agent(hosts["agent"])
        self.events = EventPort(hosts["events"])
        self._qemu.call("qmp_capabilities")
        self.agent.greet()

    def _arguments(self, ends: dict[str, int]) -> list[str]:
        boots = ["-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd), "-append", _KERNEL]
        disk = ["-drive", f"file={self._image.disk},if=virtio,format=raw"]
        console = ["-chardev", f"file,id=console,path={self._console},append=on", "-serial", "chardev:console"]
        sockets = [word for name, end in ends.items() for word in ("-chardev", f"socket,id={name},fd={end}")]
        ports = [f"virtserialport,chardev={name},name={port}" for name, port in _PORTS.items() if port]
        devices = [word for port in ports for word in ("-device", port)]
        return [*_HARDWARE, *_CLOCK, *boots, *disk, *console, *sockets, *devices, "-mon", "chardev=qemu,mode=control"]

    def _wait_for(self, event: str) -> None:
        next(message for message in self._qemu.messages() if message.get("event") == event)
