"""A whole environment for end-to-end tests and the demo: git remote, checkout, running services, daemon, client."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import yaml

from support import canary, leftover_processes, stack_files
from support.daemon_process import PATIENCE_S, PROGRAMS, Daemon
from support.ops_repo import OpsRepo
from support.stack_containers import StackContainers
from support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.stack_images import FirstImages

ENVIRONMENT = "prod"
_RECORDED_TOOLS = ("docker", "docker-compose", "git")
_RECORDER = '#!/bin/sh\nprintf "%s\\n" "$0 $*" >>"{log}"\nexec "{tool}" "$@"\n'
# Below the range that the kernel takes ports of outgoing connections from, which would be in use at times.
_PORTS = range(20000, 32000)


@dataclass(frozen=True)
class Stack:
    """One environment ``prod`` with the services of ``stack_files`` up and running at version 1."""

    home: Path
    """Everything of the stack is below it, except for sockets."""
    runtime: Path
    """A folder with a path short enough for sockets."""
    names: stack_files.Names
    secret: str
    """Value of a secret variable of ``.env``: it may appear nowhere else."""
    ops: OpsRepo
    containers: StackContainers
    settings: Mapping[str, object] = field(default_factory=dict)
    """What the daemon's configuration says of the environment, over the test stack's own."""
    outputs: list[str] = field(default_factory=list)
    """What every client printed."""

    @classmethod
    def create(
        cls,
        home: Path,
        images: FirstImages,
        prefix: str = "",
        running: Sequence[str] = stack_files.SERVICES,
        settings: Mapping[str, object] | None = None,
    ) -> Stack:
        """Make the repositories, start version 1 of the services, write the daemon's configuration.

        Args:
            home: a folder of its own, which may be missing.
            images: the images of version 1.
            prefix: CONTAINER_PREFIX; unique where it is left out.
            running: the services that are started; the others are only in the ops repo, which is quicker.
            settings: of the environment, in the daemon's configuration.
        """
        names = stack_files.Names(prefix or f"rs{secrets.token_hex(4)}-", _free_port(), images.base)
        ops = OpsRepo.create(home / "repos", stack_files.ops_repo(names))
        stack = cls(
            home=home,
            runtime=Path(mkdtemp(prefix="released-", dir="/tmp")),
            names=names,
            secret=f"canary-{secrets.token_hex(12)}",
            ops=ops,
            containers=StackContainers(names),
            settings=settings or {},
        )
        stack._furnish()
        try:
            stack.containers.start_first_version(stack.ops.checkout, images, running)
        except BaseException:
            stack.cleanup()
            raise
        return stack

    # --- places ---------------------------------------------------------------------------------------------------

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.home / "released.yaml"

    @property
    def state_dir(self) -> Path:
        """Where the daemon keeps store, backups and step output."""
        return self.home / "state"

    @property
    def workspace(self) -> Path:
        """Where the derived files are."""
        return self.ops.checkout / ".asd" / "workspace"

    @property
    def logs(self) -> Path:
        """What the daemon wrote to stderr, and the command lines of the tools that it ran."""
        return self.home / "logs"

    @property
    def address(self) -> str:
        """Where the daemon listens."""
        return f"unix://{self.runtime}/released.sock"

    def derived(self, ticket: str, kind: str) -> str:
        """Read the file ``<ticket>.<kind>`` of the workspace; ``kind`` is ``env`` or ``log``."""
        return (self.workspace / "releases" / f"{ticket}.{kind}").read_text(encoding="utf-8")

    # --- changes --------------------------------------------------------------------------------------------------

    def new_version(self, service: str, tag: str) -> dict[str, str]:
        """Give the files of a service at another version, to be committed or merged."""
        return stack_files.service_files(self.names, service, tag)

    def merge(self, ticket: str, files: Mapping[str, str | None]) -> str:
        """Merge a pull request for the ticket; return the merge commit."""
        return self.ops.merge_pull_request(f"ticket-{ticket}", files, f"Ticket {ticket}")

    # --- processes ------------------------------------------------------------------------------------------------

    def daemon(self, broken: str = "", within: Sequence[str | Path] = ()) -> Daemon:
        """Give a daemon of this environment, see ``Daemon``; it is not running yet."""
        return Daemon(self.config, self.logs / "daemon.log", self.runtime, self._environment(), broken, within)

    def client(self, *arguments: str, tty: bool = False) -> subprocess.CompletedProcess[str]:
        """Run ``releasectl`` to its end.

        Args:
            arguments: its arguments.
            tty: give it a terminal; then all that it printed is in ``stdout``.
        """
        finished = at_terminal(arguments, self.client_environment()) if tty else self._client(arguments)
        self.outputs.append(f"{finished.stdout}{finished.stderr}")
        return finished

    def start_client(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``releasectl`` with its stdout on a pipe, to be read while it runs; the caller ends it."""
        return subprocess.Popen(
            [PROGRAMS / "releasectl", *arguments],
            env=self.client_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def client_environment(self) -> dict[str, str]:
        """Give the environment variables of a client of this daemon."""
        return self._environment() | {"RELEASECTL_ADDRESS": self.address, "NO_COLOR": "1"}

    # --- the end --------------------------------------------------------------------------------------------------

    def leaks(self) -> list[str]:
        """List where the secret appears though it must not: files, logs, command lines, what clients printed."""
        found = canary.files_with(self.secret, [self.state_dir, self.workspace, self.logs])
        # A backup of the configuration holds .env on purpose, or there would be nothing to restore.
        files = [path for path in found if not path.endswith("/config.tar.zst")]
        printed = [text for text in self.outputs if self.secret in text]
        return files + [f"a client printed: {text}" for text in printed]

    def cleanup(self) -> None:
        """Remove all that was made, and end all that runs."""
        leftover_processes.kill_below(self.home)
        self.containers.remove()
        shutil.rmtree(self.runtime, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _furnish(self) -> None:
        self.logs.mkdir()
        (self.ops.checkout / ".env").write_text(stack_files.dotenv(self.names, self.secret), encoding="utf-8")
        self.config.write_text(yaml.safe_dump(self._configuration()), encoding="utf-8")
        self._record_tools()

    def _configuration(self) -> dict[str, object]:
        return {
            "store": {"url": f"sqlite:///{self.state_dir}/released.db"},
            "state_dir": str(self.state_dir),
            "listen": [self.address],
            "environments": {ENVIRONMENT: {"repo": str(self.ops.checkout), "branch": "main", **self.settings}},
        }

    def _record_tools(self) -> None:
        """Put in front of each tool a program that writes its command line down and becomes the tool."""
        folder = self.home / "bin"
        folder.mkdir()
        for name in _RECORDED_TOOLS:
            tool = shutil.which(name)
            if tool is not None:
                recorder = folder / name
                recorder.write_text(_RECORDER.format(log=self.logs / "command-lines", tool=tool), encoding="utf-8")
                recorder.chmod(0o755)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RELEASE", "GIT_"))}
        own = {"HOME": self.home, "TMPDIR": self.runtime, "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}"}
        return inherited | {name: str(value) for name, value in own.items()}

    def _client(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAMS / "releasectl", *arguments],
            env=self.client_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


def _free_port() -> int:
    while True:
        port = random.choice(_PORTS)  # noqa: S311 (any port will do)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
