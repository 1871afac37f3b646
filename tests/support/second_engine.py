"""A Docker engine of its own in a host of its own, to be killed, stopped, and cut off from power: nobody else uses it.

It has no network but the loopback interface of its host, and everything that it keeps lies on that host's disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker import APIClient

from support.busybox_root import ENTRYPOINT, busybox_root
from support.notify_socket import NotifySocket
from support.second_host import SecondHost, children, second_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATIENCE_S = 60.0
_PROGRAMS = ("containerd", "dockerd", "runc")
_CONTAINERD = """\
version = 2
root = "{data}/containerd"
state = "{home}/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{home}/c.sock"
"""


class SecondEngine:
    """dockerd and its containerd; the latter outlives the death of the former."""

    def __init__(self, host: SecondHost, *, live_restore: bool = False) -> None:
        self.host = host
        self.socket = host.home / "d.sock"
        self.url = f"unix://{self.socket}"
        self.live_restore = live_restore
        self._group = f"/released-{host.home.name}"
        self._dockerd: subprocess.Popen[bytes] | None = None
        (host.home / "containerd.toml").write_text(_CONTAINERD.format(data=host.disk, home=host.home), encoding="utf-8")

    @property
    def docker_root(self) -> str:
        """Where it keeps its data, as this host gets there."""
        return f"{self.host.root}{self.host.disk}"

    @property
    def log(self) -> str:
        """All that its programs wrote."""
        return (self.host.home / "engine.log").read_text(encoding="utf-8", errors="replace")

    # --- its life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it where it does not run, and wait until it answers; its host must have booted."""
        if not (self.host.home / "c.sock").exists():
            self._start("containerd", "--config", self.host.home / "containerd.toml")
        # One that was killed leaves its pid file, and the pid may be somebody's again.
        (self.host.home / "d.pid").unlink(missing_ok=True)
        options = ["--live-restore"] if self.live_restore else []
        self._dockerd = self._start("dockerd", *self._places(), *_NO_NETWORK, *options)

    def kill(self) -> None:
        """Kill dockerd with -9; containers go on until it is started again."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop dockerd in order; it stops its containers, unless they are to live on."""
        self._end(signal.SIGTERM)

    def cut_power(self) -> None:
        """Cut off the power of its host, and boot that anew; the engine is not started."""
        self.host.cut_power()
        self._forget()
        self.host.boot()

    def reboot(self) -> None:
        """Kill all that runs on its host, and boot that anew; what was written is there. It is not started."""
        self.host.die()
        self._forget()
        self.host.boot()

    def remove(self) -> None:
        """Take away what outlives its host: the control groups of its containers."""
        self.host.die()
        for group in Path("/sys/fs/cgroup").glob(f"**{self._group}"):
            for folder, _, _ in os.walk(group, topdown=False):
                Path(folder).rmdir()

    # --- what it is asked -----------------------------------------------------------------------------------------

    def api(self) -> APIClient:
        """Connect; the caller closes."""
        return APIClient(base_url=self.url)

    def docker(self, *arguments: str) -> str:
        """Run the Docker client as a person does; return what it printed.

        Raises:
            AssertionError: it failed; the message holds its complaint.
        """
        finished = subprocess.run(
            ["docker", "--host", self.url, *arguments],  # noqa: S607 (the client that is found on the path)
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, f"docker {arguments[0]}: {finished.stderr}"
        return finished.stdout

    def import_image(self, reference: str, script: str, content: str = "") -> str:
        """Make an image whose PID 1 is a shell that runs ``script``; return its id.

        Args:
            reference: its name and tag.
            script: what it runs.
            content: makes images with the same script different ones.
        """
        archive = self.host.home / "image.tar"
        archive.write_bytes(busybox_root(script, content))
        return self.docker("import", "--change", ENTRYPOINT, str(archive), reference).strip()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _places(self) -> Sequence[str]:
        home, disk = self.host.home, self.host.disk
        return (
            *(f"--containerd={home}/c.sock", f"--data-root={disk}/docker", f"--exec-root={home}/exec"),
            *(f"--pidfile={home}/d.pid", f"--host={self.url}", f"--cgroup-parent={self._group}"),
        )

    def _start(self, *argv: str | Path) -> subprocess.Popen[bytes]:
        path = self.host.home / "notify"
        with NotifySocket(path) as notify, (self.host.home / "engine.log").open("ab") as log:
            process = self.host.spawn(argv, log, os.environ | {"NOTIFY_SOCKET": str(path)})
            ready = notify.wait_until_ready(process.pid, _PATIENCE_S)
        assert ready, f"{argv[0]} ended with {process.wait()}:\n{self.log}"
        return process

    def _end(self, number: signal.Signals) -> None:
        assert self._dockerd is not None, "the engine was never started"
        (dockerd,) = children(self._dockerd.pid)
        os.kill(dockerd, number)
        self._dockerd.wait(_PATIENCE_S)

    def _forget(self) -> None:
        """Remove what lies in memory on a real host."""
        for name in ("c.sock", "c.sock.ttrpc", "d.sock", "d.pid"):
            (self.host.home / name).unlink(missing_ok=True)
        for name in ("exec", "containerd"):
            shutil.rmtree(self.host.home / name, ignore_errors=True)


_NO_NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--max-download-attempts=1")


@contextmanager
def second_engine(*, live_restore: bool = False) -> Iterator[SecondEngine]:
    """Hand out an engine that runs, and leave nothing of it; the test is skipped where there can be none.

    Args:
        live_restore: whether containers live on while dockerd does not run.
    """
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"a second engine needs {', '.join(missing)}: packaging/prepare-host.sh engine")
    with second_host() as host:
        engine = SecondEngine(host, live_restore=live_restore)
        try:
            engine.start()
            yield engine
        finally:
            engine.remove()
