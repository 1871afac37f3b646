"""A Compose command that hangs, for instance on a registry that accepts and says nothing more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import StepFailed
from released.domain.ids import Phase
from released.engine.slots import AttemptSlot
from released.phases import migrate, recreation
from released.phases.world import World
from support.docker_stack import ENGINE_URL
from support.given_when_then import phase_done, plan, requested, started, state_after, step_done

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.git.checkout import Git

PULLS_FOR_EVER = """\
#!/bin/sh
test "$1" = version && echo 1.29.2 && exit
echo 'Pulling web ... '
exec sleep 1000
"""


def test_a_pull_that_falls_silent_is_stopped_and_the_failure_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recreation, "_COMPOSE_IDLE_S", 0.2)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    _write_program(tmp_path / "docker-compose", PULLS_FOR_EVER)
    composed = ev.Composed("web", "web", "v1", ("web",), ())
    state = state_after(
        requested(plan(["web"])),
        *phase_done(Phase.PREPARE),
        started(Phase.MIGRATE, "web.compose"),
        *step_done("web.compose", composed),
    )
    (pull,) = [step for step in migrate.steps(_world(tmp_path), state) if step.name == "web.image"]
    with pytest.raises(StepFailed) as caught:
        pull.effect.perform(AttemptSlot(tmp_path, tmp_path / "slot", str))
    assert "The pull of the images of web (web) failed: it printed nothing for 0.2 s" in caught.value.failure.message


def _write_program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def _world(checkout: Path) -> World:
    """Give a world whose git is not needed before the pull has ended."""
    (checkout / "packages" / "web").mkdir(parents=True)
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(checkout), "compose": "v1"}),
        state_dir=checkout / "state",
        git=cast("Git", None),
        engine=DockerEngine(ENGINE_URL, "test"),
        scripts=Scripts(),
    )
