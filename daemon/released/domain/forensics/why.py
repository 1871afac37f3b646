"""Why a release did something: the chain from a person's decision over changed paths and services to a container.

Each link names the event that it is read from, so that a reader can look it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from released.domain import events as ev
from released.domain.errors import NotFound
from released.domain.forensics.blame import steps_back, steps_forth
from released.domain.forensics.decision import decision_before, reason_of
from released.domain.forensics.runs import latest_run
from released.domain.ids import Phase
from released.domain.releases import release
from released.domain.releases.narration import line
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import required

_SHOWN = 30
"""How many names a subject that is not known is told."""


class Link(msgspec.Struct, frozen=True):
    """One cause: what it is, and the event that tells it."""

    kind: str
    """``decision``, ``commits``, ``path``, ``service``, ``command``, ``step``, ``container`` or ``outcome``."""
    text: str
    version: int
    """Of the event in the ticket's stream."""


def why(events: Sequence[ev.Recorded], subject: str) -> tuple[Link, ...]:
    """Tell why there is a service, a step, a container, a script or a changed path in a ticket's latest run.

    Args:
        events: the record of the ticket; it was run.
        subject: its name: of a service, a step, a container or a script, or a path.

    Raises:
        NotFound: ``subject_unknown``, with the names that are known.
    """
    run = _Run(events)
    if subject in run.containers:
        return run.chain(run.service_of_container(subject), run.steps_of_container(subject), subject)
    if subject in run.state.steps:
        return run.chain(run.service_of_step(subject) or "", [subject])
    if subject in run.services:
        return run.chain(subject, [name for name in run.state.steps if run.service_of_step(name) == subject])
    if subject in run.scripts:
        return run.chain_of_script(subject)
    if subject in run.paths:
        return run.chain_of_path(subject)
    raise _unknown(subject, (*run.services, *run.containers, *run.scripts, *run.paths, *run.state.steps))


def _unknown(subject: str, known: Iterable[str]) -> NotFound:
    names = list(dict.fromkeys(known))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    told = ", ".join(names[:_SHOWN]) + more
    return NotFound("subject_unknown", f"This run has nothing that is called {subject!r}. It knows: {told}.")


