"""Turns what the domain knows into messages; total functions, nothing else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from released.adapters.docker.containers import Running
from released.domain import events as ev
from released.domain.environments.checkup import Check
from released.domain.environments.drift import Finding
from released.domain.environments.hook import exit_code, told
from released.domain.environments.witness import RecordIsOlder
from released.domain.failure import Failure, NextCommand
from released.domain.ids import (
    PHASES,
    Phase,
)
from released.domain.releases import lifecycle
from released.domain.releases.narration import line
from released.domain.releases.outcome import Outcome
from released.domain.releases.overrides import Override
from released.domain.releases.person import needs_person
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState
from released.domain.releases.remarks import Note
from released.domain.releases.reminders import Standstill
from released.domain.releases.silence import Silence
from released.domain.releases.step_state import StepState
from released.store import codec
from released.store.errors import ReadOnly
from released.store.release_list import ListedRelease
from releasepb.v1 import releases_pb2 as pb

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Escape sequences and control characters, but for tab and line feed."""


def printable(text: str) -> str:
    """Strip what could steer a terminal out of text from containers and scripts."""
    return _CONTROL.sub("", text)


# --- events ------------------------------------------------------------------------------------------------------


def event(recorded: ev.Recorded) -> pb.Event:
    """Show an event as it stands on record, and in one line."""
    encoded = codec.encode(recorded.event)
    login = recorded.actor.login_uid
    return pb.Event(
        position=recorded.position,
        version=recorded.version,
        event_id=recorded.event_id,
        at=timestamp(recorded.at),
        type=encoded.type,
        actor=recorded.actor.name,
        uid=recorded.actor.uid,
        payload_json=encoded.payload.encode(),
        line=printable(line(recorded.event)),
        login_uid=-1 if login is None else login,
    )


def end(state: ReleaseState, told: Outcome) -> pb.End:
    """Tell how a release that rests came out."""
    return pb.End(
        state=state.status,
        exit_code=told.exit_code,
        failure=failure(told.failure, state) if told.failure else None,
        message=told.message,
        next=[next_command(one) for one in told.next],
    )


def failure(known: Failure, state: ReleaseState) -> pb.Failure:
    """Show a failure; its evidence comes from outside and is marked so."""
    return pb.Failure(
        code=known.code,
        message=printable(known.message),
        rc=known.rc,
        untrusted_evidence=printable(known.evidence),
        step=(state.halt.step or "") if state.halt else "",
        phase=str(state.halt.phase) if state.halt else "",
    )


def next_command(command: NextCommand, by_hand: Sequence[str] = ()) -> pb.NextCommand:
    """Show a command that may be typed next.

    Args:
        command: it.
        by_hand: what only a person can do before.
    """
    return pb.NextCommand(
        argv=command.argv,
        effect=command.effect,
        danger=command.danger,
        condition=command.condition,
        human=needs_person(command, by_hand),
    )


def read_only(reason: ReadOnly | RecordIsOlder | None) -> pb.ReadOnly | None:
    """Show why nothing can be recorded, or must be, where that is so."""
    if reason is None:
        return None
    cause, why = (reason.cause, reason.why) if isinstance(reason, ReadOnly) else (reason.code, reason.message)
    return pb.ReadOnly(cause=cause, message=printable(why), next=[next_command(one) for one in reason.next_commands])


# --- releases ----------------------------------------------------------------------------------------------------


def release(state: ReleaseState, environment: str, told: Outcome) -> pb.Release:
    """Show where a ticket stands."""
    return pb.Release(
        summary=summary(state),
        environment=environment,
        version=state.version,
        phases=[pb.PhaseStatus(phase=phase, status=state.phases.get(phase, "pending")) for phase in _way(state)],
        steps=[_step(step, state.status) for step in state.steps.values()],
        failure=failure(state.halt.failure, state) if state.halt else None,
        halt_cause=state.halt.cause if state.halt else "",
        backups=[
            pb.Backup(service=one.service, stamp=one.stamp, bytes=one.bytes)
            for one in state.results(ev.BackedUp, Phase.PREPARE)
        ],
        next=[next_command(one) for one in told.next],
        overrides=[override(one) for one in state.overrides],
        revert=_revert(state),
        notes=[note(one) for one in state.notes],
        legal_hold=note(state.legal_hold) if state.legal_hold else None,
        cancelling=_cancelling(state),
        standstill=standstill(state.standstill),
        silence=silence(state.silence),
    )


def note(one: Note) -> pb.Note:
    """Show a remark, and who made it when."""
    return pb.Note(text=printable(one.text), by=one.by.name, at=timestamp(one.at))


def _cancelling(state: ReleaseState) -> pb.Cancelling | None:
    """Show the wish to have it stopped, until it is."""
    wish = state.cancelling
    if wish is None or not state.is_running:
        return None
    return pb.Cancelling(kill=wish.kill, reason=printable(wish.reason), by=wish.by.name, at=timestamp(wish.at))


def _way(state: ReleaseState) -> tuple[Phase, ...]:
    """List the phases of a release; one that was done by hand went through none of ours."""
    if state.is_adopted:
        return ()
    return (*PHASES, Phase.REVERT) if state.is_way_back else PHASES


