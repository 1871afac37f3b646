"""A release that is on record is cut after each of its events: the daemon would recover from each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import recovery
from released.engine.selftest.cut import cut_everywhere
from released.engine.selftest.recorded_steps import Cutoff, RecordedEffect
from released.phases.effects import Done, Fate, InDoubt, NotDone, Slot
from support.given_when_then import (
    halted,
    phase_done,
    prepared,
    recorded,
    requested,
    started,
    whole_revert,
    whole_run,
)
from support.simulated_phases import SCRIPT
from support.simulated_world import Death
from support.simulation import Place, Simulation
from support.store import release_that_was_taken_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

STREAM = ev.release_stream("prod", "1234")
HISTORIES = {
    "released": whole_run(),
    "taken back": [*whole_run(), *whole_revert()],
    "halted": [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)],
    "nothing to do": [requested(), *phase_done(Phase.PREPARE), ev.NothingToDo(1)],
    "halted twice and taken back": release_that_was_taken_back(),
}


@pytest.fixture(scope="module", name="simulated")
def _simulated(tmp_path_factory: pytest.TempPathFactory) -> Sequence[ev.Recorded]:
    """Give the record of a release with a step of every kind: in doubt, resumed, taken back."""
    first = Simulation(tmp_path_factory.mktemp("simulated")).live()
    moment = next(one for one in first.moments if one.place == Place("before-work", SCRIPT))
    halt = moment.after(Death.HOST).live()
    halt.resolve(SCRIPT, done=False)
    return halt.resume().revert().events


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_the_daemon_recovers_from_wherever_it_is_cut(history: Sequence[ev.Event], tmp_path: Path) -> None:
    lives = list(cut_everywhere(STREAM, recorded(*history), tmp_path))

    assert [finding for _, finding in lives if finding] == []
    assert {life.version for life, _ in lives} == set(range(1, len(history) + 1))
    assert list(tmp_path.iterdir()) == []


def test_it_recovers_in_a_release_with_a_step_of_every_kind(simulated: Sequence[ev.Recorded], tmp_path: Path) -> None:
    lives = list(cut_everywhere(simulated[0].stream, simulated, tmp_path))

    assert [finding for _, finding in lives if finding] == []
    assert {life.cutoff for life, _ in lives} == {None, *Cutoff}


def _always_again(_effect: RecordedEffect, _slot: Slot) -> Fate:
    return NotDone()


def _always_done(_effect: RecordedEffect, _slot: Slot) -> Fate:
    return Done(None)


def _in_doubt(_effect: RecordedEffect, _slot: Slot) -> Fate:
    return InDoubt("everything")


@pytest.mark.parametrize(
    ("recover", "complaint"),
    [
        (_always_again, "is done twice"),
        (_always_done, "what cannot be known is not said to be in doubt"),
        (_in_doubt, "it is in doubt without need"),
    ],
)
def test_a_daemon_that_recovers_wrongly_is_found(
    recover: Callable[[RecordedEffect, Slot], Fate],
    complaint: str,
    simulated: Sequence[ev.Recorded],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RecordedEffect, "recover", recover)

    lives = cut_everywhere(simulated[0].stream, simulated, tmp_path)

    assert any(complaint in finding.message for _, finding in lives if finding)


def test_a_defect_that_a_start_would_meet_is_found(
    simulated: Sequence[ev.Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "decide", _defect)

    lives = cut_everywhere(simulated[0].stream, simulated, tmp_path)

    assert {finding.message for _, finding in lives if finding} == {
        "the daemon meets an unexpected LookupError: a defect"
    }


def _defect(*_: object, **__: object) -> NoReturn:
    raise LookupError("a defect")
