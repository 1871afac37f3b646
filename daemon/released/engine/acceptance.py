"""Takes the record of an environment as it is, for a person, while no daemon runs."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from typing import NoReturn

from released.domain import events as ev
from released.domain.environments import acceptance, environment
from released.domain.errors import Refused
from released.domain.releases import release
from released.engine.instruments import Instruments
from released.engine.ownership import SoleOwner
from released.phases.world import World
from released.store.event_store import EventStore, NewEvent, StreamWrite
from released.version import VERSION


def accept(world: World, store: EventStore, reason: str, actor: ev.Actor, instruments: Instruments) -> None:
    """Put on record that it is taken as it is, in a new epoch; the release that it has there is in doubt from then on.

    Raises:
        Refused: ``record_not_older``: there is nothing to accept; or see ``SoleOwner.affirm``.
    """
    with closing(SoleOwner(world, store, instruments, _unexpected)) as owner:
        seen = owner.accept()
        if owner.older is None:
            message = f"The record of environment {world.name} lacks nothing that was done: there is nothing to accept."
            raise Refused("record_not_older", message)
        head, now = store.head(), instruments.now()
        fence = store.take_lease(
            world.name, socket.gethostname(), os.getpid(), instruments.boot_id, VERSION, now, actor
        )
        place_stream = ev.environment_stream(world.name)
        place = environment.fold(store.read(place_stream))
        accepted = acceptance.acceptance(reason, head, seen)
        decided = [(place_stream, place.version, acceptance.of_environment(accepted, place))]
        if place.lock is not None:
            stream = ev.release_stream(world.name, place.lock.ticket)
            state = release.fold(store.read(stream))
            decided.append((stream, state.version, acceptance.of_release(accepted, state)))
        new_id = instruments.new_id
        store.append(
            [
                StreamWrite(stream, version, tuple(NewEvent(new_id(), now, actor, event) for event in events))
                for stream, version, events in decided
            ],
            fence,
        )
        owner.accepted()


def _unexpected(error: BaseException) -> NoReturn:
    """Nobody can take the environment while its checkout is owned here."""
    raise error
