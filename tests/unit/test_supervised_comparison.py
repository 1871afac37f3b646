"""After a restart of the host: what the thread of an environment does about a comparison, whatever comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from released.domain import events as ev
from released.domain.environments.witness import RecordIsOlder
from released.domain.errors import Refused, StepFailed
from released.domain.failure import killed
from released.domain.ids import Phase
from released.engine import reconciler
from released.engine.selftest.unchallenged import Unchallenged
from support.simulated_phases import IMAGE
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.domain.releases.release import ReleaseState
    from released.phases.world import World

MOMENT = Place("after-durable", IMAGE)


class Outdated(Unchallenged):
    """The record turns out to be an older copy as soon as the checkout is there.

    Args:
        looks: how often it is not there yet.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def affirm(self) -> None:
        """Own the checkout where it is there."""
        if self._looks:
            self._looks -= 1
            raise Refused("checkout_missing", "It is not mounted yet.")
        self._older = RecordIsOlder("record_is_older", "It ends with event 3.")
        raise self._older

    def bear_witness(self, doing: str) -> None:  # noqa: ARG002 (nothing is noted)
        """Own it first."""
        self.affirm()


def rebooted(folder: Path, on_restart: str = "resume") -> Simulation:
    """Give a release that found the host restarted in its middle."""
    life = Simulation(folder).live()
    moment = next(moment for moment in life.moments if moment.place == MOMENT)
    crashed = moment.after(Death.HOST, on_restart)
    crashed.reboot()
    return crashed


def compared(_: World, __: ReleaseState, boot_id: str) -> ev.Reconciled:
    """Find all as the record says."""
    return ev.Reconciled(boot_id)


def missing(_: World, __: ReleaseState, boot_id: str) -> ev.Reconciled:
    """Find a container gone."""
    return ev.Reconciled(boot_id, (), ("web of web, which the release made, is gone",))


def engine_is_away(*_: object) -> NoReturn:
    raise Refused("engine_unreachable", "The Docker engine does not answer.")


def defect(*_: object) -> NoReturn:
    raise ZeroDivisionError("the comparison is odd")


def test_an_engine_that_goes_away_while_services_are_waited_for_halts_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "reconcile", compared)
    monkeypatch.setattr(reconciler, "require_all", engine_is_away)

    state = rebooted(tmp_path).live().state

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("interrupted", "engine_unreachable")


@pytest.mark.parametrize("is_resumed", [False, True], ids=["at the start", "at a resume"])
def test_a_comparison_that_meets_a_defect_halts_the_release_and_not_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_resumed: bool
) -> None:
    simulation = rebooted(tmp_path)
    if is_resumed:
        monkeypatch.setattr(reconciler, "reconcile", engine_is_away)
        simulation.live()
    monkeypatch.setattr(reconciler, "reconcile", defect)

    state = (simulation.resume() if is_resumed else simulation.live()).state

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("failed", "internal_error")


def test_nothing_is_compared_nor_woken_before_that_has_a_witness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    simulation = rebooted(tmp_path)
    monkeypatch.setattr(simulation.ownership, "bear_witness", happened.append)

    def wake(*_: object) -> Iterator[str]:
        happened.append("woken")
        yield from ()

    monkeypatch.setattr(reconciler, "wake_writers", wake)

    def compare(world: World, state: ReleaseState, boot_id: str) -> ev.Reconciled:
        happened.append("compared")
        return compared(world, state, boot_id)

    monkeypatch.setattr(reconciler, "reconcile", compare)

    simulation.live()

    assert happened[:4] == [
        "ticket 1234, compared after a restart of the host",
        "compared",
        "ticket 1234, what was held still is woken",
        "woken",
    ]


@pytest.mark.parametrize("looks", [0, 1, 2], ids=["at once", "at the comparison", "after it failed"])
def test_nothing_is_put_on_top_of_a_record_that_is_an_older_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    simulation = rebooted(tmp_path)
    simulation.ownership = Outdated(looks)
    before = simulation.events
    monkeypatch.setattr(reconciler, "reconcile", defect)

    simulation.live()

    assert simulation.events == before


def test_a_release_that_is_halted_is_compared_once_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    halted = rebooted(tmp_path)
    monkeypatch.setattr(reconciler, "reconcile", engine_is_away)
    halted.live()
    monkeypatch.setattr(reconciler, "reconcile", compared)
    before = halted.events

    halted.live()
    while_halted = halted.events
    halted.resume()

    assert while_halted == before
    assert [one.event for one in halted.events if isinstance(one.event, ev.Reconciled)] == [
        ev.Reconciled("another boot")
    ]
    assert halted.state.status == "released"


def test_what_is_held_still_behind_a_halt_is_woken_by_the_next_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halted = rebooted(tmp_path)
    monkeypatch.setattr(reconciler, "reconcile", engine_is_away)
    halted.live()
    woken: list[ReleaseState] = []

    def wake(_: World, state: ReleaseState) -> Iterator[str]:
        woken.append(state)
        yield "web does not run again"

    monkeypatch.setattr(reconciler, "wake_writers", wake)

    halted.live()

    assert woken == [halted.state]


def test_a_daemon_that_died_while_services_were_waited_for_is_followed_by_one_that_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "reconcile", compared)
    life = rebooted(tmp_path).live()
    moment = next(moment for moment in life.moments if moment.place == Place("recorded", "reconciled"))
    crashed = moment.after(Death.DAEMON)
    crashed.reboot()
    monkeypatch.setattr(reconciler, "require_all", engine_is_away)

    state = crashed.live().state

    assert state.halt is not None
    assert state.halt.failure.code == "engine_unreachable"


def test_what_is_missing_is_looked_for_again_at_a_resume_and_still_halts_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "reconcile", missing)

    state = rebooted(tmp_path).live().resume().state

    assert state.halt is not None
    assert state.halt.failure.code == "effect_missing"


def test_what_was_missing_and_is_there_again_keeps_no_release_from_going_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "reconcile", missing)
    halted = rebooted(tmp_path).live()
    monkeypatch.setattr(reconciler, "reconcile", compared)

    assert halted.resume().state.status == "released"


def test_what_is_missing_is_not_asked_about_where_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "reconcile", missing)

    assert rebooted(tmp_path).live().resume(Phase.MIGRATE).state.status == "released"


def test_a_wait_for_services_that_an_operator_ends_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = rebooted(tmp_path)

    def wait(*_: object) -> NoReturn:
        simulation.cancel(kill=True)
        raise StepFailed(killed())

    monkeypatch.setattr(reconciler, "reconcile", compared)
    monkeypatch.setattr(reconciler, "require_all", wait)

    state = simulation.live().state

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("cancelled", "cancelled")
