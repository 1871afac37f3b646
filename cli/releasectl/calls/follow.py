"""Follows a release over restarts of the daemon, without gap or duplicate."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc

from releasectl.calls.connection import Connection
from releasectl.calls.outage import Outage, Patience
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import daemon_went_away, deadline_passed, from_rpc
from releasectl.text.step_output import Offsets
from releasectl.views.view import View
from releasepb.v1 import releases_pb2 as pb


@dataclass
class Journey:
    """What is followed, and how far it has been seen."""

    ticket: str
    version: int = 0
    """The last event that was seen."""
    offsets: Offsets = field(default_factory=Offsets)

    def take(self, event: pb.Event) -> None:
        """Take note of an event; in a new run, attempts and their output are counted anew."""
        self.version = event.version
        if event.type == "run_requested":
            self.offsets = Offsets()


def follow(connection: Connection, journey: Journey, view: View, wait_s: float | None = None) -> pb.End:
    """Show a release until it rests.

    Raises:
        ClientError: the time to wait is over, the operator detached, or the daemon stays away.
    """
    patience = Patience(wait_s)
    outage = Outage(view.notice, connection.target.address, watch_again(journey.ticket))
    try:
        while True:
            end = _one_stream(connection, journey, view, outage, patience)
            if end is not None:
                view.end(end)
                return end
            if patience.over:
                raise _waited(journey.ticket, wait_s or 0)
            outage.pause(patience)
    except KeyboardInterrupt:
        raise detached(journey.ticket) from None


def _one_stream(
    connection: Connection, journey: Journey, view: View, outage: Outage, patience: Patience
) -> pb.End | None:
    """Follow until the release rests, or give ``None`` where the stream broke or the patience is over."""
    request = pb.WatchRequest(
        environment=connection.environment,
        ticket=journey.ticket,
        after_version=journey.version,
        with_output=view.wants_output,
    )
    call = connection.releases.Watch(request, timeout=patience.left_s)
    try:
        for item in call:
            outage.over()
            if item.HasField("end"):
                return item.end
            _show(item, journey, view)
    except grpc.RpcError as error:
        if not (daemon_went_away(error) or deadline_passed(error)):
            raise from_rpc(error) from None
    finally:
        call.cancel()
    return None


def _show(item: pb.WatchItem, journey: Journey, view: View) -> None:
    match item.WhichOneof("item"):
        case "event" if item.event.version > journey.version:
            journey.take(item.event)
            view.event(item.event)
        case "output":
            fresh = journey.offsets.fresh(item.output)
            if fresh:
                view.output(item.output, fresh)
        case "recorded":
            view.recorded(item.recorded)
        case _:
            pass


def watch_again(ticket: str) -> Next:
    """Give the command that attaches again."""
    return Next(("releasectl", "watch", ticket), f"follows ticket {ticket} until it ends")


def detached(ticket: str) -> ClientError:
    """Say that ctrl-C ended only the watching, of a release or of its way back."""
    return ClientError(
        ExitCode.DETACHED,
        "detached",
        f"Detached from ticket {ticket}, which goes on in the daemon.",
        (watch_again(ticket),),
    )


def _waited(ticket: str, wait_s: float) -> ClientError:
    return ClientError(
        ExitCode.WAITED,
        "still_running",
        f"Waited {wait_s:g}s for ticket {ticket}, which goes on in the daemon.",
        (watch_again(ticket),),
    )
