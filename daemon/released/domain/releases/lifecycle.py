"""The life cycle of a release: one table, declared as a ``transitions`` machine.

A trigger is an event's type, with its phase in front where the event has one (``migrate_started``). An event that has
no row for the present state cannot be appended, by any code path: the store asks ``next_status`` for each event that it
is about to write. Long histories are replayed with ``compiled``, the machine's own transitions as a dictionary; a test
holds the two equal.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TypedDict

from transitions import Machine

from released.domain import events as ev
from released.domain.errors import IllegalEvent
from released.domain.ids import PHASES, Phase

NEW = "new"
REQUESTED = "requested"
REVERTING = "reverting"
REVERTED = "reverted"
RELEASED = "released"
HALTED = "halted"
NOTHING_TO_DO = "nothing_to_do"
ABANDONED = "abandoned"

STATUSES = (NEW, REQUESTED, *PHASES, RELEASED, HALTED, NOTHING_TO_DO, ABANDONED, REVERTING, REVERTED)
RUNNING = (REQUESTED, *PHASES, REVERTING)
"""A release in one of these moves by itself; it occupies its environment, and so does a halted one."""
STARTABLE = (NEW, NOTHING_TO_DO, ABANDONED, REVERTED)
REVERTIBLE = (RELEASED, HALTED, ABANDONED, REVERTED)
"""What can be taken back: a release, whole or in part, and a revert."""
ENDED = (RELEASED, NOTHING_TO_DO, ABANDONED, REVERTED)

FREE = "free"
OCCUPIED = "occupied"
RETURNING = "returning"
"""The checkout goes back from a hotfix branch: nothing else begins."""
FREE_WITH_HOOK = "free_with_hook"
"""Something runs by hand: no release may start, and nothing else by hand."""
OCCUPIED_WITH_HOOK = "occupied_with_hook"
"""Something runs by hand, to mend what made the release halt that occupies the environment."""
PLACE_STATUSES = (FREE, OCCUPIED, RETURNING, FREE_WITH_HOOK, OCCUPIED_WITH_HOOK)


BESIDE = ("refused", "noted", "legal_hold_placed", "legal_hold_lifted", "detection_ran", "redacted")
"""What may be recorded at any time and changes nothing."""


class Row(TypedDict):
    """One row of the table, in the shape that ``transitions`` takes."""

    trigger: str
    source: str
    dest: str


def in_words(status: str) -> str:
    """Give a status as it stands behind "Ticket 1234 is"."""
    return f"in phase {status}" if status in PHASES else status.replace("_", " ")


def _rows() -> list[Row]:
    rows = [_row("run_requested", status, REQUESTED) for status in STARTABLE]
    for before, phase in zip((REQUESTED, *PHASES), PHASES, strict=False):
        rows += [_row(f"{phase}_started", before, phase), _row(f"{phase}_skipped", before, phase)]
    for phase in PHASES:
        rows += [*_inside(phase, phase), _row(f"{phase}_skipped", HALTED, HALTED)]
    rows += [_row("revert_requested", status, REVERTING) for status in REVERTIBLE]
    rows += _inside(Phase.REVERT, REVERTING)
    rows += [_row("reverted", REVERTING, REVERTED), _row("revert_undone", REVERTING, RELEASED)]
    rows += [_row("adopted", status, RELEASED) for status in STARTABLE]
    rows += [_row("nothing_to_do", Phase.PREPARE, NOTHING_TO_DO), _row("released", Phase.VERIFY, RELEASED)]
    rows += [_row("recovered", REQUESTED, REQUESTED), _row("prepare_halted", REQUESTED, HALTED)]
    rows += [_row(trigger, status, status) for trigger in ("cancel_requested", "fell_silent") for status in RUNNING]
    rows += [_row("reconciled", status, status) for status in (*RUNNING, HALTED)]
    rows += [_row("step_resolved", HALTED, HALTED), _row("abandoned", HALTED, ABANDONED)]
    rows += [_row("reminded", HALTED, HALTED), _row("record_accepted", HALTED, HALTED)]
    rows += [_row(trigger, status, status) for trigger in BESIDE for status in STATUSES]
    rows += [_row("playbook_applied", status, status) for status in STATUSES if status not in RUNNING]
    return rows


def _inside(phase: Phase, status: str) -> list[Row]:
    """What may happen in a phase, how it is left for a decision, and how it is entered again."""
    within = ("step_started", "step_succeeded", "step_failed", "step_interrupted", "recovered", f"{phase}_completed")
    return [
        *(_row(trigger, status, status) for trigger in within),
        _row(f"{phase}_started", status, status),
        _row(f"{phase}_skipped", status, status),  # resumed into, it turns out to have nothing to do
        _row(f"{phase}_halted", status, HALTED),
        _row(f"{phase}_resumed", HALTED, status),
    ]


def _row(trigger: str, source: str, dest: str) -> Row:
    return {"trigger": trigger, "source": str(source), "dest": str(dest)}


RELEASE_TABLE = _rows()
ENVIRONMENT_TABLE = [
    _row("lock_taken", FREE, OCCUPIED),
    _row("lock_freed", OCCUPIED, FREE),
    _row("return_started", FREE, RETURNING),
    _row("return_ended", RETURNING, FREE),
    _row("lock_freed", OCCUPIED_WITH_HOOK, FREE_WITH_HOOK),
    _row("hook_started", FREE, FREE_WITH_HOOK),
    _row("hook_started", OCCUPIED, OCCUPIED_WITH_HOOK),
    _row("fix_started", FREE, FREE_WITH_HOOK),
    _row("fix_started", OCCUPIED, OCCUPIED_WITH_HOOK),
    _row("hook_ended", FREE_WITH_HOOK, FREE),
    _row("hook_ended", OCCUPIED_WITH_HOOK, OCCUPIED),
    *(
        _row(trigger, status, status)
        for trigger in ("lease_taken", "record_accepted", "held", "unheld", "refused", "redacted", "output_expired")
        for status in PLACE_STATUSES
    ),
]


@cache
def release_machine() -> Machine:
    """Build the machine of a release; it has no model of its own and runs no callbacks."""
    return _machine([str(status) for status in STATUSES], RELEASE_TABLE)


@cache
def environment_machine() -> Machine:
    """Build the machine of an environment: at most one release occupies it, and one hook runs by hand."""
    return _machine([*PLACE_STATUSES], ENVIRONMENT_TABLE)


def _machine(statuses: list[str], table: list[Row]) -> Machine:
    return Machine(
        model=None,
        states=statuses,
        transitions=[dict(row) for row in table],
        initial=statuses[0],
        auto_transitions=False,
    )


@cache
def compiled(stream_kind: str) -> dict[tuple[str, str], str]:
    """Give the transitions of ``release`` or ``environment`` streams as (status, trigger) to status."""
    machine = release_machine() if stream_kind == "release" else environment_machine()
    return {
        (transition.source, trigger): str(transition.dest)
        for trigger, event in machine.events.items()
        for transitions in event.transitions.values()
        for transition in transitions
    }


def initial_status(stream: str) -> str:
    """Give the status of a stream without events."""
    return NEW if stream.startswith("release/") else FREE


def next_status(stream: str, status: str, event: ev.Event) -> str:
    """Give the status of a stream after an event.

    Raises:
        IllegalEvent: the table has no row for the event in this status.
    """
    trigger = trigger_of(event)
    try:
        return compiled(stream.partition("/")[0])[status, trigger]
    except KeyError:
        raise IllegalEvent("illegal_event", f"{stream} is {status} and cannot take the event {trigger}.") from None


def trigger_of(event: ev.Event) -> str:
    """Name the trigger that an event pulls."""
    name = _snake(type(event).__name__)
    match event:
        case ev.PhaseStarted() | ev.PhaseCompleted() | ev.PhaseSkipped():
            return f"{event.phase}_{name.removeprefix('phase_')}"
        case ev.Halted() | ev.Resumed():
            return f"{event.phase}_{name}"
        case _:
            return name


_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()
