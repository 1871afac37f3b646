"""An ops repo of ``releasectl init`` in service: remote, configuration and daemon as it says that they are made."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Self

import yaml

from support import leftover_processes
from support.daemon_process import PATIENCE_S, PROGRAMS, Daemon
from support.ops_repo import as_a_developer
from support.stack_images import docker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_SHELL_BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)


class ScaffoldedSite:
    """A new ops repo, its bare remote, and its daemon, which runs inside the context."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._runtime = Path(mkdtemp(prefix="released-", dir="/tmp"))
        self._name = f"rs{secrets.token_hex(4)}"
        self._remote = str(home / "remote.git")
        self.root = home / self._name
        """What was made."""
        self.daemon = Daemon(home / "released.yaml", home / "daemon.log", self._runtime, os.environ)

    def __enter__(self) -> Self:
        self._follow(json.loads(self.client("-o", "json", "init", str(self.root)).stdout)["next"])
        self._configure()
        self.daemon.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.daemon.end()
        leftover_processes.kill_below(self._home)
        self._remove_from_engine()
        shutil.rmtree(self._runtime, ignore_errors=True)

    @property
    def dotenv(self) -> str:
        """The variables of the host."""
        return (self.root / ".env").read_text(encoding="utf-8")

    def change_as_the_readme_says(self) -> None:
        """Clone, change, commit and push with the commands that the new README shows."""
        commands = _SHELL_BLOCK.findall((self.root / "README.md").read_text(encoding="utf-8"))[0]
        self.run(["bash", "-euc", commands.replace("URL", self._remote)], self._home)

    def change(self, path: str, text: str) -> None:
        """Commit a file in the clone that the README had made, and push it."""
        clone = self._home / "work"
        (clone / path).write_text(text, encoding="utf-8")
        self.run(["git", "commit", "--quiet", "--all", "--message", "A change"], clone)
        self.run(["git", "push", "--quiet"], clone)

    def client(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``releasectl`` to its end."""
        return self.run(["releasectl", *arguments], self._home, check=False)

    def run(self, command: Sequence[str], folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program of the host or of this project to its end."""
        own = {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "RELEASECTL_ADDRESS": f"unix://{self._runtime}/released.sock",
            "NO_COLOR": "1",
        }
        return subprocess.run(
            command,
            cwd=folder,
            env=as_a_developer() | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=check,
        )

    def _follow(self, commands: Sequence[dict[str, Sequence[str]]]) -> None:
        """Type what init says comes next, as far as it is git's."""
        self.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", self._remote], self._home)
        for argv in (command["argv"] for command in commands if command["argv"][0] == "git"):
            self.run([self._remote if word == "URL" else word for word in argv], self._home)

    def _configure(self) -> None:
        """Take the configuration that was made; only what the daemon keeps lies elsewhere than on a host of its own."""
        made = yaml.safe_load((self.root / "released.yaml.example").read_text(encoding="utf-8"))
        made["store"]["url"] = f"sqlite:///{self._home}/state/released.db"
        made["listen"][0]["address"] = f"unix://{self._runtime}/released.sock"
        (self._home / "released.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")

    def _remove_from_engine(self) -> None:
        prefix, project = f"{self._name}-", f"label=com.docker.compose.project={self._name}"
        if containers := docker("ps", "--all", "--quiet", "--filter", f"name=^/{prefix}").split():
            docker("rm", "--force", "--volumes", *containers)
        if networks := docker("network", "ls", "--quiet", "--filter", project).split():
            docker("network", "rm", *networks)
        names = [f"{prefix}hello", f"released-kept:*{prefix}hello"]
        if images := {
            one for name in names for one in docker("images", "--quiet", "--filter", f"reference={name}").split()
        }:
            docker("rmi", "--force", *images)
