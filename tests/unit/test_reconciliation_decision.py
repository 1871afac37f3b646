"""After a restart of the host: what is the release's own is settled, and what is missing is named."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases.reconciliation import Recorded, decide, done_again_in
from released.domain.releases.standing import Standing, Verb
from support.given_when_then import prepared, requested, revert_requested, started, state_after, whole_run

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
ASIDE = f"{OLD[:12]}_web"


def record(made: dict[str, str] | None = None) -> Recorded:
    """Give the record of a service with the container ``web``; without ``made`` its recreate has no outcome."""
    return Recorded("web", "web", ("web",), frozenset({"web"}), frozenset({"web"}), (OLD,), made or {})


MADE = record({"web": NEW})


def one(id_: str, state: str, name: str = "web") -> Standing:
    return Standing(id_, name, "web", state)


def decided(recorded: Recorded, *found: Standing) -> tuple[list[tuple[Verb, str]], tuple[str, ...]]:
    verdict = decide(recorded, found)
    return [(action.verb, action.container.id) for action in verdict.settlements], verdict.missing


def test_what_is_as_the_record_says_is_left_alone() -> None:
    assert decided(MADE, one(NEW, "running")) == ([], ())


def test_an_old_container_that_came_back_goes_again() -> None:
    assert decided(MADE, one(NEW, "running"), one(OLD, "running", ASIDE)) == ([(Verb.REMOVE, OLD)], ())


def test_an_old_container_that_came_back_under_its_own_name_makes_way() -> None:
    found = (one(NEW, "running", f"{NEW[:12]}_web"), one(OLD, "exited"))

    assert decided(MADE, *found) == ([(Verb.REMOVE, OLD), (Verb.PUT_BACK, NEW)], ())


def test_a_new_container_whose_start_was_lost_is_started() -> None:
    assert decided(MADE, one(NEW, "created")) == ([(Verb.START, NEW)], ())


def test_a_new_container_that_the_restart_stopped_is_started() -> None:
    assert decided(MADE, one(NEW, "exited")) == ([(Verb.START, NEW)], ())


def test_a_container_that_need_not_run_is_not_started() -> None:
    optional = Recorded("web", "web", ("web",), frozenset({"web"}), frozenset(), (OLD,), {"web": NEW})

    assert decided(optional, one(NEW, "exited")) == ([], ())


def test_a_new_container_that_is_gone_is_missing() -> None:
    assert decided(MADE) == ([], ("web of web, which the release made, is gone",))


def test_an_old_container_in_place_of_the_new_one_stays_and_does_not_pass_for_it() -> None:
    assert decided(MADE, one(OLD, "running")) == ([], ("web of web is not the container that the release made",))


def test_a_container_that_somebody_made_since_is_not_taken_for_the_releases_own() -> None:
    assert decided(MADE, one(OTHER, "running")) == ([], ("web of web is not the container that the release made",))


def test_before_the_recreate_has_an_outcome_nothing_is_missing_and_old_containers_stay() -> None:
    assert decided(record(), one(OLD, "exited")) == ([], ())


def test_a_recreate_that_was_cut_off_before_the_start_is_taken_back() -> None:
    found = (one(NEW, "created"), one(OLD, "exited", ASIDE))

    assert decided(record(), *found) == ([(Verb.REMOVE, NEW), (Verb.PUT_BACK, OLD)], ())


def test_a_recreate_that_was_cut_off_after_the_start_is_completed() -> None:
    found = (one(NEW, "exited"), one(OLD, "exited", ASIDE))

    assert decided(record(), *found) == ([(Verb.REMOVE, OLD), (Verb.START, NEW)], ())


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ((started(Phase.PREPARE, "web.backup"),), Phase.PREPARE),
        ((*prepared(), started(Phase.MIGRATE, "web.recreate")), Phase.MIGRATE),
        ((*prepared(), ev.PhaseSkipped(Phase.MIGRATE, "by hand"), started(Phase.TICKET, "script")), Phase.MIGRATE),
    ],
)
def test_what_is_missing_is_made_anew_by_the_phase_that_made_it(events: tuple[ev.Event, ...], phase: Phase) -> None:
    assert done_again_in(state_after(requested(), *events)) is phase


def test_on_the_way_back_that_is_the_way_back() -> None:
    assert done_again_in(state_after(*whole_run(), revert_requested())) is Phase.REVERT
