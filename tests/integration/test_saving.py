"""What a backup set says of itself holds for all that is in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec

from released.adapters.backups import sets
from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain import events as ev
from released.domain.plan import BackupPolicy, Container
from released.phases.saving import back_up, set_dir_of
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, docker_stack
from support.given_when_then import requested, service, state_after

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from released.phases.world import World


@dataclass(frozen=True)
class Attempt:
    """The slot of one attempt."""

    path: Path

    def say(self, text: str) -> None:
        """Leave the output alone."""


class UnhurriedEngine(DockerEngine):
    """Takes until the next second to read a volume, and knows when it began."""

    began_at: dt.datetime

    def read_volume(self, volume: str, image_id: str) -> Generator[bytes, None, None]:
        self.began_at = _this_second()
        while _this_second() == self.began_at:
            pass
        yield from super().read_volume(volume, image_id)


def test_a_backup_is_as_old_as_the_first_that_was_read_for_it(tmp_path: Path) -> None:
    with docker_stack() as stack:
        engine = UnhurriedEngine(ENGINE_URL, stack.prefix)
        volume = stack.volume(f"{stack.prefix}-data")
        stack.run(stack.image(SERVE_FOREVER), volumes={volume: "/v"}, name="web")
        world = SimpleNamespace(
            engine=engine, interruption=Interruption(), state_dir=tmp_path, name=stack.prefix, variables=dict
        )
        web = msgspec.structs.replace(
            service("web"),
            containers=(Container(f"{stack.prefix}-web"),),
            backup=BackupPolicy(("volume",), "none", (volume,)),
        )
        saved = back_up(cast("World", world), state_after(requested()), web).perform(Attempt(tmp_path))
        engine.close()

    assert isinstance(saved, ev.BackedUp)
    found = sets.read_manifest(set_dir_of(cast("World", world), "web", saved.stamp))
    assert dt.datetime.fromisoformat(found.created_at) <= engine.began_at


def _this_second() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
