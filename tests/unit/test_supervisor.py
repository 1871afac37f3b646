"""The thread of an environment: what it does about errors, and that it does not give up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.engine import supervisor
from released.store.errors import StoreFull
from support.simulated_phases import SCRIPT
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from released.phases.effects import Step


def defective(step: Step) -> Step:
    """Meet a defect where the script is planned."""
    if step.name == SCRIPT:
        raise ZeroDivisionError("the plan is odd")
    return step


def test_an_error_that_nobody_expected_halts_its_release_and_not_the_daemon(tmp_path: Path) -> None:
    state = Simulation(tmp_path, defective).live().state

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("failed", "internal_error")
    assert state.halt.failure.message == "The release met an unexpected ZeroDivisionError: the plan is odd"


def test_a_daemon_that_starts_on_a_full_disk_recovers_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Simulation(tmp_path).live()
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

    over = threading.Event()
    monkeypatch.setattr(crashed, "reach", lambda _, subject: over.set() if subject == "released" else None)

    daemon = crashed.daemon()
    daemon.start()

    assert over.wait(60.0)
    assert daemon.stop(60.0)
    assert crashed.state.status == "released"
