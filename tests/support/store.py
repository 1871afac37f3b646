"""Stores and events for tests: one sample of every event, and a whole release as the life cycle allows it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure, NextCommand
from released.domain.ids import PHASES, Phase, ServiceName, Sha, Ticket
from released.domain.releases.plan import (
    BackupPolicy,
    Container,
    Executable,
    Health,
    Image,
    PathVerdict,
    ReleasePlan,
    ServicePlan,
)
from released.domain.revert.plan import KeptImage, RevertPlan, ServiceReversal
from released.store.event_store import EventStore, NewEvent, StreamWrite
from released.store.sqlite import open_sqlite

AT = dt.datetime(2026, 5, 18, 15, 30, 12, 123456, tzinfo=dt.UTC)
ACTOR = ev.Actor(uid=1000, name="mara", login_uid=1001)
STREAM = ev.release_stream("prod", "1234")
ENVIRONMENT = ev.environment_stream("prod")

_BASE, _MERGE, _TAKEN_BACK = Sha("a" * 40), Sha("b" * 40), Sha("d" * 40)
_HOOK = Executable("packages/wiki/scripts/ensure-config.sh", "c" * 40, repeatable=True, timeout_s=600.0, idle_s=120.0)
_SERVICE = ServicePlan(
    name=ServiceName("wiki"),
    display_name="Wiki für alle",
    priority=20,
    depends_on=("postgres",),
    stateful=True,
    folder="packages/wiki",
    image=Image("requarks/wiki", "2.5.300", "WIKI_IMAGE_TAG"),
    containers=(Container("prod-wiki", health_check=True),),
    health=Health("http://127.0.0.1:8082/healthz"),
    backup=BackupPolicy(("volume",), "stop", ("wiki-data",)),
    compose_file="packages/wiki/docker-compose.yaml",
    ensure_config=(_HOOK,),
)
PLAN = ReleasePlan(
    ticket="1234",
    base_sha=_BASE,
    head_sha=_BASE,
    merge_sha=_MERGE,
    services=(_SERVICE,),
    verified=(_SERVICE,),
    scripts=(Executable("releases/1234-users.sh", "d" * 40),),
    verdicts=(PathVerdict("packages/wiki/manifest.yaml", ("wiki",), "packages/<svc>/"),),
    container_prefix="prod-",
)
_REQUEST = "request-1"
_FAILURE = Failure(
    "script_failed",
    "releases/1234-users.sh ended with 7.",
    rc=7,
    evidence="line 1\nForbidden \x00 \u2028 é",
    next=(NextCommand(("releasectl", "resume", "1234"), "goes on", "changes"),),
)
_OUTPUT = ev.OutputRef("output/1234/1", 42, "e" * 64)
_RESULTS: tuple[ev.Result, ...] = (
    ev.BackedUp("wiki", "20260518_153012", 4096),
    ev.ImagesKept("wiki", {"prod-wiki": "sha256:1", "prod-wiki-db": "sha256:2"}),
    ev.CheckoutMoved(_MERGE),
    ev.Composed("wiki", "wiki", "v1", ("app",), ("f00",)),
    ev.ImageReady("wiki", "requarks/wiki:2.5.300", "sha256:3", ("requarks/wiki@sha256:4",)),
    ev.Recreated("wiki", {"prod-wiki": "f01"}),
    ev.CommandExited(0),
    ev.Checked(("✓ wiki.healthy",)),
)
REQUESTED = ev.RunRequested(1, _REQUEST, "prod", PLAN, ev.RunOptions(with_tickets=(Ticket("1200"),), reason="late"))
LOCK = ev.LockTaken(Ticket("1234"), 1)
REFUSED = ev.Refused("run", _REQUEST, "environment_busy", "Ticket 1200 occupies the environment.")

SAMPLES_OF_1: tuple[ev.Event, ...] = (
    ev.LeaseTaken(1, "host-1", 4711, "5e0c", "0.1.0"),
    ev.LockTaken(Ticket("1234"), 1),
    ev.LockFreed(Ticket("1234"), 1),
    REQUESTED,
    REFUSED,
    ev.PhaseStarted(Phase.PREPARE, (ev.PlannedStep("fetch", "repeat"), ev.PlannedStep("backup:wiki", "observe"))),
    ev.PhaseCompleted(Phase.PREPARE),
    ev.PhaseSkipped(Phase.TICKET, "no script"),
    ev.StepStarted("fetch", 1, "5e0c"),
    *(ev.StepSucceeded("fetch", 1, result, _OUTPUT) for result in _RESULTS),
    ev.StepFailed("fetch", 2, _FAILURE, _OUTPUT),
    ev.StepInterrupted("fetch", 2, "5e0d"),
    ev.Recovered(Phase.PREPARE, None, "5e0d"),
    ev.Halted(Phase.TICKET, "failed", "script:1234-users.sh", _FAILURE),
    ev.Resumed("request-2", Phase.PREPARE, anew=True, reason="key renewed", plan=PLAN),
    ev.NothingToDo(1),
    ev.Released(1),
    ev.Held("request-3", "the auditor is here", AT),
    ev.Unheld("request-4"),
    ev.CancelRequested("request-5", "wrong night"),
    ev.StepResolved("request-6", "script:1234-users.sh", done=True, reason="all users are there"),
    ev.Abandoned("request-7", "never mind"),
    ev.Noted("request-8", "the vendor knows"),
    ev.HookStarted("request-9", ServiceName("wiki"), _HOOK, "the key is stale", "5e0d"),
    ev.HookEnded("request-9", _FAILURE, in_doubt=True, output=_OUTPUT),
)
"""What the first golden log holds: at least one event of each type of then, and one step for each kind of result."""

_REVERT_PLAN = RevertPlan(
    ticket="1234",
    run=1,
    head_sha=_MERGE,
    target_sha=_BASE,
    services=(
        ServiceReversal(
            name=_SERVICE.name,
            present=_SERVICE,
            former=_SERVICE,
            images=(KeptImage("prod-wiki", "sha256:1", "requarks/wiki:2.5.299"),),
            variables={"WIKI_IMAGE_TAG": "2.5.299", "WIKI_DB_TAG": None},
            backup="20260518_153012",
            restores=True,
            superfluous=("prod-wiki-search",),
        ),
    ),
    push=True,
    warnings=("wiki: prod-wiki-search did not exist before and goes; its volumes stay",),
)
_REVERT_REQUESTED = ev.RevertRequested(
    1, "request-9", _REVERT_PLAN, ev.RevertOptions(with_data=("wiki",), push=True, reason="users lost their pages")
)
_LATER_RESULTS: tuple[ev.Result, ...] = (
    ev.ImagesKept("wiki", {"prod-wiki": "sha256:1"}, {"prod-wiki": "requarks/wiki:2.5.299"}, {"WIKI_IMAGE_TAG": None}),
    ev.DataRestored("wiki", "20260518_153012"),
    ev.Pushed(_TAKEN_BACK, "the remote has moved on"),
)
_HOTFIX = msgspec.structs.replace(PLAN, branch="hotfix-7", brought_back=("f" * 40,), warnings=("packages/old is gone",))
_HOTFIX_OPTIONS = ev.RunOptions(reason="the fix is in it", include_reverted=True, allow_branch=True)
SAMPLES_OF_2: tuple[ev.Event, ...] = (
    _REVERT_REQUESTED,
    *(ev.StepSucceeded("revert.code", 1, result, _OUTPUT) for result in _LATER_RESULTS),
    ev.Reverted(1),
    ev.RevertUndone(1),
    ev.Adopted(2, "request-10", PLAN, "released by hand, the daemon was down"),
    ev.ReturnStarted("request-11", "hotfix-7", _MERGE, _BASE, _MERGE, "merged on Monday"),
    ev.ReturnEnded("request-11", _FAILURE),
    ev.RunRequested(3, "request-12", "prod", _HOTFIX, _HOTFIX_OPTIONS),
    ev.HookStarted("request-14", _SERVICE.name, _HOOK, "the key was stale", "5e0c"),
    ev.HookEnded("request-14", _FAILURE, in_doubt=True, output=_OUTPUT),
    ev.Reconciled("5e0d", ("0123456789ab_prod-wiki was removed: the release had replaced it",), ("prod-wiki is gone",)),
    ev.Reminded(2, AT, Phase.TICKET, "failed", "script_failed"),
    ev.StepStarted("1234-users.sh", 1, "5e0c", 600.0, 120.0),
    ev.FellSilent(AT, 1500.0, "1234-users.sh"),
    ev.DetectionRan(
        "request-15", "stale-credential", 9, (ev.DetectionCheck("ls packages", 0, matched=True, output="wiki"),)
    ),
    ev.PlaybookApplied("request-16", "stale-credential", "fix", "ls packages"),
    ev.FixStarted("request-16", Ticket("1234"), "stale-credential", "fix", "ls packages", "5e0c"),
    ev.RecordAccepted("the newer disk is dead", 17, 19, AT, "ticket 1234, step wiki.recreate"),
    ev.LegalHoldPlaced("request-17", "the insurer asks"),
    ev.LegalHoldLifted("request-18", "they have paid"),
    ev.OutputExpired("request-19", AT, ("steps/prod/1234/1",), 4096),
    ev.Redacted("the key was printed", 9, {"text": "the key is ***"}, _OUTPUT),
)
"""What came since: the way back, hooks that are run by hand, reminders, and what playbooks find out."""

SAMPLES = (*SAMPLES_OF_1, *SAMPLES_OF_2)
"""At least one event of each type, and one step for each kind of result."""


def whole_release() -> list[ev.Event]:
    """List the events of a release that halts once in its script and is released in the end."""
    events: list[ev.Event] = [REQUESTED]
    for phase in PHASES:
        events += [ev.PhaseStarted(phase, (ev.PlannedStep(f"{phase}-step", "repeat"),)), *_step(phase, 1)]
        if phase is Phase.TICKET:
            events[-1] = ev.StepFailed(f"{phase}-step", 1, _FAILURE, _OUTPUT)
            halted = ev.Halted(phase, "failed", f"{phase}-step", _FAILURE)
            events += [halted, ev.Resumed("request-2", phase, anew=False, reason="key renewed"), *_step(phase, 2)]
        events.append(ev.PhaseCompleted(phase))
    return [*events, ev.Released(1)]


def release_that_was_taken_back() -> list[ev.Event]:
    """List the events of a release that is released and taken back; the way back halts once, in its restore."""
    names = ("revert.wiki.keep-images", "revert.code", "revert.wiki.restore", "revert.push")
    kept, restored, pushed = _LATER_RESULTS
    results = (kept, ev.CheckoutMoved(_TAKEN_BACK), restored, pushed)
    save, code, _, push = (_took(name, result) for name, result in zip(names, results, strict=True))
    halt: list[ev.Event] = [
        ev.StepStarted("revert.wiki.restore", 1, "5e0c"),
        ev.StepFailed("revert.wiki.restore", 1, _FAILURE, _OUTPUT),
        ev.Halted(Phase.REVERT, "failed", "revert.wiki.restore", _FAILURE),
        ev.Resumed("request-13", Phase.REVERT, anew=False, reason="made room on the disk"),
    ]
    planned = ev.PhaseStarted(Phase.REVERT, tuple(ev.PlannedStep(name, "repeat") for name in names))
    back = [*save, *code, *halt, *_took("revert.wiki.restore", restored, 2), *push, ev.PhaseCompleted(Phase.REVERT)]
    return [*whole_release(), _REVERT_REQUESTED, planned, *back, ev.Reverted(1)]


def _took(name: str, result: ev.Result, attempt: int = 1) -> list[ev.Event]:
    return [ev.StepStarted(name, attempt, "5e0c"), ev.StepSucceeded(name, attempt, result, _OUTPUT)]


def _step(phase: Phase, attempt: int) -> list[ev.Event]:
    return _took(f"{phase}-step", ev.CommandExited(0), attempt)


def new(event: ev.Event, event_id: str = "") -> NewEvent:
    """Make an event new, with an id of its own."""
    return NewEvent(event_id or str(uuid.uuid4()), AT, ACTOR, event)


def write(stream: str, expected_version: int, *events: ev.Event) -> StreamWrite:
    """Make a stream write of new events."""
    return StreamWrite(stream, expected_version, tuple(new(event) for event in events))


def must_not_fail(error: BaseException) -> NoReturn:
    """Stand for ``on_fatal`` where no commit is to fail."""
    raise AssertionError("the store stopped") from error


@contextmanager
def sqlite_store(path: Path) -> Iterator[EventStore]:
    """Open a store and close it at the end."""
    store = open_sqlite(path, must_not_fail)
    try:
        yield store
    finally:
        store.close()
