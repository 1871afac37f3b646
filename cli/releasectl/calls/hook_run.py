"""Runs something by hand and follows it over restarts of the daemon: a request acts once, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

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


class Stream(Protocol):
    """A call that is answered bit by bit."""

    def __iter__(self) -> Iterator[pb.HookItem]:
        """Give what comes."""
        ...

    def cancel(self) -> object:
        """Stop listening."""
        ...


class ByHand(NamedTuple):
    """What is run by hand."""

    call: Callable[[], Stream]
    """Has the daemon run it, or follows it where it runs already."""
    what: str
    """Its name in a sentence."""
    attach: Next
    """What is typed to follow it again."""
    begun: bool = False
    """True once the daemon has taken it."""


def run_hook(connection: Connection, request: pb.RunHookRequest, view: HookView, settings: Settings) -> pb.HookEnd:
    """Run a hook of a service, and show what it prints until it ends.

    Raises:
        ClientError: the daemon refused or stays away, or the operator detached.
    """
    argv = ("releasectl", "services", "run", request.name, request.hook, "--request-id", request.request_id)
    hook = ByHand(
        lambda: connection.environments.RunHook(request),
        f"hook {request.hook} of {request.name}",
        Next(argv, "follows the hook until it ends"),
    )
    return run_by_hand(connection, hook, view, settings)


def run_by_hand(connection: Connection, run: ByHand, view: HookView, settings: Settings) -> pb.HookEnd:
    """Show what is printed until it ends.

    Raises:
        ClientError: the daemon refused or stays away, or the operator detached.
    """
    offsets = Offsets()
    outage = Outage(settings.say, connection.target.address, run.attach)
    try:
        while (end := _one_stream(run, view, offsets, outage)) is None:
            run = run._replace(begun=True)
            outage.pause(Patience(None))
    except KeyboardInterrupt:
        raise _detached(run) from None
    return end


def _one_stream(run: ByHand, view: HookView, offsets: Offsets, outage: Outage) -> pb.HookEnd | None:
    """Follow until it ends, or give ``None`` where the daemon went away."""
    call = run.call()
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
            raise _refused(run, from_rpc(error)) from None
    finally:
        call.cancel()
    return None


def _refused(run: ByHand, error: ClientError) -> ClientError:
    """What has begun is not refused any more: only the following may be."""
    if not run.begun or error.reason != "too_many_followers":
        return error
    message = f"The daemon goes on with {run.what}, but it cannot be followed now: {error.message}"
    return ClientError(ExitCode.WAITED, error.reason, message, (run.attach,))


def _detached(run: ByHand) -> ClientError:
    return ClientError(
        ExitCode.DETACHED,
        "detached",
        f"Detached from {run.what}; once it has begun it goes on in the daemon.",
        (run.attach,),
    )
