"""The thread of an environment: what it does about errors, and that it does not give up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.engine import supervisor
from released.store.errors import StoreFull
from support.simulated_phases import SCRIPT
from support.simulated_world import Death
from support.simulation import TICKET, Place, Simulation
from support.store import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.phases.effects import Step
    from released.store.event_store import EventStore


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


def defective(step: Step) -> Step:
    """Meet a defect where the script is planned."""
    if step.name == SCRIPT:
        raise ZeroDivisionError("the plan is odd")
    return step


def test_an_error_that_nobody_expected_halts_its_release_and_not_the_daemon(store: EventStore, tmp_path: Path) -> None:
    state = Simulation(store, tmp_path, defective).live().state

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("failed", "internal_error")
    assert state.halt.failure.message == "The release met an unexpected ZeroDivisionError: the plan is odd"


def test_a_daemon_that_starts_on_a_full_disk_recovers_once_there_is_space(
    store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Simulation(store, tmp_path).live()
    moment = next(moment for moment in life.moments if moment.place == Place("recorded", "migrate_completed"))
    crashed = moment.after(Death.DAEMON)
    full = [StoreFull(Path("released.db")), StoreFull(Path("released.db"))]
    append = crashed.append

    def append_where_there_is_space(*arguments: object) -> tuple[ev.Recorded, ...]:
        if full:
            raise full.pop()
        return append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(crashed, "append", append_where_there_is_space)
    monkeypatch.setattr(supervisor, "_PAUSE_S", 0.0)

    daemon = crashed.daemon()
    daemon.start()
    await_end(crashed)

    assert daemon.stop(60.0)
    assert crashed.state.status == "released"


def await_end(simulation: Simulation) -> None:
    """Wait until the release is released."""
    store, stream, seen = simulation.store, ev.release_stream(simulation.name, TICKET), 0
    while not isinstance(store.read(stream)[-1].event, ev.Released):
        before, seen = seen, store.wait(seen, 60.0)
        assert seen > before, "nothing was recorded for a minute"
