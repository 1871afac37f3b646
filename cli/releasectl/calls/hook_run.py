"""Runs a hook by hand and follows it over restarts of the daemon: its request acts once, however often it is sent."""

from __future__ import annotations

import grpc

from releasectl.calls.connection import Connection
from releasectl.calls.outage import Outage, Patience
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import daemon_went_away, from_rpc
from releasectl.settings import Settings
from releasectl.text.step_output import Offsets
from releasectl.views.hook import HookView
from releasepb.v1 import releases_pb2 as pb


def run_hook(connection: Connection, request: pb.RunHookRequest, view: HookView, settings: Settings) -> pb.HookEnd:
    """Show what the hook prints until it ends.

    Raises:
        ClientError: the daemon refused or stays away, or the operator detached.
    """
    offsets = Offsets()
    outage = Outage(settings.say, connection.target.address, _attach(request))
    try:
        while (end := _one_stream(connection, request, view, offsets, outage)) is None:
            outage.pause(Patience(None))
    except KeyboardInterrupt:
        raise _detached(request) from None
    return end


def _one_stream(
    connection: Connection, request: pb.RunHookRequest, view: HookView, offsets: Offsets, outage: Outage
) -> pb.HookEnd | None:
    """Follow until the hook ends, or give ``None`` where the daemon went away."""
    call = connection.environments.RunHook(request)
    try:
        for item in call:
            outage.over()
            if item.HasField("end"):
                return item.end
            fresh = offsets.fresh(item.output)
            if fresh:
                view.printed(fresh)
    except grpc.RpcError as error:
        if not daemon_went_away(error):
            raise from_rpc(error) from None
    finally:
        call.cancel()
    return None


def _attach(request: pb.RunHookRequest) -> Next:
    argv = ("releasectl", "services", "run", request.name, request.hook, "--request-id", request.request_id)
    return Next(argv, "follows the hook until it ends")


def _detached(request: pb.RunHookRequest) -> ClientError:
    return ClientError(
        ExitCode.DETACHED,
        "detached",
        f"Detached from hook {request.hook} of {request.name}; once it has begun it goes on in the daemon.",
        (_attach(request),),
    )
