"""A witness of the record, held against records that have, lack or never had what it saw."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments import acceptance, environment, witness
from released.domain.errors import Refused
from released.domain.ids import Phase
from released.domain.releases import decide, release
from support.given_when_then import REQUEST, TICKET, halted, prepared, requested, started, state_after, step_begun

AT = dt.datetime(2026, 5, 18, 15, 30, tzinfo=dt.UTC)
HASHES = {1: "a", 2: "b", 3: "c"}
SEEN = witness.sworn(3, HASHES.get, AT, "ticket 1234, step web.recreate")
ACCEPTED = acceptance.acceptance("lost", 2, SEEN)


@pytest.mark.parametrize(
    ("record", "lacks"),
    [(HASHES, False), ({**HASHES, 4: "d"}, False), ({1: "a", 2: "b"}, True), ({**HASHES, 3: "x"}, True), ({}, True)],
)
def test_a_record_must_have_the_very_event_that_was_seen(record: dict[int, str], lacks: bool) -> None:  # noqa: FBT001
    assert witness.contradicts(SEEN, record.get) is lacks


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({1: "a"}, "is an older copy: it ends with event 1"),
        ({1: "a", 2: "b", 3: "x"}, "took another way"),
        ({1: "x"}, "is another record"),
        ({}, "is another record"),
    ],
)
def test_it_is_told_what_the_record_lacks(record: dict[int, str], words: str) -> None:
    told = witness.refusal(SEEN, record.get, len(record), AT, "prod")
    assert words in told.message
    assert "ticket 1234, step web.recreate" in told.message


def test_a_release_that_is_under_way_on_an_accepted_record_is_halted_in_doubt() -> None:
    running = state_after(requested(), started(Phase.PREPARE, "web.backup"), step_begun("web.backup"))
    [halted] = acceptance.of_release(ACCEPTED, running)
    assert isinstance(halted, ev.Halted)
    assert (halted.cause, halted.step, halted.failure.code) == ("in_doubt", "web.backup", "record_is_older")


def test_between_two_steps_no_step_is_named_to_be_settled() -> None:
    [halted] = acceptance.of_release(ACCEPTED, state_after(requested(), started(Phase.PREPARE, "web.backup")))
    assert isinstance(halted, ev.Halted)
    assert [command.argv[1] for command in halted.failure.next] == ["logs", "resume"]


@pytest.mark.parametrize(
    "events",
    [
        (started(Phase.PREPARE, "web.backup"), halted(Phase.PREPARE)),
        (started(Phase.PREPARE, "web.backup"), step_begun("web.backup"), halted(Phase.PREPARE, "recovery_too_late")),
    ],
    ids=["between steps", "in a step"],
)
def test_a_release_that_is_halted_on_an_accepted_record_goes_on_only_where_a_person_says_from_where(
    events: tuple[ev.Event, ...],
) -> None:
    rests: list[ev.Event] = [requested(), *events]
    state = state_after(*rests, *acceptance.of_release(ACCEPTED, state_after(*rests)))

    assert state.halt is not None
    assert (state.halt.cause, state.halt.failure.code) == ("in_doubt", "record_is_older")
    with pytest.raises(Refused, match="does not know how far the release went"):
        decide.admit_resume(cmd.ResumeRun(TICKET, REQUEST), state)
    decided = cmd.ResumeRun(TICKET, REQUEST, Phase.PREPARE, "nothing went on")
    assert decide.admit_resume(decided, state) is Phase.PREPARE


def test_a_step_that_failed_before_is_not_named_to_be_settled_on_an_accepted_record() -> None:
    rests: list[ev.Event] = [requested(), *prepared(), started(Phase.MIGRATE, "web.image"), halted(Phase.MIGRATE)]
    state = state_after(*rests, *acceptance.of_release(ACCEPTED, state_after(*rests)))

    assert [command.argv[1] for command in release.required_halt(state).failure.next] == ["logs", "resume"]
    with pytest.raises(Refused, match="but how far the release came"):
        decide.resolve(cmd.Resolve(TICKET, REQUEST, "web.image", done=True, reason="it ran"), state)


def test_a_return_that_is_under_way_on_an_accepted_record_is_given_up() -> None:
    place = environment.EnvironmentState(returning=ev.ReturnStarted("request-1", "hotfix", "a", "b", "a"))
    accepted, ended = acceptance.of_environment(ACCEPTED, place)
    assert isinstance(accepted, ev.RecordAccepted)
    assert isinstance(ended, ev.ReturnEnded)
    assert (accepted.witnessed, accepted.doing) == (3, "ticket 1234, step web.recreate")
