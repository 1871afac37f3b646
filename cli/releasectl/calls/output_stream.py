"""Reads the output of steps, over restarts of the daemon where it is followed."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from releasectl.calls.connection import Connection
from releasectl.calls.follow import detached
from releasectl.calls.outage import Outage, Patience
from releasectl.errors import Next
from releasectl.rpc_errors import daemon_went_away, from_rpc
from releasectl.settings import Settings
from releasectl.text.step_output import Offsets
from releasectl.views.output import OutputView
from releasepb.v1 import releases_pb2 as pb


@dataclass(frozen=True)
class OutputRequest:
    """Which output is meant; empty names are any."""

    ticket: str
    phase: str
    step: str
    follow: bool


def read_output(connection: Connection, request: OutputRequest, view: OutputView, settings: Settings) -> None:
    """Show output, each byte once.

    Raises:
        ClientError: the daemon refused, stays away, or the operator stopped following.
    """
    offsets = Offsets()
    again = Next(("releasectl", "logs", request.ticket, "-f"), "follows the output again")
    outage = Outage(settings.say, connection.target.address, again)
    try:
        while not _one_stream(connection, request, view, offsets, outage):
            outage.pause(Patience(None))
    except KeyboardInterrupt:
        raise detached(request.ticket) from None


def _one_stream(
    connection: Connection, request: OutputRequest, view: OutputView, offsets: Offsets, outage: Outage
) -> bool:
    """Show output until it ends, or give ``False`` where the daemon went away."""
    message = pb.ReadOutputRequest(
        environment=connection.environment,
        ticket=request.ticket,
        phase=request.phase,
        step=request.step,
        follow=request.follow,
    )
    call = connection.releases.ReadOutput(message)
    try:
        for chunk in call:
            outage.over()
            fresh = offsets.fresh(chunk)
            if fresh:
                view.chunk(chunk, fresh)
    except grpc.RpcError as error:
        if not daemon_went_away(error):
            raise from_rpc(error) from None
        return False
    finally:
        call.cancel()
    return True
