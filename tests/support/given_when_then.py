"""A tiny specification: given these events, when this command, then those events; over the real fold and decide.

Builders below ask only for what a test cares about; all else is some sensible release of ticket 1234 in ``prod``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments import environment
from released.domain.errors import ReleasedError
from released.domain.failure import Failure
from released.domain.ids import Phase, RequestId, ServiceName, Sha, Ticket
from released.domain.releases import decide, release
from released.domain.releases.plan import BackupPolicy, Executable, Health, ReleasePlan, ServicePlan
from released.domain.revert.plan import RevertPlan, ServiceReversal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ENVIRONMENT = "prod"
TICKET = Ticket("1234")
REQUEST = RequestId("request-1")
BASE = Sha("a" * 40)
MERGE = Sha("b" * 40)
FIX = Sha("c" * 40)
TAKEN_BACK = Sha("d" * 40)
"""The commit that takes the code back."""
BROUGHT_BACK = Sha("e" * 40)
"""The commit that takes that one back."""
BOOT = "boot-1"
ACTOR = ev.Actor(1000, "alice")
BEGIN = dt.datetime(2026, 5, 18, 15, 30, 0, tzinfo=dt.UTC)

Command = cmd.StartRun | cmd.ResumeRun | cmd.Revert | cmd.Adopt
_OF_ENVIRONMENT = (
    ev.LeaseTaken,
    ev.LockTaken,
    ev.LockFreed,
    ev.ReturnStarted,
    ev.ReturnEnded,
    ev.HookStarted,
    ev.HookEnded,
)


# --- the specification -------------------------------------------------------------------------------------------

MENDED = "mended"
"""Cause of a halt, for the record."""


def given(*events: ev.Event) -> History:
    """Begin with what is on record; events of the environment's stream find their place by themselves."""
    return History(events)


@dataclass(frozen=True)
class History:
    """What is on record before a command."""

    events: tuple[ev.Event, ...]

    def when(self, command: Command, plan: ReleasePlan | RevertPlan | None = None) -> Decision:
        """Ask for a decision; ``plan`` is what planning found, where the command needs one."""
        return Decision(self, command, plan)


@dataclass(frozen=True)
class Decision:
    """A command that waits for its outcome to be looked at."""

    history: History
    command: Command
    plan: ReleasePlan | RevertPlan | None

    def then(self, *expected: ev.Event) -> None:
        """Expect exactly these events, those of the environment's stream last, and that the life cycle takes them."""
        decided = self._decide()
        assert decided == list(expected)
        state_after(*self.history.events, *decided)

    def then_refused(self, code: str, kind: type[ReleasedError] = ReleasedError) -> ReleasedError:
        """Expect a refusal with this code, and give it for a closer look."""
        with pytest.raises(kind) as caught:
            self._decide()
        assert caught.value.code == code
        return caught.value

    def _decide(self) -> list[ev.Event]:
        state, place = state_after(*self.history.events), place_after(*self.history.events)
        there = self.plan if isinstance(self.plan, ReleasePlan) else None
        back = self.plan if isinstance(self.plan, RevertPlan) else revert_plan()
        match self.command:
            case cmd.ResumeRun():
                return decide.resume(self.command, state, there)
            case cmd.Adopt():
                own, shared = decide.adopt(self.command, there or plan(), state, place)
            case cmd.Revert():
                own, shared = decide.revert(self.command, back, state, place)
            case cmd.StartRun():
                own, shared = decide.start(self.command, there or plan(), state, place, ENVIRONMENT)
        return [*own, *shared]


def state_after(*events: ev.Event) -> release.ReleaseState:
    """Fold the events of a release; those of the environment are left out."""
    return release.fold(recorded(*(event for event in events if not isinstance(event, _OF_ENVIRONMENT))))


def place_after(*events: ev.Event) -> environment.EnvironmentState:
    """Fold the events of an environment; those of releases are left out."""
    of_place = [event for event in events if isinstance(event, _OF_ENVIRONMENT)]
    return environment.fold(recorded(*of_place, stream=ev.environment_stream(ENVIRONMENT)))


def recorded(
    *events: ev.Event, stream: str = "", begin: dt.datetime = BEGIN, every_s: float = 1.0
) -> list[ev.Recorded]:
    """Record events of one stream, one each second."""
    name = stream or ev.release_stream(ENVIRONMENT, TICKET)
    return [
        ev.Recorded(number, name, number, f"event-{number}", _at(begin, every_s, number), ACTOR, event)
        for number, event in enumerate(events, start=1)
    ]


def _at(begin: dt.datetime, every_s: float, number: int) -> dt.datetime:
    return begin + dt.timedelta(seconds=every_s * (number - 1))


# --- plans -------------------------------------------------------------------------------------------------------


def service(name: str, *, depends_on: Sequence[str] = (), priority: int = 50) -> ServicePlan:
    """Build a service without containers."""
    return ServicePlan(
        name=ServiceName(name),
        display_name=name,
        priority=priority,
        depends_on=tuple(depends_on),
        stateful=False,
        folder=f"packages/{name}",
        image=None,
        containers=(),
        health=Health(),
        backup=BackupPolicy(),
        compose_file=None,
    )


