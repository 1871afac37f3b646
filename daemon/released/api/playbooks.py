"""The service ``Playbooks``: known failure modes, and which of them tells of a ticket's failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import grpc

from released.api.convert import printable, timestamp
from released.api.hub import Hub, answering
from released.domain import playbook as known
from released.domain.errors import InvalidInput, NotFound
from released.domain.events import release_stream
from released.domain.ids import parse_ticket
from released.domain.matching import Facts, Match, match
from released.domain.recorded_failure import last_failure
from released.engine.back_test import Trial, back_test
from released.engine.known_failures import facts_of, library
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
            wanted = [one for one in found.playbooks if request.id in ("", one.id)]
            if request.id and not wanted:
                raise NotFound("playbook_unknown", f"There is no playbook {printable(request.id)!r}.")
            shown = [_playbook(one, found.origins[one.id]) for one in wanted]
            return pb.ListPlaybooksResponse(playbooks=shown, problems=map(printable, found.problems))

    async def MatchPlaybooks(self, request: pb.MatchPlaybooksRequest, context: Context) -> pb.MatchPlaybooksResponse:
        """Find the playbooks that tell of a ticket's latest failure."""
        async with answering(context):
            station, ticket = self._hub.station(request.environment), parse_ticket(request.ticket)
            return await self._hub.blocking(lambda: _matches(station, ticket))

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
            trials = await self._hub.patiently(lambda: back_test(station, tried.playbooks))
            return pb.TestPlaybooksResponse(failures=[_past_failure(trial, station.name) for trial in trials])


def _refuse_large(files: Iterable[pb.PlaybookFile]) -> None:
    if sum(len(file.content) for file in files) > known.LARGEST_BYTES:
        raise InvalidInput("playbooks_too_large", f"More than {known.LARGEST_BYTES} bytes are not checked at once.")


def _past_failure(trial: Trial, environment: str) -> pb.PastFailure:
    first = next(iter(trial.facts.texts[0].splitlines()), "")
    return pb.PastFailure(
        ticket=trial.recorded.stream.removeprefix(release_stream(environment, "")),
        version=trial.recorded.version,
        at=timestamp(trial.recorded.at),
        phase=trial.facts.phase,
        code=trial.facts.code,
        line=printable(first),
        hits=[pb.PlaybookHit(id=hit.playbook, score=hit.score, rank=hit.rank) for hit in trial.hits],
    )


def _matches(station: Station, ticket: str) -> pb.MatchPlaybooksResponse:
    facts, found = _facts(station, ticket), library(station.world.git)
    return pb.MatchPlaybooksResponse(
        matches=[playbook_match(one, found.origins) for one in match(found.playbooks, facts)],
        phase=facts.phase,
        code=facts.code,
        problems=map(printable, found.problems),
    )


def _facts(station: Station, ticket: str) -> Facts:
    events = station.events(ticket)
    if not events:
        raise NotFound("ticket_unknown", f"Nothing is on record of ticket {ticket}.")
    failure = last_failure(events)
    if failure is None:
        raise NotFound("nothing_failed", f"No failure is on record of ticket {ticket}, so there is nothing to match.")
    return facts_of(station.world, failure)


def _linted(station: Station, files: Sequence[pb.PlaybookFile]) -> known.Library:
    if not files:
        return library(station.world.git)
    return known.read_playbooks((file.name, file.content) for file in files)


def playbook_match(one: Match, origins: known.Origins) -> pb.PlaybookMatch:
    """Show a playbook that tells of a failure, and why."""
    return pb.PlaybookMatch(
        playbook=_playbook(one.playbook, origins[one.playbook.id]),
        score=one.score,
        found=[
            pb.FoundSymptom(symptom=printable(line.symptom), untrusted_recorded=printable(line.recorded))
            for line in one.found
        ],
        reasons=one.reasons,
    )


def _playbook(one: known.Playbook, origin: str) -> pb.Playbook:
    return pb.Playbook(
        id=one.id,
        origin=origin,
        symptom=printable(one.symptom),
        detection=[
            pb.Detection(command=printable(check.command), expect=printable(check.expect)) for check in one.detection
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
    )
