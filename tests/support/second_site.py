"""An environment on a second host: one service on an engine of its own, and a daemon that lives and dies there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import yaml

from support import stack_files
from support.daemon_process import PATIENCE_S, PROGRAMS, Daemon
from support.invariants import Remains
from support.ops_repo import OpsRepo
from support.second_host import children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from support.second_engine import SecondEngine
    from support.second_host import SecondHost

SERVICE = "front"
_BASE = "base:1"


class InnerDaemon(Daemon):
    """A daemon that is a process of a second host."""

    def __init__(self, host: SecondHost, config: Path, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(config, log, host.home, environment)
        self._host = host

    def kill(self) -> None:
        """Kill it with -9."""
        self._signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self._signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def _signal(self, number: signal.Signals) -> None:
        (inner,) = children(self.process.pid)
        os.kill(inner, number)

    def _launch(
        self, argv: Sequence[str | Path], environment: Mapping[str, str], log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return self._host.spawn(argv, log, environment)


@dataclass(frozen=True)
class Seen:
    """A container as the engine shows it."""

    name: str
    tag: str
    state: str
    health: str


@dataclass(frozen=True)
class SecondSite:
    """``front`` runs at version 1."""

    engine: SecondEngine
    home: Path
    ops: OpsRepo
    names: stack_files.Names
    docker: str
    """Where the daemon finds the engine."""

    @classmethod
    def create(cls, engine: SecondEngine, home: Path, docker: str = "") -> SecondSite:
        """Make the repositories, and start version 1.

        Args:
            engine: it runs.
            home: a folder of its own.
            docker: where the daemon finds the engine, if not at its own socket.
        """
        names = stack_files.Names("prod-", 1, _BASE, probed_every="500ms")
        engine.import_image(_BASE, "exit 1\n")
        ops = OpsRepo.create(home / "repos", _files(names, "1"))
        site = cls(engine, home, ops, names, docker or engine.url)
        (ops.checkout / ".env").write_text("CONTAINER_PREFIX=prod-\nFRONT_IMAGE_TAG=1\nWEB_ADMIN_PASSWORD=x\n")
        site.config.write_text(yaml.safe_dump(site._configuration()), encoding="utf-8")
        site.compose("up", "-d", "--build")
        return site

    def merge(self, ticket: str, tag: str, files: Mapping[str, str | None] | None = None) -> None:
        """Merge a pull request for the ticket that brings ``front`` to a version."""
        self.ops.merge_pull_request(
            f"ticket-{ticket}", {**_files(self.names, tag), **(files or {})}, f"Ticket {ticket}"
        )

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.home / "released.yaml"

    @property
    def database(self) -> Path:
        """The daemon's store."""
        return self.home / "state" / "released.db"

    def daemon(self, **variables: str) -> InnerDaemon:
        """Give the daemon; it is not running yet."""
        environment = {**_inherited(), "HOME": str(self.home), **variables}
        return InnerDaemon(self.engine.host, self.config, self.home / "daemon.log", environment)

    def client(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``releasectl`` on the second host to its end."""
        return subprocess.run(
            [*self.engine.host.enter, str(PROGRAMS / "releasectl"), *arguments],
            env=_inherited() | {"RELEASECTL_ADDRESS": self._address, "NO_COLOR": "1", "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def events(self, ticket: str) -> list[dict[str, Any]]:
        """Read the record of a ticket."""
        return [json.loads(line) for line in self.client("-o", "jsonl", "events", ticket).stdout.splitlines()]

    def remains(self) -> Remains:
        """Give what the invariants are asked of."""
        folder = self.ops.checkout / ".asd" / "workspace" / "releases"
        return Remains(self.database, derived={"prod": folder}, locks=[folder / ".lock"])

    def containers(self) -> list[Seen]:
        """List every container of the engine, by name."""
        with closing(self.engine.api()) as api:
            found = [api.inspect_container(one["Id"]) for one in api.containers(all=True)]
        return sorted(
            (
                Seen(
                    one["Name"].removeprefix("/"),
                    one["Config"]["Image"].rpartition(":")[2],
                    one["State"]["Status"],
                    (one["State"].get("Health") or {}).get("Status", ""),
                )
                for one in found
            ),
            key=lambda one: one.name,
        )

    def compose(self, *arguments: str) -> None:
        """Type a Compose command, as a person does, for the service."""
        folder = self.ops.checkout / "packages" / SERVICE
        finished = subprocess.run(
            ["docker-compose", "-p", "prod", "--env-file", str(self.ops.checkout / ".env"), *arguments],  # noqa: S607
            cwd=folder,
            env=_inherited()
            | {"DOCKER_HOST": self.engine.url, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    @property
    def _address(self) -> str:
        return f"unix://{self.engine.host.home}/released.sock"

    def _configuration(self) -> dict[str, object]:
        return {
            "store": {"url": f"sqlite:///{self.database}"},
            "listen": [self._address],
            "environments": {"prod": {"repo": str(self.ops.checkout), "docker": self.docker, "compose": "v1"}},
        }


def _files(names: stack_files.Names, tag: str) -> dict[str, str]:
    """Give the service without the one that it depends on elsewhere."""
    files = stack_files.service_files(names, SERVICE, tag)
    manifest = f"packages/{SERVICE}/manifest.yaml"
    return {**files, manifest: files[manifest].replace("depends_on: [web]\n", "")}


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("RELEASE", "GIT_"))}
