"""The service ``Playbooks``: known failure modes, and which of them tells of a ticket's failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import grpc

from released.api.convert import printable, timestamp
from released.api.hooks import follow_hook
from released.api.hub import Hub, actor, answering
from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import InvalidInput
from released.domain.ids import Ticket, parse_request_id, parse_ticket
from released.domain.playbooks import playbook as known
from released.domain.playbooks.detection import latest_detections
from released.domain.playbooks.fix import agreed_command
from released.domain.playbooks.matching import Facts, Match, match
from released.domain.playbooks.recorded_failure import RecordedFailure
from released.engine.playbooks import detection
from released.engine.playbooks.back_test import Trial, back_test
from released.engine.playbooks.fixes import failure_of, fix_of
from released.engine.playbooks.known_failures import facts_of, library, unknown_playbook
from released.engine.playbooks.records import PlaybookRecord, playbook_records
from released.engine.playbooks.unknown_failures import draft_of
from released.engine.station import Station
from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

Context = grpc.aio.ServicerContext[Any, Any]


class Playbooks(rpc.PlaybooksServicer):
    """Lists, matches and checks playbooks."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def ListPlaybooks(self, request: pb.ListPlaybooksRequest, context: Context) -> pb.ListPlaybooksResponse:
        """List playbooks."""
        async with answering(context):
            station = self._hub.station(request.environment)
            found = await self._hub.blocking(lambda: library(station.world.git))
            await self._hub.caught_up(station)
            records = await self._hub.patiently(station, lambda: playbook_records(station, found.playbooks))
            wanted = [one for one in found.playbooks if request.id in ("", one.id)]
            if request.id and not wanted:
                raise unknown_playbook(printable(request.id))
            shown = [_playbook(one, found.origins[one.id], records[one.id]) for one in wanted]
            return pb.ListPlaybooksResponse(playbooks=shown, problems=map(printable, found.problems))

    async def MatchPlaybooks(self, request: pb.MatchPlaybooksRequest, context: Context) -> pb.MatchPlaybooksResponse:
        """Find the playbooks that tell of a ticket's latest failure."""
        async with answering(context):
            station, ticket, caller = (
                self._hub.station(request.environment),
                parse_ticket(request.ticket),
                actor(context),
            )
            if not await self._hub.blocking(lambda: detection.wanted(station, asked=request.detect)):
                return await self._hub.blocking(lambda: _matches(station, ticket))
            request_id = parse_request_id(request.request_id or str(uuid4()))
            hidden = self._hub.configuration.private
            return await self._hub.patiently(station, lambda: _detected(station, ticket, request_id, caller, hidden))

    async def LintPlaybooks(self, request: pb.LintPlaybooksRequest, context: Context) -> pb.LintPlaybooksResponse:
        """Tell every fault of playbook files."""
        async with answering(context):
            _refuse_large(request.files)
            station = self._hub.station(request.environment)
            found = await self._hub.blocking(lambda: _linted(station, request.files))
            return pb.LintPlaybooksResponse(problems=map(printable, found.problems), playbooks=len(found.playbooks))

    async def TestPlaybooks(self, request: pb.TestPlaybooksRequest, context: Context) -> pb.TestPlaybooksResponse:
        """Tell of which past failures playbooks would have told."""
        async with answering(context):
            _refuse_large([request.file])
            station = self._hub.station(request.environment)
            tried = known.read_playbooks([(request.file.name, request.file.content)])
            if tried.problems:
                raise InvalidInput("playbooks_invalid", "\n".join(map(printable, tried.problems)))
            trials = await self._hub.patiently(station, lambda: back_test(station, tried.playbooks))
            return pb.TestPlaybooksResponse(failures=[_past_failure(trial, station.name) for trial in trials])

    async def DraftPlaybook(self, request: pb.DraftPlaybookRequest, context: Context) -> pb.PlaybookFile:
        """Draft a playbook from the record of a failure."""
        async with answering(context):
            station, ticket = self._hub.station(request.environment), parse_ticket(request.ticket)
            text = await self._hub.blocking(lambda: draft_of(station, ticket))
            return pb.PlaybookFile(name=f"release-{ticket}.yaml", content=text.encode())

    async def PlanFix(self, request: pb.PlanFixRequest, context: Context) -> pb.FixPlan:
        """Tell what a playbook has one do."""
        async with answering(context):
            station, ticket = self._hub.station(request.environment), parse_ticket(request.ticket)
            lines = await self._hub.blocking(lambda: fix_of(station, ticket, request.id, request.values))
            missing = dict.fromkeys(name for line in lines for name in line.missing if line.is_command)
            shown = [pb.FixLine(kind=line.kind, text=printable(line.text)) for line in lines]
            return pb.FixPlan(lines=shown, missing=missing)

    async def RunFix(self, request: pb.RunFixRequest, context: Context) -> AsyncIterator[pb.HookItem]:
        """Run one command of a playbook by hand; it belongs to no call and goes on without the caller."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            ticket, request_id = parse_ticket(request.ticket), parse_request_id(request.request_id)
            lines = await self._hub.blocking(lambda: fix_of(station, ticket, request.id, request.values))
            line = agreed_command(lines, request.number, request.text, request.id, ticket)
            command = cmd.RunFix(ticket, request_id, request.id, line.kind, line.text)
            with self._hub.followers.admitted():
                started = await self._hub.command(station, lambda: station.hooks.apply(command, caller))
                async for item in follow_hook(self._hub, station, started):
                    yield item


def _refuse_large(files: Iterable[pb.PlaybookFile]) -> None:
    if sum(len(file.content) for file in files) > known.LARGEST_BYTES:
        raise InvalidInput("playbooks_too_large", f"More than {known.LARGEST_BYTES} bytes are not checked at once.")


def _past_failure(trial: Trial, environment: str) -> pb.PastFailure:
    first = next(iter(trial.facts.texts[0].splitlines()), "")
    return pb.PastFailure(
        ticket=trial.recorded.stream.removeprefix(ev.release_stream(environment, "")),
        version=trial.recorded.version,
        at=timestamp(trial.recorded.at),
        phase=trial.facts.phase,
        code=trial.facts.code,
        line=printable(first),
        hits=[pb.PlaybookHit(id=hit.playbook, score=hit.score, rank=hit.rank) for hit in trial.hits],
    )


def _detected(
    station: Station, ticket: Ticket, request_id: str, caller: ev.Actor, hidden: Sequence[Path]
) -> pb.MatchPlaybooksResponse:
    found = _found(station, ticket)
    detection.detect(station, found.failure, found.matches, request_id, caller, hidden)
    return _shown(station, ticket, found)


def _matches(station: Station, ticket: Ticket) -> pb.MatchPlaybooksResponse:
    return _shown(station, ticket, _found(station, ticket))


class _Found(NamedTuple):
    """Which playbooks tell of a ticket's failure."""

    failure: RecordedFailure
    library: known.Library
    facts: Facts
    matches: Sequence[Match]


