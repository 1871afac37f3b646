"""How far a run has come: phases and steps, folded from the events of a stream as they arrive."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from releasectl.lifecycle import PHASES, REVERT
from releasectl.text.sanitize import one_line
from releasectl.text.times import moment
from releasectl.views.machine import Document, payload
from releasepb.v1 import releases_pb2 as pb


@dataclass
class Span:
    """Something that begins and ends."""

    name: str
    status: str = "pending"
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None

    def begin(self, at: dt.datetime) -> None:
        """Take note that it runs."""
        self.status, self.started_at, self.ended_at = "running", at, None

    def finish(self, status: str, at: dt.datetime) -> None:
        """Take note how it ended."""
        self.status, self.ended_at = status, at

    def took_s(self, now: dt.datetime) -> float | None:
        """Give the seconds that it took, or has taken so far."""
        if self.started_at is None:
            return None
        return max(((self.ended_at or now) - self.started_at).total_seconds(), 0.0)


@dataclass
class StepSpan(Span):
    """A step, and the lines that it found worth telling."""

    attempt: int = 1
    lines: list[str] = field(default_factory=list)


@dataclass
class PhaseSpan(Span):
    """A phase with its steps in the order of its plan."""

    steps: dict[str, StepSpan] = field(default_factory=dict)
    note: str = ""

    @property
    def finished(self) -> int:
        """How many of its steps are done."""
        return sum(step.status == "done" for step in self.steps.values())


class Progress:
    """What is known of the latest run of a ticket."""

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket
        self.state = "requested"
        self.environment = ""
        self.started_at: dt.datetime | None = None
        self.ended_at: dt.datetime | None = None
        self.current: PhaseSpan | None = None
        self._begin_run({}, None)

    def apply(self, event: pb.Event) -> None:
        """Take in one event; one of a kind that is not known here changes nothing."""
        data, at = payload(event), moment(event.at)
        match event.type:
            case "run_requested":
                self._begin_run(data, at)
            case "adopted":
                self._begin_run(data, at)
                self.state, self.ended_at = "released", at
            case "revert_requested":
                self._turn_back(at)
            case "phase_started" | "phase_completed" | "phase_skipped":
                self._phase_event(event.type, data, at)
            case "step_started" | "step_succeeded" | "step_failed" | "step_interrupted":
                self._step_event(event.type, data, at)
            case "step_resolved":
                self._settle(data)
            case "halted" | "resumed":
                self._turn(event.type, data, at)
            case "released" | "nothing_to_do" | "reverted" | "revert_undone" | "abandoned":
                self.state, self.ended_at = "released" if event.type == "revert_undone" else event.type, at
            case _:
                pass

    def took_s(self, now: dt.datetime) -> float:
        """Give the seconds since the run began, until it rested."""
        return max(((self.ended_at or now) - self.started_at).total_seconds(), 0.0) if self.started_at else 0.0

    def _begin_run(self, data: Document, at: dt.datetime | None) -> None:
        plan = data.get("plan") or {}
        self.run = int(data.get("run", 0))
        self.environment = str(data.get("environment", self.environment))
        self.base_sha = self.merge_sha = ""
        self.services: list[str] = []
        self._take_plan(plan)
        self.phases = {name: PhaseSpan(name) for name in PHASES}
        self.state, self.started_at, self.ended_at, self.current = "requested", at, None, None

    def _take_plan(self, plan: Document) -> None:
        """Take in what is released; a resume that takes up a fix brings a plan of its own."""
        if plan:
            self.base_sha, self.merge_sha = str(plan.get("base_sha", "")), str(plan.get("merge_sha", ""))
            self.services = [str(service["name"]) for service in plan.get("services", ())]

    def _turn_back(self, at: dt.datetime) -> None:
        """Enter the way back; what was done before stays in sight."""
        self.phases[REVERT] = PhaseSpan(REVERT)
        self.state, self.ended_at, self.current = "reverting", None, self.phases[REVERT]
        self.started_at = at

    def _phase(self, name: str) -> PhaseSpan:
        return self.phases.setdefault(name, PhaseSpan(name))

    def _phase_event(self, kind: str, data: Document, at: dt.datetime) -> None:
        phase = self._phase(data["phase"])
        if kind == "phase_completed":
            phase.finish("done", at)
        elif kind == "phase_skipped":
            phase.status, phase.note = "skipped", one_line(str(data.get("reason", "")))
        else:
            self._enter(phase, at)
            planned = [str(step["name"]) for step in data.get("steps", ())]
            phase.steps = {name: phase.steps.get(name) or StepSpan(name) for name in planned}

    def _enter(self, phase: PhaseSpan, at: dt.datetime) -> None:
        phase.begin(at)
        self.state = "reverting" if phase.name == REVERT else phase.name
        self.current, self.ended_at = phase, None

    def _step_event(self, kind: str, data: Document, at: dt.datetime) -> None:
        if self.current is None:
            return
        name = str(data["step"])
        step = self.current.steps.setdefault(name, StepSpan(name))
        step.attempt = int(data.get("attempt", 1))
        match kind:
            case "step_started":
                step.begin(at)
            case "step_succeeded":
                step.finish("done", at)
                step.lines = [one_line(line) for line in (data.get("result") or {}).get("lines", ())]
            case "step_failed":
                step.finish("failed", at)
                step.lines = [one_line(line) for line in str(data["failure"]["message"]).splitlines()[:1]]
            case _:
                step.finish("interrupted", at)

    def _settle(self, data: Document) -> None:
        """Take a step for done of which a person says so; one that is to be done again waits for the resume."""
        step = self.current.steps.get(str(data["step"])) if self.current else None
        if step is not None and data.get("done"):
            step.status, step.lines = "done", ["settled by hand"]

    def _turn(self, kind: str, data: Document, at: dt.datetime) -> None:
        """Halt in a phase, or go back into one, where later phases wait again."""
        phase = self._phase(data["phase"])
        if kind == "halted":
            self.current = phase
            phase.finish("halted", at)
            phase.note = str(data.get("cause", "")).replace("_", " ")
            self.state, self.ended_at = "halted", at
            return
        self._enter(phase, at)
        phase.note = ""
        self._take_plan(data.get("plan") or {})
        names = list(self.phases)
        for later in names[names.index(phase.name) + 1 :]:
            self.phases[later] = PhaseSpan(later)
        for step in phase.steps.values():
            if data.get("anew") or step.status != "done":
                step.status, step.started_at, step.ended_at, step.lines = "pending", None, None, []