def plan(services: Iterable[str] = ("web",), scripts: Iterable[str] = (), merge: Sha = MERGE) -> ReleasePlan:
    """Build a plan that moves the checkout from BASE to ``merge``."""
    affected = tuple(service(name) for name in services)
    return ReleasePlan(
        ticket=TICKET,
        base_sha=BASE,
        head_sha=BASE,
        merge_sha=merge,
        services=affected,
        verified=affected,
        scripts=tuple(Executable(f"releases/{name}", "d" * 40) for name in scripts),
        verdicts=(),
    )


def revert_plan(
    services: Iterable[str] = ("web",),
    *,
    head: Sha = MERGE,
    target: Sha | None = BASE,
    undoes: bool = False,
    push: bool = False,
) -> RevertPlan:
    """Build a plan that takes the tree back from ``head`` to ``target``; ``None`` leaves the code where it is."""
    touched = tuple(ServiceReversal(ServiceName(name), service(name), service(name)) for name in services)
    return RevertPlan(TICKET, 1, head, target, touched, undoes=undoes, push=push)


# --- events ------------------------------------------------------------------------------------------------------


def requested(of: ReleasePlan | None = None, run: int = 1) -> ev.RunRequested:
    """Build the acceptance of a run."""
    return ev.RunRequested(run, REQUEST, ENVIRONMENT, of or plan(), ev.RunOptions())


def started(phase: Phase, *steps: str) -> ev.PhaseStarted:
    """Build the begin of a phase with these steps."""
    return ev.PhaseStarted(phase, tuple(ev.PlannedStep(name, "repeat") for name in steps))


def step_begun(name: str, attempt: int = 1) -> ev.StepStarted:
    """Build the intent of a step."""
    return ev.StepStarted(name, attempt, BOOT)


def step_done(name: str, result: ev.Result | None = None, attempt: int = 1) -> list[ev.Event]:
    """Build the intent of a step and its success."""
    return [step_begun(name, attempt), ev.StepSucceeded(name, attempt, result)]


def phase_done(phase: Phase, steps: Mapping[str, ev.Result | None] | None = None) -> list[ev.Event]:
    """Build a whole phase with its steps and their results."""
    done = [event for name, result in (steps or {}).items() for event in step_done(name, result)]
    return [started(phase, *(steps or {})), *done, ev.PhaseCompleted(phase)]


def prepared(merge: Sha = MERGE) -> list[ev.Event]:
    """Build phase prepare of a release of service ``web``."""
    moved: dict[str, ev.Result] = {
        "web.backup": ev.BackedUp("web", "20260518_153012", 7),
        "fast-forward": ev.CheckoutMoved(merge),
    }
    return phase_done(Phase.PREPARE, moved)


def halted(phase: Phase, cause: str = "failed", step: str | None = None, rc: int = 1) -> ev.Halted:
    """Build a halt."""
    return ev.Halted(phase, cause, step, Failure("some_failure", "Something failed.", rc))


def resumed(
    phase: Phase, *, anew: bool = False, renewed: ReleasePlan | None = None, reason: str = MENDED
) -> ev.Resumed:
    """Build a resume."""
    return ev.Resumed(REQUEST, phase, anew, reason, renewed)


def refused() -> ev.Refused:
    """Build a refusal."""
    return ev.Refused("run", REQUEST, "working_tree_dirty", "Working tree is dirty.")


def whole_run(of: ReleasePlan | None = None, run: int = 1) -> list[ev.Event]:
    """Build a release without a failure and without a script."""
    return [
        requested(of, run),
        *prepared(),
        *phase_done(Phase.MIGRATE, {"web.recreate": ev.Recreated("web", {"web": "id"})}),
        ev.PhaseSkipped(Phase.TICKET, "there is no script"),
        *phase_done(Phase.VERIFY, {"web.verify": ev.Checked(("✓ web.healthy",))}),
        ev.Released(run),
    ]


def revert_requested(of: RevertPlan | None = None, options: ev.RevertOptions | None = None) -> ev.RevertRequested:
    """Build the acceptance of a revert."""
    return ev.RevertRequested(1, REQUEST, of or revert_plan(), options or ev.RevertOptions())


def brought_back(commit: Sha = TAKEN_BACK) -> list[ev.Event]:
    """Build phase revert for service ``web``; the code is back at ``commit``."""
    steps: dict[str, ev.Result] = {
        "revert.checkout": ev.Checked(("✓ checkout",)),
        "revert.web.save": ev.BackedUp("web", "20260519_090000", 7),
        "revert.web.keep-images": ev.ImagesKept("web", {"web": "sha256:new"}),
        "revert.code": ev.CheckoutMoved(commit),
        "revert.web.restore": ev.DataRestored("web", "20260518_153012"),
        "revert.web.recreate": ev.Recreated("web", {"web": "id-2"}),
    }
    return phase_done(Phase.REVERT, steps)


def whole_revert() -> list[ev.Event]:
    """Build a revert of a release, without a failure."""
    return [revert_requested(), *brought_back(), ev.Reverted(1)]


def whole_undoing() -> list[ev.Event]:
    """Build a revert of a revert, without a failure."""
    undoing = revert_plan(head=TAKEN_BACK, target=MERGE, undoes=True)
    return [revert_requested(undoing), *brought_back(BROUGHT_BACK), ev.RevertUndone(1)]


def nothing_to_do(run: int = 1) -> list[ev.Event]:
    """Build a run that found nothing to do."""
    nothing = plan(services=())
    return [requested(nothing, run), *phase_done(Phase.PREPARE), ev.NothingToDo(run)]
