"""Two daemons on one engine whose environments have the same name leave each other's helper containers alone."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from released.domain.configuration import Environment
from released.engine.station import open_world
from support.docker_stack import ENGINE_URL, DockerStack, docker_stack
from support.given_when_then import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.adapters.docker.engine import DockerEngine


@pytest.fixture(name="stack")
def _stack() -> Iterator[DockerStack]:
    with docker_stack() as made:
        yield made


@pytest.fixture(name="engines")
def _engines(tmp_path: Path) -> tuple[DockerEngine, DockerEngine]:
    """The engine as each of two daemons knows it."""
    return _as_known_to_a_daemon(tmp_path / "first"), _as_known_to_a_daemon(tmp_path / "second")


def _as_known_to_a_daemon(state_dir: Path) -> DockerEngine:
    settings = Environment.model_validate({"repo": str(state_dir / "ops"), "docker": ENGINE_URL})
    return open_world(ENVIRONMENT, settings, state_dir).engine


def test_a_daemon_removes_no_helper_that_is_at_work_for_another(
    engines: tuple[DockerEngine, DockerEngine], stack: DockerStack
) -> None:
    mine, other = engines
    volume, image = stack.volume(f"{stack.prefix}-data"), mine.image_id(stack.image())
    assert image is not None
    with closing(mine.read_volume(volume, image)) as reading:
        assert next(reading)

        assert (other.remove_helpers(), len(mine.volume_users(volume))) == (0, 1)


def test_a_daemon_that_comes_back_removes_the_helpers_that_it_left(
    engines: tuple[DockerEngine, DockerEngine], stack: DockerStack, tmp_path: Path
) -> None:
    mine, _ = engines
    volume, image = stack.volume(f"{stack.prefix}-data"), mine.image_id(stack.image())
    assert image is not None
    with closing(mine.read_volume(volume, image)) as reading:
        assert next(reading)

        assert _as_known_to_a_daemon(tmp_path / "first").remove_helpers() == 1
