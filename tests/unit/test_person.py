"""Which commands a person decides on, so that no program types them by itself."""

from __future__ import annotations

import msgspec
import pytest

from released.domain.failure import NextCommand
from released.domain.ids import Phase
from released.domain.releases import next_steps
from released.domain.releases.person import needs_person
from released.domain.releases.plan import BackupPolicy
from support.given_when_then import (
    TICKET,
    halted,
    plan,
    prepared,
    requested,
    service,
    started,
    state_after,
    whole_run,
)

RESUME = next_steps.resume(TICKET, Phase.VERIFY, "it was only slow, and is well now")
BY_HAND = ("Set SEARCH_URL in /ops/.env.",)
VOLUME = BackupPolicy(("volume",), volumes=("data",))


@pytest.mark.parametrize(
    "command",
    [
        next_steps.resume(TICKET, Phase.TICKET, next_steps.WHY),
        next_steps.settle(TICKET, "1234-work.sh", done=True),
        next_steps.kill(TICKET),
        next_steps.revert(TICKET)[0],
        next_steps.unhold()[0],
        next_steps.apply("verify-race", TICKET),
        next_steps.run(TICKET, "--base", "a" * 40)[0],
        next_steps.run(TICKET, "--with", "77")[0],
        NextCommand(("docker", "rm", "--force", "web"), "removes it", "data-loss"),
    ],
    ids=lambda command: " ".join(command.argv[1:3]),
)
def test_words_of_ones_own_lost_data_and_ways_against_the_usual_want_a_person(command: NextCommand) -> None:
    assert needs_person(command)


@pytest.mark.parametrize(
    "command",
    [
        RESUME,
        next_steps.run(TICKET)[0],
        next_steps.ensure_config("web"),
        next_steps.log(TICKET, "ticket"),
        next_steps.detect(TICKET),
        next_steps.revert(TICKET, loses_data=False)[0],
        NextCommand(("git", "-C", "/ops", "reset", "--hard", "a" * 40), "goes back", "changes"),
    ],
    ids=lambda command: " ".join(command.argv[1:3]),
)
def test_what_is_settled_by_the_record_wants_none(command: NextCommand) -> None:
    assert not needs_person(command)


def test_what_goes_on_from_work_by_hand_wants_a_person() -> None:
    assert needs_person(RESUME, BY_HAND)
    assert needs_person(next_steps.run(TICKET)[0], BY_HAND)


def test_a_look_and_the_way_back_need_no_work_by_hand() -> None:
    assert not needs_person(next_steps.log(TICKET, "ticket"), BY_HAND)
    assert not needs_person(next_steps.revert(TICKET, loses_data=False)[0], BY_HAND)


@pytest.mark.parametrize(
    ("stateful", "backup", "danger"),
    [(False, VOLUME, "data-loss"), (True, VOLUME, "changes"), (False, BackupPolicy(("config",)), "changes")],
    ids=["restored", "stateful", "without data"],
)
def test_a_revert_loses_data_where_it_restores_volumes(stateful: bool, backup: BackupPolicy, danger: str) -> None:  # noqa: FBT001 (a parameter of the test)
    web = msgspec.structs.replace(service("web"), stateful=stateful, backup=backup)
    released = state_after(*whole_run(msgspec.structs.replace(plan(), services=(web,))))
    assert next_steps.take_back(released)[0].danger == danger


def test_a_release_that_touched_nothing_loses_nothing() -> None:
    web = msgspec.structs.replace(service("web"), backup=VOLUME)
    begun = [requested(msgspec.structs.replace(plan(), services=(web,))), *prepared(), started(Phase.MIGRATE)]
    stopped = state_after(*begun, halted(Phase.MIGRATE))
    assert next_steps.take_back(stopped)[0].danger == "changes"
