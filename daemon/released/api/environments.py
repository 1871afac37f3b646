"""The service ``Environments``: what an environment looks like now."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from released.api import as_of, convert, requests
from released.api.history import nothing_placed
from released.api.hooks import follow_hook
from released.api.hub import Hub, actor, answering
from released.api.previews import commit
from released.api.service_logs import read_logs
from released.api.waiting_line import Waiter, WaitingLine
from released.domain import events as ev
from released.domain.environments.environment import FailedReturn
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.ids import parse_request_id, parse_service, parse_sha
from released.engine.checkup.checks import examine
from released.engine.garbage import Expired
from released.engine.station import Station
from released.store.exported_copy import is_copy
from released.store.history import History
from released.store.release_list import ReleaseList
from released.version import VERSION
from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

Context = grpc.aio.ServicerContext[Any, Any]


class Environments(rpc.EnvironmentsServicer):
    """Looks at environments, and makes what is derived anew."""

    def __init__(self, hub: Hub, lines: Mapping[str, WaitingLine]) -> None:
        self._hub = hub
        self._lines = lines

    async def GetEnvironment(self, request: pb.GetEnvironmentRequest, context: Context) -> pb.Environment:
        """Show who occupies an environment and what runs in it."""
        async with answering(context):
            station = self._hub.station(request.environment)
            at = self._past(request)
            if at is None:
                return await self._shown(station)
            await self._hub.remembered(station)
            return await self._hub.blocking(lambda: as_of.environment(station, at))

    async def Hold(self, request: pb.HoldRequest, context: Context) -> pb.Environment:
        """Keep releases out."""
        async with answering(context):
            until = requests.moment(request.until) if request.HasField("until") else None
            reason = await self._reason(request)
            held = ev.Held(parse_request_id(request.request_id), reason, until)
            return await self._hold(request.environment, held, actor(context))

    async def Unhold(self, request: pb.UnholdRequest, context: Context) -> pb.Environment:
        """Let releases start again."""
        async with answering(context):
            unheld = ev.Unheld(parse_request_id(request.request_id))
            return await self._hold(request.environment, unheld, actor(context))

    async def _hold(self, environment: str, event: ev.Held | ev.Unheld, caller: ev.Actor) -> pb.Environment:
        station = self._hub.station(environment)
        await self._hub.blocking(lambda: station.holds.change(event, caller))
        return await self._shown(station)

    async def ReleaseLock(self, request: pb.ReleaseLockRequest, context: Context) -> pb.Environment:
        """Give the halted release up that occupies the environment."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.release_lock(await self._hub.masked(station, request))
            await self._hub.blocking(lambda: station.desk.release_lock(command, caller))
            return await self._shown(station)

    def _past(self, request: pb.GetEnvironmentRequest | pb.ListServicesRequest) -> Timestamp | None:
        """Give the moment of the past that is asked for; of a copy there is no present, but how it ends."""
        if request.HasField("at"):
            return request.at
        return convert.timestamp(dt.datetime.now(dt.UTC)) if is_copy(self._hub.store) else None

    async def _shown(self, station: Station) -> pb.Environment:
        waiting = self._lines[station.name].waiting
        return await self._hub.patiently(station, lambda: _environment(station, waiting))

    async def _reason(self, request: pb.HoldRequest) -> str:
        return requests.reason((await self._hub.masked(self._hub.station(request.environment), request)).reason)

    async def ListServices(self, request: pb.ListServicesRequest, context: Context) -> pb.ListServicesResponse:
        """List services and what runs of them."""
        async with answering(context):
            station = self._hub.station(request.environment)
            name = parse_service(request.name) if request.name else ""
            at = self._past(request)
            if at is not None:
                await self._hub.remembered(station)
                placed = await self._hub.blocking(lambda: as_of.services(station, at, name or None))
                if name and not placed:
                    raise nothing_placed(name)
                return pb.ListServicesResponse(services=placed)
            running = await self._hub.patiently(station, lambda: _services(station))
            found = [one for one in running if name in ("", one.name)]
            if name and not found:
                raise NotFound("service_unknown", f"The ops repo has no service {name!r} at the present commit.")
            return pb.ListServicesResponse(services=found)

    async def ReturnToMain(self, request: pb.ReturnToMainRequest, context: Context) -> pb.ReturnedToMain:
        """Go back from a hotfix branch to the configured one."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            request_id = parse_request_id(request.request_id)
            reason = requests.optional_reason((await self._hub.masked(station, request)).reason)
            started = await self._hub.planned(station, lambda: station.return_to_main(request_id, reason, caller))
            return await self._hub.blocking(lambda: _returned(station, started))

    async def ReadServiceLogs(
        self, request: pb.ReadServiceLogsRequest, context: Context
    ) -> AsyncIterator[pb.ServiceLogChunk]:
        """Read what a service's containers print, and follow it."""
        async with answering(context):
            parse_service(request.name)
            with self._hub.followers.admitted():
                async for chunk in read_logs(self._hub, self._hub.station(request.environment), request):
                    yield chunk

    async def RunHook(self, request: pb.RunHookRequest, context: Context) -> AsyncIterator[pb.HookItem]:
        """Run a hook of a service by hand; it belongs to no call and goes on without the caller."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            command = requests.run_hook(await self._hub.masked(station, request))
            with self._hub.followers.admitted():
                started = await self._hub.command(station, lambda: station.hooks.run(command, caller))
                async for item in follow_hook(self._hub, station, started):
                    yield item

    async def GetDrift(self, request: pb.GetDriftRequest, context: Context) -> pb.Drift:
        """Compare what runs with what the manifests ask for."""
        async with answering(context):
            station = self._hub.station(request.environment)
            await self._hub.followed(station)
            found = await self._hub.patiently(station, station.drift)
            return pb.Drift(
                findings=[convert.drift_finding(one) for one in found], drifted=any(one.drifted for one in found)
            )

    async def CheckEnvironment(self, request: pb.CheckEnvironmentRequest, context: Context) -> pb.Checkup:
        """Look at everything that a release needs."""
        async with answering(context):
            station = self._hub.station(request.environment)
            subject = self._hub.subject(station)
            found = await self._hub.patiently(station, lambda: examine(subject))
            return pb.Checkup(
                checks=[convert.check(one) for one in found], healthy=all(one.status != "failed" for one in found)
            )

    async def CollectGarbage(self, request: pb.CollectGarbageRequest, context: Context) -> pb.CollectGarbageResponse:
        """Remove what was printed longer ago than is kept."""
        async with answering(context):
            station, caller = self._hub.station(request.environment), actor(context)
            await self._hub.remembered(station)
            request_id = parse_request_id(request.request_id)
            look = station.garbage.find if request.dry_run else partial(station.garbage.collect, request_id, caller)
            found = await self._hub.command(station, look)
            return pb.CollectGarbageResponse(expired=[_expired(one) for one in found])

    async def Rebuild(self, request: pb.RebuildRequest, context: Context) -> pb.RebuildResponse:
        """Make all projections and derived files anew from the events."""
        async with answering(context):
            station = self._hub.station(request.environment)
            names = _projections(request.projection, station.name)
            if not await self._hub.blocking(lambda: self._hub.projector.rebuild(names)):
                message = "Not all of it could be derived anew; the log of the daemon tells why, and it tries again."
                raise Refused("not_rebuilt", message)
            releases = await self._hub.blocking(lambda: station.store.streams("release/"))
            return pb.RebuildResponse(events=station.store.head(), releases=len(releases))

    async def GetVersion(self, request: pb.GetVersionRequest, context: Context) -> pb.Version:  # noqa: ARG002 (gRPC's signature)
        """Tell the version of the daemon."""
        return pb.Version(daemon=VERSION, api="released.v1")


def _projections(name: str, environment: str) -> tuple[str, ...]:
    match name:
        case "":
            return ()
        case ReleaseList.name | History.name:
            return (name,)
        case "files" | "anchors":
            return (f"{name}/{environment}",)
        case _:
            known = f"{ReleaseList.name}, {History.name}, files, anchors"
            raise InvalidInput("projection_unknown", f"{name!r} is no projection: expected one of {known}.")


def _expired(one: Expired) -> pb.ExpiredOutput:
    return pb.ExpiredOutput(
        folder=str(one.folder),
        ended_at=convert.timestamp(one.ended_at),
        bytes=one.bytes,
        legal_hold=convert.note(one.legal_hold) if one.legal_hold else None,
    )


def _returned(station: Station, started: ev.ReturnStarted) -> pb.ReturnedToMain:
    git, deployed, target = station.world.git, parse_sha(started.deployed), parse_sha(started.target)
    return pb.ReturnedToMain(
        from_branch=started.from_branch,
        from_sha=started.head,
        branch=station.world.settings.branch,
        head=started.target,
        deployed_sha=started.deployed,
        dirty=[one.path for one in git.state().dirty],
        unreleased=[commit(one) for one in git.commits(deployed, target)] if git.has_commit(deployed) else [],
    )


def _environment(station: Station, waiting: Sequence[Waiter]) -> pb.Environment:
    state, settings = station.environment(), station.world.settings
    lock, hold, checkout = state.lock, station.holds.present(), station.world.git.state()
    active = station.release(lock.ticket) if lock else None
    return pb.Environment(
        name=station.name,
        lock_ticket=lock.ticket if lock else "",
        lock_run=lock.run if lock else 0,
        lock_since=convert.timestamp(lock.since) if lock else None,
        lock_by=lock.actor.name if lock else "",
        repo=str(settings.repo),
        branch=settings.branch,
        head=checkout.head,
        checkout_branch=checkout.branch or "",
        epoch=state.lease.epoch if state.lease else 0,
        active=convert.summary(active) if active else None,
        standstill=convert.standstill(active.standstill) if active else None,
        silence=convert.silence(active.silence) if active else None,
        services=_services_if_readable(station),
        hold_reason=hold.reason if hold else "",
        hold_by=hold.actor.name if hold else "",
        hold_since=convert.timestamp(hold.since) if hold else None,
        hold_until=convert.timestamp(hold.until) if hold else None,
        waiting=[pb.Waiter(ticket=one.ticket, by=one.by, since=convert.timestamp(one.since)) for one in waiting],
        failed_return=_failed_return(state.failed_return) if state.failed_return else None,
        read_only=convert.read_only(station.store.read_only or station.ownership.older),
    )


def _failed_return(failed: FailedReturn) -> pb.FailedReturn:
    return pb.FailedReturn(
        from_branch=failed.from_branch,
        at=convert.timestamp(failed.at),
        code=failed.failure.code,
        message=convert.printable(failed.failure.message),
    )


def _services_if_readable(station: Station) -> list[pb.ServiceStatus]:
    """List services; the environment is shown also while its engine is down or a manifest is wrong."""
    try:
        return _services(station)
    except ReleasedError:
        return []


def _services(station: Station) -> list[pb.ServiceStatus]:
    engine = station.world.engine
    return [
        convert.service(plan, [(one.name, engine.container(one.name)) for one in plan.containers])
        for plan in station.services()
    ]