def _found(station: Station, ticket: Ticket) -> _Found:
    failure, playbooks = failure_of(station, ticket), library(station.world.git)
    facts = facts_of(station.world, failure)
    return _Found(failure, playbooks, facts, match(playbooks.playbooks, facts))


def _shown(station: Station, ticket: Ticket, found: _Found) -> pb.MatchPlaybooksResponse:
    detections = latest_detections(station.events(ticket), found.failure.recorded.version)
    return pb.MatchPlaybooksResponse(
        matches=[playbook_match(one, found.library.origins, detections.get(one.playbook.id)) for one in found.matches],
        phase=found.facts.phase,
        code=found.facts.code,
        problems=map(printable, found.library.problems),
    )


def _linted(station: Station, files: Sequence[pb.PlaybookFile]) -> known.Library:
    if not files:
        return library(station.world.git)
    return known.read_playbooks((file.name, file.content) for file in files)


def playbook_match(one: Match, origins: known.Origins, ran: ev.DetectionRan | None = None) -> pb.PlaybookMatch:
    """Show a playbook that tells of a failure, why, and what its detection found."""
    return pb.PlaybookMatch(
        playbook=_playbook(one.playbook, origins[one.playbook.id]),
        score=one.score,
        found=[
            pb.FoundSymptom(symptom=printable(line.symptom), untrusted_recorded=printable(line.recorded))
            for line in one.found
        ],
        reasons=one.reasons,
        detection=_detection(ran) if ran else None,
    )


def _detection(ran: ev.DetectionRan) -> pb.DetectionOutcome:
    checks = [
        pb.DetectionCheck(
            command=printable(check.command),
            matched=check.matched,
            untrusted_output=printable(check.output),
            failed=check.failed,
            exit_code=-1 if check.exit_code is None else check.exit_code,
        )
        for check in ran.checks
    ]
    return pb.DetectionOutcome(applies=ran.applies, checks=checks)


def _playbook(one: known.Playbook, origin: str, record: PlaybookRecord | None = None) -> pb.Playbook:
    return pb.Playbook(
        id=one.id,
        origin=origin,
        symptom=printable(one.symptom),
        detection=[
            pb.Detection(command=printable(check.command), expect=printable(check.expect), network=check.network)
            for check in one.detection
        ],
        root_cause=printable(one.root_cause),
        fix=pb.Fix(
            bootstrap_script=printable(one.fix.bootstrap_script),
            bootstrap_change=printable(one.fix.bootstrap_change),
            adhoc=printable(one.fix.adhoc),
        ),
        verify=map(printable, one.verify),
        services=one.services,
        tags=map(printable, one.tags),
        record=pb.PlaybookRecord(**record._asdict()) if record else None,
    )