def _revert(state: ReleaseState) -> pb.RevertOutcome | None:
    if state.reversal is None:
        return None
    pushed = next(iter(state.results(ev.Pushed, Phase.REVERT)), None)
    moved = next(iter(state.results(ev.CheckoutMoved, Phase.REVERT)), None)
    return pb.RevertOutcome(
        commit=moved.head if moved else "",
        target_sha=state.reversal.plan.target_sha or "",
        pushed=pushed is not None and not pushed.refused,
        push_failed=pushed.refused if pushed else "",
        data_restored=[one.service for one in state.results(ev.DataRestored, Phase.REVERT)],
        reason=state.reversal.options.reason,
        by=state.reversal.by.name,
        at=timestamp(state.reversal.since),
    )


def standstill(known: Standstill | None) -> pb.Standstill | None:
    """Show how long a halted release has waited, and how often it said so."""
    if known is None:
        return None
    since, last = timestamp(known.since), timestamp(known.reminded_at)
    return pb.Standstill(since=since, reminders=known.reminders, reminded_at=last)


def silence(known: Silence | None) -> pb.Silence | None:
    """Show that a release may hang."""
    return pb.Silence(since=timestamp(known.since), limit_s=known.limit_s) if known else None


def override(one: Override) -> pb.Override:
    """Show a decision against the usual way."""
    return pb.Override(kind=one.kind, detail=one.detail, reason=one.reason, by=one.by, at=timestamp(one.at))


def _step(step: StepState, status: str) -> pb.Step:
    in_doubt = step.status == "running" and status == lifecycle.HALTED
    return pb.Step(
        name=step.name,
        phase=step.phase,
        status="in_doubt" if in_doubt else step.status,
        attempt=step.attempt,
        started_at=timestamp(step.started_at),
        ended_at=timestamp(step.ended_at),
        timeout_s=step.timeout_s or 0.0,
        idle_s=step.idle_s or 0.0,
    )


def summary(state: ReleaseState) -> pb.ReleaseSummary:
    """Show a release in one line."""
    return pb.ReleaseSummary(
        ticket=state.ticket,
        run=state.run,
        state=state.status,
        phase=state.phase or "",
        base_sha=state.plan.base_sha if state.plan else "",
        merge_sha=state.plan.merge_sha if state.plan else "",
        services=[service.name for service in state.plan.services] if state.plan else [],
        started_by=state.started_by.name if state.started_by else "",
        started_at=timestamp(state.started_at),
        changed_at=timestamp(state.changed_at),
        overrides=len(state.overrides),
    )


def listed(row: ListedRelease, back_with: Mapping[str, str]) -> pb.ReleaseSummary:
    """Show a row of the list of releases.

    Args:
        row: the release.
        back_with: each commit that came back after a revert, with the ticket of the release that brought it.
    """
    is_taken_back = row.state == lifecycle.REVERTED
    return pb.ReleaseSummary(
        ticket=row.ticket,
        run=row.run,
        state=row.state,
        phase=row.phase or "",
        base_sha=row.base_sha or "",
        merge_sha=row.merge_sha or "",
        services=row.services,
        started_by=row.started_by.name if row.started_by else "",
        started_at=timestamp(row.started_at),
        changed_at=timestamp(row.changed_at),
        overrides=row.overrides,
        back_with=back_with.get(row.merge_sha or "", "") if is_taken_back else "",
    )


# --- services ----------------------------------------------------------------------------------------------------


def service(plan: ServicePlan, running: list[tuple[str, Running | None]]) -> pb.ServiceStatus:
    """Show a service and, for each container that its manifest names, what there is of it."""
    return pb.ServiceStatus(
        name=plan.name,
        display_name=plan.display_name,
        priority=plan.priority,
        image=plan.image.reference if plan.image else "",
        containers=[container(name, found) for name, found in running],
    )


def container(name: str, found: Running | None) -> pb.ContainerStatus:
    """Show a container, or that there is none of this name."""
    if found is None:
        return pb.ContainerStatus(name=name, state="absent")
    return pb.ContainerStatus(
        name=name, id=found.id[:12], state=found.state, health=found.health, image=found.image_ref
    )


def drift_finding(found: Finding) -> pb.DriftFinding:
    """Show one thing that was compared."""
    fix = next_command(found.fix) if found.fix else None
    return pb.DriftFinding(subject=found.subject, drifted=found.drifted, line=printable(found.line), fix=fix)


def check(found: Check) -> pb.Check:
    """Show one thing that was looked at."""
    return pb.Check(name=found.name, status=found.status, finding=printable(found.finding), fix=printable(found.fix))


def hook_end(started: ev.ByHand, ended: ev.HookEnded) -> pb.HookEnd:
    """Tell how a hook that was run by hand came out."""
    return pb.HookEnd(
        rc=ended.failure.rc if ended.failure else 0,
        message=printable(told(started, ended)),
        exit_code=exit_code(ended),
    )


def timestamp(moment: dt.datetime | None) -> Timestamp | None:
    """Turn an aware time into a message; nothing stays nothing."""
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(dt.UTC).replace(tzinfo=None))
    return stamp
