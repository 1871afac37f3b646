"""Years of one environment, made up: fifteen services, releases that go well, halt, are resumed, taken back.

Its events are those of real releases, in their order and with what they carry; a store takes them as any other.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from released.domain import events as ev
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase, ServiceName, Sha, Ticket
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
from released.store.event_store import NewEvent, StreamWrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from released.store.event_store import EventStore

NAME = "prod"
SERVICES = tuple(f"service-{number:02}" for number in range(15))
PEOPLE = ("mara", "olu", "jens")
CODES = ("hook_failed", "service_unhealthy", "script_failed", "image_missing")
_BEGIN = dt.datetime(2021, 1, 4, 7, tzinfo=dt.UTC)
_TOGETHER = 40
"""How many tickets are appended at once."""


@dataclass
class Years:
    """What is made up, and the clock that goes with it.

    Args:
        seed: another one gives other years.
    """

    seed: int = 7
    tickets: list[str] = field(default_factory=list)
    """In the order in which they were run."""
    count: int = 0
    """Of events."""

    def __post_init__(self) -> None:
        """Begin at a Monday."""
        self._chance = random.Random(self.seed)  # noqa: S311 (made up)
        self._now = _BEGIN
        self._versions = dict.fromkeys(SERVICES, 0)
        self._head = self._sha()
        self._place = 0

    def fill(self, store: EventStore, events: int) -> None:
        """Append releases until there are so many events."""
        while self.count < events:
            writes = [write for _ in range(_TOGETHER) if self.count < events for write in self._ticket()]
            store.append(writes)

    def _ticket(self) -> Iterator[StreamWrite]:
        """Give all that is ever recorded of one ticket; the environment is its own meanwhile."""
        ticket = Ticket(str(1000 + len(self.tickets)))
        self.tickets.append(ticket)
        self._now += dt.timedelta(hours=self._chance.uniform(0.5, 6))
        by = ev.Actor(1000, self._chance.choice(PEOPLE))
        version = 0
        for at_once, frees in self._life(ticket):
            yield self._write(ev.release_stream(NAME, ticket), version, at_once, by)
            version += len(at_once)
            of_place = ev.LockFreed(ticket, 1) if frees else ev.LockTaken(ticket, 1)
            yield self._write(ev.environment_stream(NAME), self._place, [of_place], by)
            self._place += 1

    def _write(self, stream: str, version: int, events: Sequence[ev.Event], by: ev.Actor) -> StreamWrite:
        news = []
        for event in events:
            self._now += dt.timedelta(seconds=self._chance.uniform(0.1, 20))
            self.count += 1
            news.append(NewEvent(f"{stream}:{self.count}", self._now, by, event))
        return StreamWrite(stream, version, tuple(news))

    # --- a ticket ------------------------------------------------------------------------------------------------

    def _life(self, ticket: Ticket) -> Iterator[tuple[list[ev.Event], bool]]:
        """Give its events in pieces, each with whether the environment is free after it or taken."""
        services = [self._service(name) for name in self._chance.sample(SERVICES, self._chance.randint(1, 3))]
        script = self._chance.random() < 0.5
        plan = self._plan(ticket, services, script=script)
        yield [ev.RunRequested(1, f"request-{ticket}", NAME, plan, ev.RunOptions())], False
        fate = self._chance.random()
        if fate < 0.03:
            yield [*self._forward(plan, halts=True), ev.Abandoned(f"abandon-{ticket}", "the vendor withdrew it")], True
            return
        mended = fate < 0.15
        yield [*self._forward(plan, halts=mended), *(self._on(plan) if mended else ()), ev.Released(1)], True
        self._head = plan.merge_sha
        if fate > 0.97:
            yield [self._turned_back(plan)], False
            yield [*self._back(plan), ev.Reverted(1)], True

    def _forward(self, plan: ReleasePlan, *, halts: bool) -> list[ev.Event]:
        before: dict[str, ev.Result] = {"fetch": ev.Checked(("✓ fetched",))}
        for one in plan.services:
            before[f"{one.name}.backup"] = ev.BackedUp(one.name, f"{self._now:%Y%m%d_%H%M%S}", 4096)
            before[f"{one.name}.keep-images"] = ev.ImagesKept(one.name, {f"prod-{one.name}": f"sha256:{self._sha()}"})
        before["fast-forward"] = ev.CheckoutMoved(plan.merge_sha)
        forward = [*_phase(Phase.PREPARE, before)]
        migrate = self._migrate(plan)
        if halts:
            return [*forward, *self._halted(plan, migrate)]
        return [*forward, *_phase(Phase.MIGRATE, migrate), *self._rest(plan)]

    def _migrate(self, plan: ReleasePlan) -> dict[str, ev.Result]:
        steps: dict[str, ev.Result] = {}
        for one in plan.services:
            reference = one.image.reference if one.image else ""
            image = f"sha256:{self._sha()}"
            steps[f"{one.name}.image"] = ev.ImageReady(one.name, reference, image, (f"{reference}@{image}",))
        for one in plan.services:
            steps[f"{one.name}.recreate"] = ev.Recreated(one.name, {f"prod-{one.name}": self._sha()})
            steps[f"{one.name}.healthy"] = ev.Checked((f"✓ {one.name}.healthy",))
        return steps

    def _halted(self, plan: ReleasePlan, migrate: Mapping[str, ev.Result]) -> list[ev.Event]:
        """Give phase migrate up to where the last service would not become well."""
        *done, last = migrate
        code = self._chance.choice(CODES)
        evidence = "".join(f"line {number}: connection refused\n" for number in range(20))
        next_ = NextCommand(("releasectl", "resume", plan.ticket), "goes on", "changes")
        failure = Failure(code, f"{last} of {plan.ticket} failed.", rc=1, evidence=evidence, next=(next_,))
        return [
            ev.PhaseStarted(Phase.MIGRATE, tuple(ev.PlannedStep(name, "observe") for name in migrate)),
            *(event for name in done for event in _step(name, migrate[name])),
            ev.StepStarted(last, 1, "boot"),
            ev.StepFailed(last, 1, failure),
            ev.Halted(Phase.MIGRATE, "failed", last, failure),
        ]

    def _on(self, plan: ReleasePlan) -> list[ev.Event]:
        """Give what follows once a person has mended it."""
        last = f"{plan.services[-1].name}.healthy"
        resumed = ev.Resumed(f"resume-{plan.ticket}", Phase.MIGRATE, anew=False, reason="the disk was full")
        mended = _step(last, ev.Checked(("✓ healthy",)), 2)
        return [resumed, *mended, ev.PhaseCompleted(Phase.MIGRATE), *self._rest(plan)]

    def _rest(self, plan: ReleasePlan) -> list[ev.Event]:
        if plan.scripts:
            ticket = _phase(Phase.TICKET, {"script": ev.CommandExited(0)})
        else:
            ticket = [ev.PhaseSkipped(Phase.TICKET, "nothing to do in ticket")]
        checks: dict[str, ev.Result] = {f"{one.name}.verify": ev.Checked(("✓ 200",)) for one in plan.services}
        return [*ticket, *_phase(Phase.VERIFY, checks)]

    def _turned_back(self, plan: ReleasePlan) -> ev.RevertRequested:
        touched = tuple(
            ServiceReversal(one.name, one, one, (KeptImage(f"prod-{one.name}", f"sha256:{self._sha()}", "old:1"),))
            for one in plan.services
        )
        back = RevertPlan(plan.ticket, 1, plan.merge_sha, plan.base_sha, touched)
        return ev.RevertRequested(1, f"revert-{plan.ticket}", back, ev.RevertOptions(reason="users lost their pages"))

    def _back(self, plan: ReleasePlan) -> list[ev.Event]:
        self._head = self._sha()
        steps: dict[str, ev.Result] = {"revert.code": ev.CheckoutMoved(self._head)}
        for one in plan.services:
            steps[f"revert.{one.name}.recreate"] = ev.Recreated(one.name, {f"prod-{one.name}": self._sha()})
        return _phase(Phase.REVERT, steps)

    # --- names ---------------------------------------------------------------------------------------------------

    def _sha(self) -> Sha:
        return Sha(f"{self._chance.getrandbits(160):040x}")

    def _service(self, name: str) -> ServicePlan:
        self._versions[name] += 1
        return ServicePlan(
            name=ServiceName(name),
            display_name=name.title(),
            priority=50,
            depends_on=(),
            stateful=True,
            folder=f"packages/{name}",
            image=Image(f"registry.example/{name}", f"1.{self._versions[name]}", f"{name.upper()}_TAG"),
            containers=(Container(f"prod-{name}", health_check=True),),
            health=Health(f"http://127.0.0.1/{name}"),
            backup=BackupPolicy(("volume",), "stop", (f"{name}-data",)),
            compose_file=f"packages/{name}/docker-compose.yaml",
        )

    def _plan(self, ticket: Ticket, services: Sequence[ServicePlan], *, script: bool) -> ReleasePlan:
        return ReleasePlan(
            ticket=ticket,
            base_sha=self._head,
            head_sha=self._head,
            merge_sha=self._sha(),
            services=tuple(services),
            verified=tuple(services),
            scripts=(Executable(f"releases/{ticket}-move.sh", self._sha()),) if script else (),
            verdicts=tuple(
                PathVerdict(f"{one.folder}/manifest.yaml", (one.name,), "packages/<svc>/") for one in services
            ),
        )


def _phase(phase: Phase, steps: Mapping[str, ev.Result]) -> list[ev.Event]:
    planned = tuple(ev.PlannedStep(name, "observe") for name in steps)
    taken = [event for name, result in steps.items() for event in _step(name, result)]
    return [ev.PhaseStarted(phase, planned), *taken, ev.PhaseCompleted(phase)]


def _step(name: str, result: ev.Result, attempt: int = 1) -> list[ev.Event]:
    return [ev.StepStarted(name, attempt, "boot"), ev.StepSucceeded(name, attempt, result)]
