"""The daemon as a real process: started, waited for by sd_notify, stopped, or killed with -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from support.notify_socket import NotifySocket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAMS = Path(sys.executable).parent
"""Where the installed programs ``released`` and ``releasectl`` are."""
PATIENCE_S = 60.0


class Daemon:
    """``released serve``: may be started again after it ended.

    Args:
        config: its configuration.
        log: where it writes to.
        runtime: a folder with a path short enough for sockets, which no other daemon that is started now uses.
        environment: its variables.
        broken: Python that is run first, and breaks it for a negative control.
        within: what stands before its command line, so that it runs somewhere else than its starter.
    """

    def __init__(
        self,
        config: Path,
        log: Path,
        runtime: Path,
        environment: Mapping[str, str],
        broken: str = "",
        within: Sequence[str | Path] = (),
    ) -> None:
        self._config = config
        self._log = log
        self._notify = runtime / "notify"
        self._environment = dict(environment)
        altered = [sys.executable, "-c", f"{broken}\nfrom released.main import main\nmain()"]
        self._program = [*within, *(altered if broken else [PROGRAMS / "released"])]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        assert self._process is not None, "the daemon was never started"
        return self._process

    @property
    def log(self) -> str:
        """All that its processes wrote to stderr."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def start(self, fault: str = "") -> None:
        """Start it and wait until it is ready.

        Args:
            fault: the fault point at which it kills itself, for instance ``after-intent:web.recreate``.

        Raises:
            AssertionError: it ended instead, or is not ready in time; the message holds its log.
        """
        with NotifySocket(self._notify) as notify:
            self._spawn(fault)
            try:
                ready = notify.wait_until_ready(self.process.pid, PATIENCE_S)
            except AssertionError:
                self.kill()
                raise
        assert ready, f"the daemon ended with {self.process.wait()}:\n{self.log}"

    def start_and_die(self, fault: str) -> int:
        """Start it where it kills itself sooner or later, ready or not; return its exit code, negative for a signal.

        Raises:
            subprocess.TimeoutExpired: it lived on, and was killed.
        """
        self._spawn(fault)
        return self.wait_dead()

    def kill(self) -> None:
        """Kill it with -9, as the kernel or an impatient person does."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def kill_group(self) -> None:
        """Kill it with -9, and with it what runs in its own session: git, but nothing under a shim."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Ask it to stop, and return its exit code; a daemon that does not stop is killed and reported.

        Raises:
            subprocess.TimeoutExpired: it did not stop.
        """
        self.process.send_signal(signal.SIGTERM)
        return self.wait_dead()

    def wait_dead(self) -> int:
        """Wait until it has ended by itself, as at a fault point; return its exit code, negative for a signal.

        Raises:
            subprocess.TimeoutExpired: it lived on, and was killed.
        """
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def end(self) -> None:
        """Leave no process behind, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def _spawn(self, fault: str) -> None:
        environment = self._environment | {"NOTIFY_SOCKET": str(self._notify)}
        if fault:
            environment["RELEASED_FAULT"] = fault
        with self._log.open("ab") as log:
            self._process = self._launch([*self._program, "serve", "--config", self._config], environment, log)

    def _launch(
        self, argv: Sequence[str | Path], environment: Mapping[str, str], log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
