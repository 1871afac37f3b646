"""An environment without services or containers: a git remote, a checkout, a daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Self

import yaml

from support import leftover_processes
from support.daemon_process import PROGRAMS, Daemon
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from types import TracebackType


class BareEnvironment:
    """For what needs a real daemon and real git, and no Docker; gone when the context ends."""

    def __init__(self, home: Path, broken: str = "", **settings: object) -> None:
        """Make the repositories and the configuration, in which ``settings`` are added to the environment's.

        ``broken`` breaks the daemon for a negative control; see ``Daemon``.
        """
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.runtime = Path(mkdtemp(prefix="released-", dir="/tmp"))
        self.ops = OpsRepo.create(home / "repos", {".gitignore": ".asd/\n.env\n", "README.md": "an ops repo\n"})
        self.dotenv = f"CONTAINER_PREFIX={self.runtime.name}-\n"
        (self.ops.checkout / ".env").write_text(self.dotenv, encoding="ascii")
        self.address = f"unix://{self.runtime}/released.sock"
        self.database = home / "state" / "released.db"
        self.config = home / "released.yaml"
        self.config.write_text(yaml.safe_dump(self._configuration(settings)), encoding="utf-8")
        self.log = home / "daemon.log"
        self.daemon = Daemon(self.config, self.log, self.runtime, dict(os.environ), broken)

    def __enter__(self) -> Self:
        try:
            self.daemon.start()
        except BaseException:
            self.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.daemon.end()
        finally:
            self.cleanup()

    def client(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``releasectl`` to its end."""
        return subprocess.run(
            [PROGRAMS / "releasectl", *arguments],
            env=os.environ | {"RELEASECTL_ADDRESS": self.address, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def cleanup(self) -> None:
        """Remove what is outside of the home, and end all that runs."""
        leftover_processes.kill_below(self.home)
        shutil.rmtree(self.runtime, ignore_errors=True)

    def _configuration(self, settings: dict[str, object]) -> dict[str, object]:
        return {
            "store": {"url": f"sqlite:///{self.database}"},
            "listen": [self.address],
            "environments": {"prod": {"repo": str(self.ops.checkout), **settings}},
        }
