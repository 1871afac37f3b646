"""What stood before a release, or before its revert: the tree, the services, the images and the data to bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.touched import touched_services
from released.domain.revert.snapshot import stood_before
from support.given_when_then import (
    BASE,
    BROUGHT_BACK,
    FIX,
    MERGE,
    REQUEST,
    TAKEN_BACK,
    halted,
    phase_done,
    plan,
    requested,
    resumed,
    revert_plan,
    revert_requested,
    started,
    state_after,
    step_begun,
    step_done,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAN = plan(services=["db", "web"], scripts=["1234-a.sh"])
KEPT = {
    "db": ev.ImagesKept("db", {"prod-db": "sha256:db1"}, {"prod-db": "db:1"}, {"DB_TAG": "1"}),
    "web": ev.ImagesKept("web", {"prod-web": "sha256:web1"}, {"prod-web": "web:1"}, {"WEB_TAG": None}),
}
SAVED: dict[str, ev.Result | None] = {
    "db.backup": ev.BackedUp("db", "20260518_153012", 7),
    "db.keep-images": KEPT["db"],
    "web.keep-images": KEPT["web"],
}
MOVE = "checkout.fast-forward"
PREPARED = [requested(PLAN), *phase_done(Phase.PREPARE, {**SAVED, MOVE: ev.CheckoutMoved(MERGE)})]
OF_MIGRATE = ("migrate.checkout", "db.compose", "web.compose", "db.image", "web.image", "db.recreate", "web.recreate")
MIGRATED = [*PREPARED, *phase_done(Phase.MIGRATE, dict.fromkeys(OF_MIGRATE))]
SCRIPTED = [*MIGRATED, *phase_done(Phase.TICKET, {"ticket.checkout": None, "1234-a.sh": ev.CommandExited(0)})]
RELEASED = [*SCRIPTED, *phase_done(Phase.VERIFY, {"db.verify": None, "web.verify": None}), ev.Released(1)]

SAVED_AGAIN: dict[str, ev.Result | None] = {
    "revert.db.save": ev.BackedUp("db", "20260519_090000", 7),
    "revert.db.keep-images": ev.ImagesKept("db", {"prod-db": "sha256:db2"}),
    "revert.web.keep-images": ev.ImagesKept("web", {"prod-web": "sha256:web2"}),
}
BACK = revert_plan(["db", "web"])
THERE_AGAIN = revert_plan(["db", "web"], head=TAKEN_BACK, target=MERGE, undoes=True)
REVERTED = [
    *RELEASED,
    revert_requested(BACK),
    *phase_done(Phase.REVERT, {**SAVED_AGAIN, "revert.code": ev.CheckoutMoved(TAKEN_BACK)}),
    ev.Reverted(1),
]
UNDONE = [
    *REVERTED,
    revert_requested(THERE_AGAIN),
    *phase_done(Phase.REVERT, {"revert.code": ev.CheckoutMoved(BROUGHT_BACK)}),
    ev.RevertUndone(1),
]


def failed(step: str, phase: Phase) -> list[ev.Event]:
    failure = Failure("some_failure", "Something failed.")
    return [step_begun(step), ev.StepFailed(step, 1, failure), halted(phase, step=step)]


def halted_in_prepare(*steps: str) -> list[ev.Event]:
    """Build a release that halts in prepare when these steps are done."""
    done = [event for step in steps for event in step_done(step, SAVED[step])]
    return [requested(PLAN), started(Phase.PREPARE, *SAVED, MOVE), *done, halted(Phase.PREPARE)]


def halted_at(step: str) -> list[ev.Event]:
    """Build a release that halts at a step of migrate."""
    before = OF_MIGRATE[: OF_MIGRATE.index(step)]
    done = [event for one in before for event in step_done(one)]
    return [*PREPARED, started(Phase.MIGRATE, *OF_MIGRATE), *done, *failed(step, Phase.MIGRATE)]


# --- the tree ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [(), ("db.backup",), tuple(SAVED)], ids=["first", "second", "last"])
def test_before_the_checkout_moved_there_is_no_code_to_take_back(steps: Sequence[str]) -> None:
    assert stood_before(state_after(*halted_in_prepare(*steps)), BASE).tree is None


def test_a_move_that_took_place_without_being_recorded_is_seen_by_where_the_checkout_stands() -> None:
    before = stood_before(state_after(*halted_in_prepare(*SAVED)), MERGE)
    assert (before.tree, before.left_at) == (BASE, MERGE)


AFTER_THE_MOVE: dict[str, list[ev.Event]] = {
    "behind prepare": [*PREPARED, halted(Phase.PREPARE, "interrupted")],
    **{step: halted_at(step) for step in OF_MIGRATE},
    "in ticket": [*MIGRATED, started(Phase.TICKET, "1234-a.sh"), *failed("1234-a.sh", Phase.TICKET)],
    "in verify": [*SCRIPTED, started(Phase.VERIFY, "web.verify"), *failed("web.verify", Phase.VERIFY)],
    "given up": [*halted_at("web.recreate"), ev.Abandoned(REQUEST, "never mind")],
    "released": RELEASED,
}


@pytest.mark.parametrize("where", AFTER_THE_MOVE)
def test_once_the_checkout_moved_its_base_is_what_stood_before(where: str) -> None:
    before = stood_before(state_after(*AFTER_THE_MOVE[where]), MERGE)
    assert (before.tree, before.left_at) == (BASE, MERGE)


PULLED_BY_HAND = msgspec.structs.replace(PLAN, head_sha=MERGE)


def test_what_was_pulled_by_hand_is_not_taken_back_before_prepare_took_it_over() -> None:
    events = [requested(PULLED_BY_HAND), started(Phase.PREPARE, MOVE), *failed(MOVE, Phase.PREPARE)]
    assert stood_before(state_after(*events), MERGE).tree is None


def test_what_was_pulled_by_hand_is_taken_back_to_the_base_that_was_named() -> None:
    events = [requested(PULLED_BY_HAND), *phase_done(Phase.PREPARE, {MOVE: ev.CheckoutMoved(MERGE)})]
    before = stood_before(state_after(*events, halted(Phase.PREPARE)), MERGE)
    assert (before.tree, before.left_at) == (BASE, MERGE)


RENEWED = msgspec.structs.replace(plan(["db", "web"], merge=FIX), head_sha=MERGE)
TAKING_UP_A_FIX = [*halted_at("web.recreate"), resumed(Phase.PREPARE, anew=True, renewed=RENEWED)]


@pytest.mark.parametrize("head", [MERGE, FIX], ids=["before its move", "after its move"])
def test_a_release_that_halts_while_it_takes_up_a_fix_goes_back_to_before_both(head: str) -> None:
    before = stood_before(state_after(*TAKING_UP_A_FIX, *failed(MOVE, Phase.PREPARE)), head)
    assert (before.tree, before.left_at) == (BASE, head)


def test_before_a_revert_stood_the_tree_that_it_took_back() -> None:
    before = stood_before(state_after(*REVERTED), TAKEN_BACK)
    assert (before.tree, before.left_at) == (MERGE, TAKEN_BACK)


def test_a_revert_that_left_the_code_alone_is_taken_back_without_code() -> None:
    only_data = [*RELEASED, revert_requested(revert_plan(target=None)), *phase_done(Phase.REVERT), ev.Reverted(1)]
    assert stood_before(state_after(*only_data), MERGE).tree is None


def test_before_a_release_whose_revert_was_taken_back_stood_its_base() -> None:
    before = stood_before(state_after(*UNDONE), BROUGHT_BACK)
    assert (before.tree, before.left_at) == (BASE, BROUGHT_BACK)


def test_a_revert_that_was_given_up_left_the_checkout_where_its_code_step_brought_it() -> None:
    given_up = [
        *RELEASED,
        revert_requested(BACK),
        started(Phase.REVERT, "revert.code"),
        *step_done("revert.code", ev.CheckoutMoved(TAKEN_BACK)),
        halted(Phase.REVERT),
        ev.Abandoned(REQUEST, "never mind"),
    ]
    before = stood_before(state_after(*given_up), TAKEN_BACK)
    assert (before.tree, before.left_at) == (BASE, TAKEN_BACK)


# --- the services ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [(), tuple(SAVED)], ids=["first", "last"])
def test_prepare_touches_no_service(steps: Sequence[str]) -> None:
    assert touched_services(state_after(*halted_in_prepare(*steps))) == ()


@pytest.mark.parametrize(
    ("step", "touched"),
    [
        *((step, ()) for step in OF_MIGRATE[:5]),
        ("db.recreate", ("db",)),
        ("web.recreate", ("db", "web")),
    ],
)
def test_migrate_touches_a_service_from_the_first_step_on_that_changes_it(step: str, touched: tuple[str, ...]) -> None:
    assert touched_services(state_after(*halted_at(step))) == touched


def test_a_hook_before_the_recreate_touches_its_service() -> None:
    hook = "db.pre_start_init.sh"
    events = [*PREPARED, started(Phase.MIGRATE, hook), *failed(hook, Phase.MIGRATE)]
    assert touched_services(state_after(*events)) == ("db",)


def test_a_step_that_was_only_planned_touches_nothing() -> None:
    events = [*PREPARED, started(Phase.MIGRATE, *OF_MIGRATE), halted(Phase.MIGRATE, "cancelled")]
    assert touched_services(state_after(*events)) == ()


def test_a_step_that_was_done_before_a_resume_anew_has_touched_its_service() -> None:
    anew = [*halted_at("web.recreate"), resumed(Phase.MIGRATE, anew=True), halted(Phase.MIGRATE, "cancelled")]
    assert touched_services(state_after(*anew)) == ("db", "web")


def test_a_service_whose_name_begins_with_that_of_another_is_not_taken_for_it() -> None:
    two = [requested(plan(["web", "web.api"])), *phase_done(Phase.PREPARE)]
    events = [*two, started(Phase.MIGRATE, "web.api.recreate"), *failed("web.api.recreate", Phase.MIGRATE)]
    assert touched_services(state_after(*events)) == ("web.api",)


def test_a_service_that_a_fix_left_out_of_the_plan_stays_touched() -> None:
    without_db = msgspec.structs.replace(plan(["web"], merge=FIX), head_sha=MERGE)
    fixed = [*halted_at("web.recreate"), resumed(Phase.PREPARE, anew=True, renewed=without_db)]
    assert touched_services(state_after(*fixed, halted(Phase.PREPARE))) == ("web", "db")


ONLY_SCRIPT = [*PREPARED, ev.PhaseSkipped(Phase.MIGRATE, "by hand")]


def test_a_script_of_the_ticket_may_have_touched_every_service() -> None:
    events = [*ONLY_SCRIPT, started(Phase.TICKET, "1234-a.sh"), *failed("1234-a.sh", Phase.TICKET)]
    assert touched_services(state_after(*events)) == ("db", "web")


def test_before_its_first_script_the_ticket_phase_touches_nothing() -> None:
    events = [*ONLY_SCRIPT, started(Phase.TICKET, "ticket.checkout"), *failed("ticket.checkout", Phase.TICKET)]
    assert touched_services(state_after(*events)) == ()


@pytest.mark.parametrize("events", [RELEASED, UNDONE], ids=["released", "undone"])
def test_a_whole_release_touched_its_services(events: list[ev.Event]) -> None:
    assert stood_before(state_after(*events), MERGE).services == ("db", "web")


def test_a_revert_touched_the_services_of_its_plan() -> None:
    of_web = [*RELEASED, revert_requested(revert_plan(["web"])), *phase_done(Phase.REVERT), ev.Reverted(1)]
    assert stood_before(state_after(*of_web), TAKEN_BACK).services == ("web",)


# --- images and data ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("events", [RELEASED, halted_at("db.recreate"), UNDONE], ids=["released", "halted", "undone"])
def test_before_a_release_ran_the_images_that_its_prepare_kept(events: list[ev.Event]) -> None:
    assert stood_before(state_after(*events), MERGE).images == KEPT


@pytest.mark.parametrize("events", [RELEASED, halted_at("db.recreate"), UNDONE], ids=["released", "halted", "undone"])
def test_before_a_release_stood_the_data_that_its_prepare_saved(events: list[ev.Event]) -> None:
    assert stood_before(state_after(*events), MERGE).backups == {"db": "20260518_153012"}


def test_before_a_revert_stood_what_that_revert_saved() -> None:
    before = stood_before(state_after(*REVERTED), TAKEN_BACK)
    assert before.images == {"db": SAVED_AGAIN["revert.db.keep-images"], "web": SAVED_AGAIN["revert.web.keep-images"]}
    assert before.backups == {"db": "20260519_090000"}


def test_what_prepare_saved_stays_known_when_a_fix_is_taken_up() -> None:
    before = stood_before(state_after(*TAKING_UP_A_FIX, *failed(MOVE, Phase.PREPARE)), MERGE)
    assert (before.images, before.backups) == (KEPT, {"db": "20260518_153012"})
