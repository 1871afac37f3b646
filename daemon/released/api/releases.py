"""The service ``Releases``: convert, ask the station, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

from released.api import as_of, convert, following, previews, requests
from released.api.diagnoses import diagnosis
from released.api.hub import Hub, actor, answering
from released.api.waiting_line import WaitingLine
from released.domain.commands import ResumeRun
from released.domain.environments.hold import told_resumed
from released.domain.errors import InvalidInput, NotFound
from released.domain.ids import Ticket, parse_phase, parse_ticket
from released.domain.releases import lifecycle
from released.domain.releases.next_steps import diagnose, run
from released.domain.releases.unknown import unknown_ticket
from released.engine.desk import Accepted
from released.engine.diagnosing import diagnosed
from released.engine.playbooks.unknown_failures import told
from released.engine.station import Station
from released.store.release_list import list_releases
from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

Context = grpc.aio.ServicerContext[Any, Any]
_MOST, _MOST_OF_THE_PAST = 100_000, 1000
"""How many releases are listed at once; of the past each is folded from its events."""


class Releases(rpc.ReleasesServicer):
    """Releases tickets and shows what was released."""

    def __init__(self, hub: Hub, lines: Mapping[str, WaitingLine]) -> None:
        self._hub = hub
        self._lines = lines

    async def Run(self, request: pb.RunRequest, context: Context) -> pb.Accepted:
        """Open a run."""
        async with answering(context, request.ticket):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.start_run(await self._hub.masked(station, request))
            patience_s = requests.patience_s(request.lock_wait_s)
            async with self._lines[station.name].turn(self._hub, command, caller, patience_s):
                accepted = await self._hub.planned(station, lambda: station.desk.run(command, caller))
            return _accepted(station, accepted)

    async def PlanRun(self, request: pb.RunRequest, context: Context) -> pb.RunPreview:
        """Show what a run would do."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.start_run(await self._hub.masked(station, request))
            preview = await self._hub.planned(station, lambda: station.planner.preview_run(command, caller))
            medians_s = await self._hub.blocking(lambda: following.medians_s(station))
            return previews.run_preview(preview, station.name, medians_s)

    async def Revert(self, request: pb.RevertRequest, context: Context) -> pb.Accepted:
        """Take a release back."""
        async with answering(context, request.ticket):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.revert(await self._hub.masked(station, request))
            return _accepted(station, await self._hub.planned(station, lambda: station.desk.revert(command, caller)))

    async def PlanRevert(self, request: pb.RevertRequest, context: Context) -> pb.RevertPreview:
        """Show what a revert would do."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.revert_after(await self._hub.masked(station, request))
            preview = await self._hub.planned(station, lambda: station.planner.preview_revert(command, caller))
            return previews.revert_preview(preview, station.name)

    async def Adopt(self, request: pb.AdoptRequest, context: Context) -> pb.Accepted:
        """Take in a release that was done by hand."""
        async with answering(context, request.ticket):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.adopt(await self._hub.masked(station, request))
            accepted = await self._hub.planned(station, lambda: station.desk.adopt(command, caller))
            # It is over at once, and who is told that finds the derived files written.
            await self._hub.followed(station)
            return _accepted(station, accepted)

    async def Resume(self, request: pb.ResumeRequest, context: Context) -> pb.Accepted:
        """Let a halted release go on."""
        async with answering(context, request.ticket):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.resume_run(await self._hub.masked(station, request))
            accepted = await self._hub.planned(station, lambda: station.desk.resume(command, caller))
            hold = await self._hub.blocking(station.holds.present)
            return _accepted(station, accepted, told_resumed(hold) if hold else "")

    async def Cancel(self, request: pb.CancelRequest, context: Context) -> pb.Accepted:
        """Stop a running release after its present step, or the step too."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.cancel(await self._hub.masked(station, request))
            return _accepted(station, await self._hub.blocking(lambda: station.desk.cancel(command, caller)))

    async def Resolve(self, request: pb.ResolveRequest, context: Context) -> pb.Accepted:
        """Settle a step that is in doubt."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.resolve(await self._hub.masked(station, request))
            return _accepted(station, await self._hub.blocking(lambda: station.desk.resolve(command, caller)))

    async def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        """Tell whether a command could be done now."""
        async with answering(context):
            environment, command = requests.unreasoned(request)
            station = self._hub.station(environment)
            if isinstance(command, ResumeRun):  # the checkout is looked at, too
                await self._hub.patiently(station, lambda: station.admission.check(command))
            else:
                await self._hub.blocking(lambda: station.admission.check(command))
            return pb.CheckResponse()

    async def Note(self, request: pb.NoteRequest, context: Context) -> pb.Accepted:
        """Put a remark on the record."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.note(await self._hub.masked(station, request))
            return _accepted(station, await self._hub.blocking(lambda: station.desk.note(command, caller)))

    async def LegalHold(self, request: pb.LegalHoldRequest, context: Context) -> pb.Accepted:
        """Keep what was printed for a ticket however old it grows, or let it expire again."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.legal_hold(await self._hub.masked(station, request))
            # At the desk, as gc is: one that was accepted keeps what is there.
            return _accepted(
                station, await self._hub.command(station, lambda: station.desk.legal_hold(command, caller))
            )

    async def GetRelease(self, request: pb.GetReleaseRequest, context: Context) -> pb.Release:
        """Show where a ticket stands."""
        async with answering(context):
            if request.HasField("at"):
                return await self._hub.blocking(lambda: as_of.release(self._hub.station(request.environment), request))
            station = await self._run_before(request.environment, request.ticket)
            state = await self._hub.blocking(lambda: station.release(request.ticket))
            shown = convert.release(state, station.name, await self._hub.blocking(lambda: told(station, state)))
            reason = convert.read_only(
                await self._hub.blocking(lambda: station.store.read_only or station.ownership.older)
            )
            if reason is not None:
                shown.read_only.CopyFrom(reason)
            if state.status == lifecycle.REVERTED:
                await self._hub.followed(station)
                shown.summary.back_with = (await self._hub.blocking(station.back_with)).get(shown.summary.merge_sha, "")
            return shown

    async def Diagnose(self, request: pb.DiagnoseRequest, context: Context) -> pb.Diagnosis:
        """Tell from any failure of a ticket its cause, the evidence, and what to type next."""
        async with answering(context):
            station, ticket = self._hub.station(request.environment), parse_ticket(request.ticket)
            await self._hub.caught_up(station)  # where it is not, the past that it is compared with ends earlier
            found = await self._hub.patiently(station, lambda: diagnosed(station, ticket))
            return diagnosis(found, station.name)

    async def ListReleases(self, request: pb.ListReleasesRequest, context: Context) -> pb.ListReleasesResponse:
        """List releases, newest first."""
        async with answering(context):
            station = self._hub.station(request.environment)
            if request.state and request.state not in lifecycle.STATUSES:
                known = ", ".join(lifecycle.STATUSES)
                raise InvalidInput("state_unknown", f"{request.state!r} is not a state: expected one of {known}.")
            state, is_past = request.state or None, request.HasField("at")
            limit = requests.limit(request.limit, _MOST_OF_THE_PAST if is_past else _MOST)
            await self._hub.followed(station)
            if is_past:
                await self._hub.remembered(station)
                past = await self._hub.blocking(lambda: as_of.releases(station, request.at, state, limit))
                return pb.ListReleasesResponse(releases=past)
            rows = await self._hub.blocking(lambda: list_releases(station.store, station.name, state, limit))
            taken_back = any(row.state == lifecycle.REVERTED for row in rows)
            back_with = await self._hub.blocking(station.back_with) if taken_back else {}
            return pb.ListReleasesResponse(releases=[convert.listed(row, back_with) for row in rows])

    async def Watch(self, request: pb.WatchRequest, context: Context) -> AsyncIterator[pb.WatchItem]:
        """Follow a ticket."""
        async with answering(context):
            station = await self._run_before(request.environment, request.ticket)
            with self._hub.followers.admitted():
                async for item in following.watch(self._hub, station, request):
                    yield item

    async def ReadOutput(self, request: pb.ReadOutputRequest, context: Context) -> AsyncIterator[pb.OutputChunk]:
        """Read the output of steps."""
        async with answering(context):
            station = await self._known(request.environment, request.ticket)
            phase = parse_phase(request.phase) if request.phase else None
            if request.step:
                await self._known_step(station, parse_ticket(request.ticket), request.step)
            with self._hub.followers.admitted():
                async for chunk in following.read_steps(self._hub, station, request, phase):
                    yield chunk

    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        """Read the record of a ticket."""
        async with answering(context):
            station = await self._known(request.environment, request.ticket)
            events = await self._hub.blocking(lambda: station.events(request.ticket, request.after_version))
            return pb.ListEventsResponse(events=[convert.event(recorded) for recorded in events])

    async def _known(self, environment: str, ticket: str) -> Station:
        """Find the station of a ticket that is on record."""
        station, name = self._hub.station(environment), parse_ticket(ticket)
        if not await self._hub.blocking(lambda: station.events(name)):
            raise unknown_ticket(name)
        return station

    async def _run_before(self, environment: str, ticket: str) -> Station:
        """Find the station of a ticket that was run; one whose runs were all refused was not."""
        station = await self._known(environment, ticket)
        if (await self._hub.blocking(lambda: station.release(ticket))).run == 0:
            told = f"Ticket {ticket} was never run here: every attempt was refused."
            raise NotFound("ticket_unknown", told, (*diagnose(ticket), *run(ticket)))
        return station

    async def _known_step(self, station: Station, ticket: Ticket, step: str) -> None:
        state = await self._hub.blocking(lambda: station.release(ticket))
        if state.step(step) is None:
            names = ", ".join(state.steps) or "none"
            raise NotFound("step_unknown", f"Ticket {ticket} has no step {step!r}; its steps so far: {names}.")


def _accepted(station: Station, accepted: Accepted, notice: str = "") -> pb.Accepted:
    return pb.Accepted(
        environment=station.name,
        ticket=accepted.ticket,
        run=accepted.run,
        version=accepted.version,
        notice=convert.printable(notice),
    )