class _Run:
    """The latest run of a ticket, and where its facts stand."""

    def __init__(self, events: Sequence[ev.Recorded]) -> None:
        self.state = release.fold(events)
        self._plan = required(self.state.plan)
        self._events = latest_run(events)
        self._all = events
        self.services: dict[str, ServicePlan] = {one.name: one for one in self._plan.services}
        self.paths = {one.path: one for one in self._plan.verdicts}
        self.scripts = {script.path: script.name for script in self._plan.scripts}
        self.containers = dict(_containers(self._events))

    def chain(self, service: str, steps: Sequence[str], container: str = "") -> tuple[Link, ...]:
        """Give the links from the decision down to steps and a container."""
        return (
            *self._beginning(steps),
            *(self._path(path) for path, one in self.paths.items() if service in one.services),
            *([self._service(service)] if service in self.services else []),
            *(link for step in steps for link in self._step(step)),
            *([self._container(container)] if container else []),
        )

    def chain_of_path(self, path: str) -> tuple[Link, ...]:
        """Give the links from the decision over a path to the services that it affects."""
        services = [self._service(name) for name in self.paths[path].services if name in self.services]
        return (*self._beginning(()), self._path(path), *services)

    def chain_of_script(self, path: str) -> tuple[Link, ...]:
        """Give the links from the decisions to a script of the ticket."""
        step = self.scripts[path]
        changed = [self._path(path)] if path in self.paths else []
        return (*self._beginning([step]), *changed, *self._step(step))

    def service_of_container(self, name: str) -> str:
        """Name the service that a container belongs to."""
        return self.containers[name].service

    def steps_of_container(self, name: str) -> list[str]:
        """Name the steps whose effect a container is: what Compose made of its service, its image, and its making."""
        service, way = self.containers[name].service, "revert." if self.state.is_way_back else ""
        names = [f"{way}{service}.{verb}" for verb in ("compose", "image", "recreate")]
        return [step for step in names if step in self.state.steps]

    def service_of_step(self, name: str) -> str | None:
        """Name the service that a step works on; ``None`` for one of the whole release."""
        head = name.removeprefix("revert.")
        return max((name for name in self.services if head.startswith(f"{name}.")), key=len, default=None)

    # --- links ------------------------------------------------------------------------------------------------------

    def _beginning(self, steps: Sequence[str]) -> Iterator[Link]:
        """Give who asked for the run and, where that is somebody else's decision, for what the steps did."""
        opened = self._events[0]
        yield _decision(opened)
        plan = self._plan
        yield Link("commits", f"{plan.base_sha[:12]}..{plan.merge_sha[:12]}", opened.version)
        begun = [one.version for one in self._events if _begins(one.event, steps)]
        later = decision_before(self._all, begun[-1]) if begun else None
        if later is not None and later.version != opened.version:
            yield _decision(later)

    def _path(self, path: str) -> Link:
        verdict = self.paths[path]
        affected = ", ".join(verdict.services) or "nothing"
        return Link("path", f"{path} changed: {verdict.rule} affects {affected}", self._planned_at())

    def _service(self, name: str) -> Link:
        service = self.services[name]
        image = f", image {service.image.reference}" if service.image else ""
        after = f", after {', '.join(service.depends_on)}" if service.depends_on else ""
        return Link("service", f"{name} is affected: priority {service.priority}{after}{image}", self._planned_at())

    def _step(self, name: str) -> Iterator[Link]:
        """Give what a step runs and each thing that was recorded of it."""
        command = self._command(name)
        for recorded in self._events:
            if getattr(recorded.event, "step", None) != name:
                continue
            yield Link("step", line(recorded.event).strip(), recorded.version)
            if command and isinstance(recorded.event, ev.StepStarted):
                yield Link("command", command, recorded.version)

    def _command(self, step: str) -> str:
        """Say what a step runs; empty for what the daemon does itself."""
        service = self.service_of_step(step) or ""
        back = steps_back(self.state.reversal.plan, service) if self.state.reversal else ()
        for name, executable in (*steps_forth(self.state, service), *back):
            if name == step:
                return f"{executable.path} (blob {executable.blob[:12]})"
        composed = {one.service: one for phase in (Phase.MIGRATE, Phase.REVERT) for one in self._composed(phase)}
        if service in composed and step.endswith((".image", ".recreate")):
            one = composed[service]
            return f"Compose ({one.driver}), project {one.project}: {', '.join(one.compose_services)}"
        return ""

    def _composed(self, phase: Phase) -> list[ev.Composed]:
        return self.state.results(ev.Composed, phase)

    def _container(self, name: str) -> Link:
        recreated = self.containers[name]
        placed = next(one for one in reversed(self._events) if _result(one.event) == recreated)
        images = [] if self.state.is_way_back else self.state.results(ev.ImageReady, Phase.MIGRATE)
        ready = next((one for one in images if one.service == recreated.service), None)
        image = f" of {ready.reference} ({ready.image_id[7:19]})" if ready else ""
        return Link("container", f"{name} is {recreated.containers[name][:12]}{image}", placed.version)

    def _planned_at(self) -> int:
        """Give the event that holds the present plan."""
        holds = (one for one in reversed(self._events) if getattr(one.event, "plan", None) == self._plan)
        return next(holds).version


def _containers(events: Iterable[ev.Recorded]) -> Iterator[tuple[str, ev.Recreated]]:
    for recorded in events:
        result = _result(recorded.event)
        if isinstance(result, ev.Recreated):
            yield from ((name, result) for name in result.containers)


def _result(event: ev.Event) -> ev.Result | None:
    return event.result if isinstance(event, ev.StepSucceeded) else None


def _begins(event: ev.Event, steps: Sequence[str]) -> bool:
    return isinstance(event, ev.StepStarted) and event.step in steps


def _decision(recorded: ev.Recorded) -> Link:
    reason = reason_of(recorded.event)
    told = f"{recorded.actor.name} asked for it at {recorded.at:%Y-%m-%d %H:%M:%SZ}: {line(recorded.event)}"
    return Link("decision", told + (f" ({reason})" if reason and reason not in told else ""), recorded.version)
