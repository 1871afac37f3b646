"""A real ``git daemon`` on a free loopback port, for fetching and for pushing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serve_over_git(repository: Path) -> Iterator[str]:
    """Serve ``repository`` as long as the block runs; yields its ``git://`` URL."""
    port = _free_port()
    options = ["--verbose", "--export-all", "--enable=receive-pack", "--reuseaddr", f"--base-path={repository.parent}"]
    command = ["git", "daemon", *options, "--listen=127.0.0.1", f"--port={port}", str(repository.parent)]
    daemon = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _wait_until_ready(daemon)
        yield f"git://127.0.0.1:{port}/{repository.name}"
    finally:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(daemon: subprocess.Popen[str]) -> None:
    assert daemon.stderr
    for line in daemon.stderr:
        if "Ready to rumble" in line:
            return
    raise AssertionError("git daemon did not start")
