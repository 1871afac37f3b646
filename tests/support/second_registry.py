"""A registry on a second host, and a way to it that comes to a standstill in the middle of an image."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support import stalling_relay
from support.file_watch import await_content
from support.second_host import children

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from support.second_host import SecondHost

PORT, STALLING_PORT = 5000, 5001
_CONFIGURATION = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {home}/registry}}}}
http: {{addr: '127.0.0.1:{port}'}}
"""


class SecondRegistry:
    """Listens on the loopback interface of its host, where an engine needs no certificate of it."""

    def __init__(self, host: SecondHost) -> None:
        self._host = host
        self._log = host.home / "registry.log"
        self._file = host.home / "registry.yml"
        self._file.write_text(_CONFIGURATION.format(home=host.home, port=PORT), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("wb") as log:
            self._process = self._host.spawn(["docker-registry", "serve", self._file], log)
        await_content(self._log, b"listening on")

    def stop(self) -> None:
        """End it."""
        end(self._process)

    @contextmanager
    def stalling(self, after_bytes: int) -> Iterator[Path]:
        """Have a way to it that comes to a standstill, and ends with the block; give the file that says so."""
        said = self._host.home / "stalling.log"
        with said.open("wb") as log:
            argv = [sys.executable, "-u", stalling_relay.__file__, str(STALLING_PORT), str(PORT), str(after_bytes)]
            process = self._host.spawn(argv, log)
        await_content(said, b"listening")
        try:
            yield said
        finally:
            end(process)


def end(process: subprocess.Popen[bytes] | None) -> None:
    """Kill a program of a second host."""
    if process is not None and process.poll() is None:
        for inner in children(process.pid):
            os.kill(inner, signal.SIGKILL)
        process.wait()


def skip_without_registry() -> None:
    """Skip the test where there is no registry to be started."""
    if shutil.which("docker-registry") is None:
        pytest.skip("a registry needs docker-registry: packaging/prepare-host.sh faults")
