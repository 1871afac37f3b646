"""The service ``History``: what happened, who decided it, and whether the record of it is whole."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc

from released.api import convert, requests
from released.api.hub import Hub, actor, answering
from released.api.replaying import replayed
from released.domain import events as ev
from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.forensics.comparison import compare
from released.domain.forensics.why import why
from released.domain.ids import parse_service, parse_ticket
from released.domain.releases import lifecycle, release
from released.domain.releases.next_steps import events_of, history_of
from released.domain.releases.unknown import unknown_ticket
from released.engine.exporting import write_export
from released.engine.questions import Blamed, Questions, RunTold
from released.engine.station import Station
from released.store.exported_copy import is_copy
from released.store.history_queries import RunFilter
from released.store.verification import Verified, verify, verify_streams
from releasepb.v1 import history_pb2 as pb
from releasepb.v1 import history_pb2_grpc as rpc
from releasepb.v1 import releases_pb2

Context = grpc.aio.ServicerContext[Any, Any]
_MOST = 1000
_PIECE = 65536
_LONGEST = 500
"""Characters of a name that is only looked for."""


class History(rpc.HistoryServicer):
    """Answers from the record alone."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._verifying = asyncio.Lock()

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        """List past runs, the one that began last first."""
        async with answering(context):
            station, wanted = self._hub.station(request.environment), _filter(request)
            limit = requests.limit(request.limit, _MOST)
            await self._hub.remembered(station)
            found = await self._hub.blocking(lambda: Questions(station.store, station.name).runs(wanted, limit))
            return pb.ListRunsResponse(runs=[_run(one) for one in found])

    async def Blame(self, request: pb.BlameRequest, context: Context) -> pb.BlameResponse:
        """Tell what put each running thing of a service there."""
        async with answering(context):
            station, service = self._hub.station(request.environment), parse_service(request.service)
            at = requests.moment(request.at) if request.HasField("at") else dt.datetime.max.replace(tzinfo=dt.UTC)
            await self._hub.remembered(station)
            found = await self._hub.blocking(lambda: Questions(station.store, station.name).blame(service, at))
            if not found:
                raise nothing_placed(service)
            return pb.BlameResponse(containers=[_placed(one) for one in found])

    async def Explain(self, request: pb.ExplainRequest, context: Context) -> pb.Explanation:
        """Tell why a release did something."""
        async with answering(context):
            station, subject = self._hub.station(request.environment), _looked_for(request.subject)
            links = await self._hub.blocking(lambda: why(_run_before(station, request.ticket), subject))
            return pb.Explanation(
                links=[
                    pb.CauseLink(kind=one.kind, text=convert.printable(one.text), version=one.version) for one in links
                ]
            )

    async def Compare(self, request: pb.CompareRequest, context: Context) -> pb.Comparison:
        """Tell in what the latest runs of two tickets differ."""
        async with answering(context):
            station = self._hub.station(request.environment)
            found = await self._hub.blocking(
                lambda: compare(_run_before(station, request.left), _run_before(station, request.right))
            )
            return pb.Comparison(
                differences=[
                    pb.Difference(
                        section=one.section,
                        subject=convert.printable(one.subject),
                        left=convert.printable(one.left),
                        right=convert.printable(one.right),
                    )
                    for one in found
                ]
            )

    async def Replay(self, request: pb.ReplayRequest, context: Context) -> AsyncIterator[pb.ReplayItem]:
        """Give a past run as it was seen."""
        async with answering(context):
            station = self._hub.station(request.environment)
            seen = await self._hub.blocking(lambda: replayed(station, request))
            with self._hub.followers.admitted():
                for item in seen:
                    yield item

    async def Export(self, request: pb.ExportRequest, context: Context) -> AsyncIterator[pb.ExportPiece]:
        """Give an export of a ticket, or of an environment."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            if request.ticket:
                await self._hub.blocking(lambda: _run_before(station, request.ticket))
            with self._hub.followers.admitted(), TemporaryDirectory(prefix="released-export-") as room:
                file = Path(room) / "export"
                await asyncio.to_thread(lambda: _exported(station, request.ticket, caller, file))
                with file.open("rb") as made:
                    while data := made.read(_PIECE):
                        yield pb.ExportPiece(data=data)

    async def VerifyLog(self, request: pb.VerifyLogRequest, context: Context) -> pb.Verification:  # noqa: ARG002 (gRPC's signature)
        """Look the whole record through, and all that is derived from it."""
        async with answering(context):
            if self._verifying.locked():
                raise Refused("verification_under_way", "Somebody has the record looked through now: try again later.")
            async with self._verifying:
                if is_copy(self._hub.store):
                    return _verification(await asyncio.to_thread(lambda: self._hub.store.query(verify_streams)), [], [])
                found = await asyncio.to_thread(lambda: self._hub.store.query(verify))
                anchors = await asyncio.to_thread(self._broken_anchors)
                files = [] if found.findings else await self._differing_files()
                return _verification(found, anchors, files)

    def _broken_anchors(self) -> list[tuple[int, str]]:
        return [broken for station in self._hub.stations.values() for broken in station.anchors.broken()]

    async def _differing_files(self) -> list[Path]:
        """List the derived files that are not what the events give, now and once what was on its way has arrived."""
        # Where the record itself is older than what was done, nobody writes files by it.
        sound = [station for station in self._hub.stations.values() if station.ownership.older is None]
        seen = await asyncio.to_thread(lambda: {file for one in sound for file in one.files.differing()})
        if not seen:
            return []
        for station in sound:
            await self._hub.followed(station)
        return await asyncio.to_thread(lambda: sorted(seen & {file for one in sound for file in one.files.differing()}))


def nothing_placed(service: str) -> NotFound:
    """Say that no release is known to have made a container of a service."""
    message = f"No release on record had put anything of {service} in place."
    return NotFound("nothing_placed", message, history_of(service))


def _exported(station: Station, ticket: str, by: ev.Actor, file: Path) -> None:
    try:
        with file.open("wb") as target:
            write_export(station, ticket, by, target, file.parent)
    except OSError as error:
        message = f"The export could not be made in {file.parent.parent} on the daemon's host: {error.strerror}."
        raise Refused("export_failed", message) from None


def _run_before(station: Station, ticket: str) -> list[ev.Recorded]:
    """Read the record of a ticket that was run."""
    name = parse_ticket(ticket)
    events = station.events(name)
    if not events:
        raise unknown_ticket(name)
    if release.fold(events).plan is None:
        message = f"Ticket {name} was never run here: every attempt was refused."
        raise NotFound("ticket_unknown", message, events_of(name))
    return events


def _filter(request: pb.ListRunsRequest) -> RunFilter:
    if request.state and request.state not in lifecycle.STATUSES:
        known = ", ".join(lifecycle.STATUSES)
        raise InvalidInput("state_unknown", f"{request.state!r} is not a state: expected one of {known}.")
    return RunFilter(
        ticket=parse_ticket(request.ticket) if request.ticket else None,
        service=parse_service(request.service) if request.service else None,
        since=requests.moment(request.since) if request.HasField("since") else None,
        state=request.state or None,
        by=_looked_for(request.by) if request.by else None,
        code=_looked_for(request.code) if request.code else None,
    )


def _looked_for(name: str) -> str:
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise InvalidInput("name_invalid", f"Expected a name of 1 to {_LONGEST} printable characters.")
    return name


def _run(told: RunTold) -> pb.PastRun:
    run = told.run
    return pb.PastRun(
        ticket=run.ticket,
        run=run.run,
        state=run.state,
        started_at=convert.timestamp(run.started_at),
        ended_at=convert.timestamp(run.ended_at),
        by=run.by,
        services=run.services,
        halts=[
            pb.PastHalt(
                version=one.version,
                at=convert.timestamp(one.at),
                code=one.code,
                cause=one.cause,
                phase=one.phase,
                step=one.step,
            )
            for one in told.failures
        ],
        slow_steps=[
            pb.SlowStep(
                step=one.step, took_s=one.seconds, median_s=one.median_s, p95_s=one.p95_s, compared=one.compared
            )
            for one in told.slow
        ],
    )


def _placed(blamed: Blamed) -> pb.PlacedContainer:
    placed, origin = blamed.placed, blamed.provenance
    return pb.PlacedContainer(
        name=placed.container,
        id=placed.container_id[:12],
        image=placed.reference,
        image_id=placed.image_id,
        digest=placed.digest,
        ticket=placed.ticket,
        run=placed.run,
        version=placed.version,
        at=convert.timestamp(placed.at),
        commit=origin.commit,
        decision=pb.Decision(
            what=convert.printable(origin.decided),
            by=origin.by,
            uid=origin.uid,
            at=convert.timestamp(origin.decided_at),
            version=origin.decided_version,
            reason=convert.printable(origin.reason),
        ),
        scripts=[
            releases_pb2.Script(path=one.path, blob=one.blob, repeatable=one.repeatable) for one in origin.scripts
        ],
    )


def _verification(found: Verified, anchors: list[tuple[int, str]], files: list[Path]) -> pb.Verification:
    findings = [
        pb.IntegrityFinding(subject=one.subject, message=convert.printable(one.message), position=one.position)
        for one in found.findings
    ]
    cut = [
        pb.IntegrityFinding(subject="anchors", message=convert.printable(message), position=position)
        for position, message in anchors
    ]
    anew = "It is not what the events give. Have it made anew: releasectl rebuild"
    otherwise = [pb.IntegrityFinding(subject=str(file), message=anew) for file in files]
    return pb.Verification(
        events=found.events,
        log_hash=found.log_hash,
        findings=[*findings, *cut, *otherwise],
        redactions=[
            pb.IntegrityFinding(subject=one.subject, message=convert.printable(one.message), position=one.position)
            for one in found.redactions
        ],
    )
