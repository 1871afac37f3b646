"""A second daemon that wants what a first one has."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import yaml

from support.daemon_process import Daemon

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.bare_environment import BareEnvironment

SERVICE = {
    "packages/web/manifest.yaml": "name: web\ncontainers:\n  - {name: web, role: app, required: true}\n",
    "packages/web/docker-compose.yaml": "services: {web: {image: nothing}}\n",
}
"""What an ops repo has that shares an engine."""


def rival(
    environment: BareEnvironment,
    name: str,
    store: Path | None = None,
    repo: Path | None = None,
    broken: str = "",
    **settings: object,
) -> Daemon:
    """Give another daemon, which is not running yet.

    Args:
        environment: of the first daemon.
        name: of the new one, for its own files.
        store: the database that it uses; one of its own where it is left out.
        repo: its checkout; none where it is left out.
        broken: see ``Daemon``.
        settings: of its environment.
    """
    home, runtime = environment.home / name, environment.runtime / name
    home.mkdir(exist_ok=True)
    runtime.mkdir(exist_ok=True)
    document = {
        "store": {"url": f"sqlite:///{store or home / 'state' / 'released.db'}"},
        "state_dir": str(home / "state"),
        "listen": [f"unix://{runtime}/s"],
        "environments": {"prod": {"repo": str(repo or home / "nowhere"), **settings}},
    }
    config = home / "released.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    return Daemon(config, home / "daemon.log", runtime, dict(os.environ), broken)


def started_at_once(daemons: Sequence[Daemon]) -> list[int | None]:
    """Start all together; give their exit codes once each is ready or has ended, ``None`` for one that serves."""
    with ThreadPoolExecutor(len(daemons)) as starters:
        serving = list(starters.map(_serves, daemons))
    return [None if serves else one.wait_dead() for one, serves in zip(daemons, serving, strict=True)]


def _serves(daemon: Daemon) -> bool:
    try:
        daemon.start()
    except AssertionError:
        return False
    return True
