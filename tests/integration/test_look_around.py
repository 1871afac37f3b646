"""A look around at a halt where something hangs, or has too much to say: the halt does not wait, nor grow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.containers import removed
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain.configuration import Environment
from released.domain.releases.surroundings import MOST_PORTS, PROBE_CHARACTERS
from released.phases import surroundings
from released.phases.surroundings import look_around
from released.phases.world import World
from support.given_when_then import service
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="silent_engine")
def _silent_engine(tmp_path: Path) -> Iterator[str]:
    """Listen where an engine would, and never answer."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        yield f"unix://{path}"


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    """Give an environment whose engine is not there."""
    ops = OpsRepo.create(tmp_path / "repos")
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(ops.checkout)}),
        state_dir=tmp_path,
        git=Git(ops.checkout, "origin", "main"),
        engine=DockerEngine(f"unix://{tmp_path}/nothing.sock", owner="nobody"),
        scripts=Scripts(),
    )


def test_an_engine_that_accepts_and_never_answers_is_given_up(
    world: World, silent_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_ALTOGETHER_S", 0.5)

    seen = look_around(replace(world, engine=DockerEngine(silent_engine, owner="nobody")), ())

    assert seen.unseen[0] == "the engine: it did not answer while there was time"


def test_a_git_that_hangs_is_given_up(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nexec sleep 1000\n", encoding="utf-8")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(surroundings, "_ALTOGETHER_S", 0.5)

    assert "the checkout: it did not answer while there was time" in look_around(world, ()).unseen


def test_a_halt_on_a_branch_whose_name_is_no_utf8_can_be_recorded(world: World) -> None:
    git = str(shutil.which("git"))
    subprocess.run([git, "-C", world.root, "switch", "--quiet", "--create", b"caf\xe9"], check=True)

    seen = look_around(world, ())

    assert (seen.branch, bool(msgspec.json.encode(seen))) == ("caf\\xe9", True)


def test_what_kept_us_from_looking_is_told_in_short(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def complain(_: object) -> str:
        raise OSError("no " * 100_000)

    monkeypatch.setattr(DockerEngine, "version", complain)

    assert max(map(len, look_around(world, ()).unseen)) <= PROBE_CHARACTERS


def test_of_a_container_with_thousands_of_ports_a_few_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = replace(removed("4711"), name="relay", ports=tuple(f"0.0.0.0:{port}->{port}/udp" for port in range(10_000)))
    monkeypatch.setattr(surroundings, "containers_now", lambda *_: [relay])
    monkeypatch.setattr(DockerEngine, "version", lambda _: "20.10")

    (seen,) = look_around(world, (service("relay"),)).containers

    assert seen.ports == relay.ports[:MOST_PORTS]
