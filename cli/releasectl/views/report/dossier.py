"""The facts of a dossier, each ready to be shown: what was planned, what came of it, who decided what and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from releasectl.text.durations import format_duration
from releasectl.text.sanitize import clean, one_line
from releasectl.text.times import moment, seconds_stamp
from releasectl.views.machine import Document, payload
from releasectl.views.report.sources import Output, Sources
from releasectl.views.report.timeline import END_OF_WAIT, Bar, Span, bars, spans
from releasepb.v1 import releases_pb2 as pb

_DECISIONS = {
    "run_requested": "had it run",
    "resumed": "had it go on",
    "revert_requested": "had it taken back",
    "adopted": "took it in, done by hand",
    "step_resolved": "settled a step",
    "cancel_requested": "had it stopped",
    "abandoned": "gave it up",
    "playbook_applied": "applied a playbook",
    "noted": "noted",
}
"""Events in which a person speaks, and what they say in a word."""


@dataclass(frozen=True)
class PlannedStep:
    """A step as it was planned, and what came of it."""

    name: str
    phase: str
    status: str
    attempts: int
    took: str
    remark: str
    """That it was slow, or failed and why; empty where there is nothing to say."""


@dataclass(frozen=True)
class Failure:
    """A halt: what was the matter, and how it went on."""

    at: str
    version: int
    phase: str
    step: str
    cause: str
    code: str
    message: str
    evidence: str
    containers: Sequence[str]
    """What was seen of containers, a line each."""
    waited: str
    next: str
    """What a person decided then; empty where nobody has yet."""
    playbook: str


@dataclass(frozen=True)
class Decision:
    """What a person decided."""

    at: str
    version: int
    by: str
    what: str
    reason: str


@dataclass(frozen=True)
class Line:
    """An event in one line."""

    at: str
    version: int
    actor: str
    text: str


@dataclass(frozen=True)
class Printed:
    """What an attempt of a step printed."""

    step: str
    attempt: int
    output: Output


@dataclass(frozen=True)
class Dossier:
    """All facts about the latest run of a ticket."""

    ticket: str
    environment: str
    run: int
    state: str
    began: str
    ended: str
    took: str
    commits: tuple[str, str]
    services: Sequence[str]
    overrides: Sequence[str]
    notes: Sequence[str]
    backups: Sequence[str]
    bars: Sequence[Bar]
    steps: Sequence[PlannedStep]
    failures: Sequence[Failure]
    decisions: Sequence[Decision]
    advice: str
    """What is recommended for a release that waits for a decision; empty for any other."""
    playbooks: Sequence[str]
    """Which tell of the failure that it waits with, the best first."""
    lines: Sequence[Line]
    printed: Sequence[Printed]
    moments: Sequence[Line]
    """What people decided, and the halts, in order."""
    last_event: str
    """The id of the last event that was read."""
    made_at: str


def dossier(sources: Sources) -> Dossier:
    """Read the facts out of what the daemon told."""
    events, summary = sources.events, sources.release.summary
    found = spans(events)
    begin, end = moment(events[0].at), moment(events[-1].at)
    diagnosis = sources.diagnosis
    return Dossier(
        ticket=one_line(summary.ticket),
        environment=one_line(sources.release.environment),
        run=summary.run,
        state=one_line(summary.state).replace("_", " "),
        began=seconds_stamp(events[0].at),
        ended=seconds_stamp(events[-1].at),
        took=format_duration((end - begin).total_seconds()),
        commits=(one_line(summary.base_sha), one_line(summary.merge_sha)),
        services=[one_line(name) for name in summary.services],
        overrides=[_override(one) for one in sources.release.overrides],
        notes=[f"{clean(one.text)} ({one_line(one.by)}, {seconds_stamp(one.at)})" for one in sources.release.notes],
        backups=[f"{one_line(one.service)} {one_line(one.stamp)}" for one in sources.release.backups],
        bars=bars(found, begin, end),
        steps=list(_steps(sources, found)),
        failures=list(_failures(events)),
        decisions=list(_decisions(events)),
        advice=clean(diagnosis.recommendation.why) if diagnosis else "",
        playbooks=_playbooks(diagnosis),
        lines=[Line(seconds_stamp(one.at), one.version, one_line(one.actor), _line(one)) for one in events],
        printed=[Printed(one_line(step), attempt, text) for (step, attempt), text in sources.outputs.items()],
        moments=list(_moments(events)),
        last_event=one_line(events[-1].event_id),
        made_at=sources.made_at,
    )


def _playbooks(diagnosis: pb.Diagnosis | None) -> list[str]:
    matches = diagnosis.playbooks if diagnosis else ()
    return [f"{one_line(one.playbook.id)}: {one_line(one.playbook.symptom)}" for one in matches]


def _line(event: pb.Event) -> str:
    return one_line(event.line).strip() or event.type


def _override(one: pb.Override) -> str:
    reason = f": {one_line(one.reason)}" if one.reason else ""
    return f"{one_line(one.detail)}{reason} ({one_line(one.by)}, {seconds_stamp(one.at)})"


# --- plan against actual -------------------------------------------------------------------------------------------


def _steps(sources: Sources, found: Sequence[Span]) -> Iterator[PlannedStep]:
    slow = {
        one.step: f"slow: usually {format_duration(one.median_s)}, 95 of 100 within {format_duration(one.p95_s)}"
        for one in sources.run.slow_steps
    }
    failed = _messages(sources.events)
    for phase, name in _planned(sources.events):
        attempts = [span for span in found if span.name == name and span.attempt]
        last = attempts[-1] if attempts else None
        yield PlannedStep(
            name=name,
            phase=phase,
            status=last.status if last else "not begun",
            attempts=len(attempts),
            took=last.took if last else "",
            remark=failed.get(name, "") if last and last.status != "done" else slow.get(name, ""),
        )


def _planned(events: Sequence[pb.Event]) -> list[tuple[str, str]]:
    planned = [
        (one_line(str(data["phase"])), one_line(str(step["name"])))
        for event in events
        if event.type == "phase_started"
        for data in [payload(event)]
        for step in data.get("steps", ())
    ]
    return list(dict.fromkeys(planned))


def _messages(events: Sequence[pb.Event]) -> Mapping[str, str]:
    found = (payload(event) for event in events if event.type == "step_failed")
    return {one_line(str(data["step"])): one_line(str(data["failure"]["message"])) for data in found}


# --- halts, and what people decided --------------------------------------------------------------------------------


def _failures(events: Sequence[pb.Event]) -> Iterator[Failure]:
    for place, event in enumerate(events):
        if event.type == "halted":
            after = next((one for one in events[place + 1 :] if one.type in END_OF_WAIT), None)
            yield _failure(event, after, events[-1])


def _failure(event: pb.Event, after: pb.Event | None, last: pb.Event) -> Failure:
    data, decided = payload(event), payload(after) if after else {}
    told: Document = data.get("failure") or {}
    waited = moment((after or last).at) - moment(event.at)
    return Failure(
        at=seconds_stamp(event.at),
        version=event.version,
        phase=one_line(str(data.get("phase", ""))),
        step=one_line(str(data.get("step") or "")),
        cause=one_line(str(data.get("cause", ""))).replace("_", " "),
        code=one_line(str(told.get("code", ""))),
        message=clean(str(told.get("message", ""))),
        evidence=clean(str(told.get("untrusted_evidence", ""))),
        containers=[_container(one) for one in (data.get("surroundings") or {}).get("containers", ())],
        waited=format_duration(max(waited.total_seconds(), 0.0)),
        next=_decided(after, decided) if after else "",
        playbook=one_line(str(decided.get("playbook", ""))),
    )


def _container(seen: Document) -> str:
    health = f", {one_line(str(seen['health']))}" if seen.get("health") else ""
    killed = ", killed for want of memory" if seen.get("oom_killed") else ""
    code = f", exit code {seen['exit_code']}" if seen.get("exit_code") is not None else ""
    return f"{one_line(str(seen.get('name', '')))}: {one_line(str(seen.get('state', '')))}{health}{code}{killed}"


def _decided(event: pb.Event, data: Document) -> str:
    reason = _reason(data)
    what = f"{one_line(event.actor)} {_DECISIONS[event.type]}, {seconds_stamp(event.at)}"
    return f"{what}: {reason}" if reason else what


def _decisions(events: Sequence[pb.Event]) -> Iterator[Decision]:
    for event in events:
        if event.type in _DECISIONS:
            yield Decision(
                at=seconds_stamp(event.at),
                version=event.version,
                by=one_line(event.actor),
                what=_DECISIONS[event.type],
                reason=_reason(payload(event)),
            )


def _moments(events: Sequence[pb.Event]) -> Iterator[Line]:
    for event in events:
        data, actor = payload(event), one_line(event.actor)
        if event.type in _DECISIONS:
            reason = _reason(data)
            told = f"{actor} {_DECISIONS[event.type]}" + (f": {reason}" if reason else "")
            yield Line(seconds_stamp(event.at), event.version, actor, told)
        elif event.type == "halted":
            code = one_line(str((data.get("failure") or {}).get("code") or data.get("cause", "")))
            yield Line(seconds_stamp(event.at), event.version, actor, f"halted: {code}")


def _reason(data: Document) -> str:
    options: Document = data.get("options") or {}
    return one_line(str(data.get("reason") or options.get("reason") or data.get("text") or data.get("playbook") or ""))
