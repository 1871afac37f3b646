"""Many environments without containers behind one daemon, on a host that lacks Compose."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import yaml

from support import leftover_processes
from support.daemon_process import PATIENCE_S, PROGRAMS, Daemon
from support.ops_repo import OpsRepo
from support.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOOLS = (
    *("git", "env", "sh", "bash", "cat", "touch", "bwrap"),
    *("df", "getent", "grep", "ls", "timeout"),  # what playbooks use
)


@dataclass(frozen=True)
class BareSites:
    """One daemon and its environments; tickets of scripts only are released without any engine."""

    home: Path
    runtime: Path
    settings: Mapping[str, Mapping[str, Any]]
    """Environment to what its configuration says besides the checkout."""
    record: Path | None = None
    """The folder of the database; beside all else where it is left out."""

    @classmethod
    def create(cls, home: Path, settings: Mapping[str, Mapping[str, Any]], record: Path | None = None) -> BareSites:
        """Write the daemon's configuration; nothing is running yet, and no environment has its checkout."""
        sites = cls(home, Path(mkdtemp(prefix="released-", dir="/tmp")), settings, record)
        sites._furnish_path()
        sites.config.write_text(yaml.safe_dump(sites._configuration()), encoding="utf-8")
        return sites

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.home / "released.yaml"

    @property
    def database(self) -> Path:
        """The daemon's store."""
        return (self.record or self._state) / "released.db"

    @property
    def address(self) -> str:
        """Where the daemon listens."""
        return f"unix://{self.runtime}/released.sock"

    def daemon(self, broken: str = "", within: Sequence[str | Path] = (), **variables: str) -> Daemon:
        """Give the daemon; its host has git and a shell, and neither Docker's client nor Compose."""
        environment = {**_inherited(), "HOME": str(self.home), "PATH": str(self.home / "bin"), **variables}
        return Daemon(self.config, self.home / "daemon.log", self.runtime, environment, broken, within)

    def site(self, name: str, files: Mapping[str, str | None] | None = None) -> Site:
        """Give one environment, its repositories made anew with these files; may be called once for each."""
        ops = OpsRepo.create(self._repos(name), files)
        # All share one engine, with each other and with what other tests run.
        prefix = f"CONTAINER_PREFIX={self.runtime.name}-{name}-\n"
        (ops.checkout / ".env").write_text(prefix, encoding="ascii")
        return Site(name, ops, self.database, partial(self.client, "--env", name), dict)

    def client(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``releasectl`` to its end."""
        return subprocess.run(
            [PROGRAMS / "releasectl", *arguments],
            env=self.client_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def start_client(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``releasectl`` with all that it prints on pipes; the caller ends it."""
        return subprocess.Popen(
            [PROGRAMS / "releasectl", *arguments],
            env=self.client_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def client_environment(self) -> dict[str, str]:
        """Give the environment variables of a client of this daemon."""
        return _inherited() | {"RELEASECTL_ADDRESS": self.address, "NO_COLOR": "1", "HOME": str(self.home)}

    def cleanup(self) -> None:
        """Remove all that was made, and end all that runs."""
        leftover_processes.kill_below(self.home)
        shutil.rmtree(self.runtime, ignore_errors=True)

    @property
    def _state(self) -> Path:
        return self.home / "state"

    def _repos(self, name: str) -> Path:
        return self.home / "repos" / name

    def _furnish_path(self) -> None:
        folder = self.home / "bin"
        folder.mkdir(parents=True)
        for name in _TOOLS:
            (folder / name).symlink_to(str(shutil.which(name)))

    def _configuration(self) -> dict[str, object]:
        environments = {
            name: {"repo": str(self._repos(name) / "checkout"), **more} for name, more in self.settings.items()
        }
        return {
            "store": {"url": f"sqlite:///{self.database}"},
            "state_dir": str(self._state),
            "listen": [self.address],
            "environments": environments,
        }


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("RELEASE", "GIT_"))}
