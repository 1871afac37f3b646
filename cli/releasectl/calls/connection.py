"""The connection to the daemon: found before gRPC is asked, with a deadline for every call."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

# Before grpc is imported: its handlers for fork() only print noise here.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import grpc

from releasectl.calls.backoff import pauses_s
from releasectl.calls.target import Target, resolve
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import daemon_went_away, deadline_passed, from_rpc
from releasepb.v1 import history_pb2_grpc as history_rpc
from releasepb.v1 import releases_pb2_grpc as rpc

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from releasectl.settings import Settings

READ_TIMEOUT_S = 20.0
COMMAND_TIMEOUT_S = 120.0
"""Run and Resume fetch from the remote before they answer."""
REVERT_TIMEOUT_S = 3600.0
"""A revert reads every backup that it would restore to its end before it answers."""

_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)

RequestT_contra = TypeVar("RequestT_contra", bound="Message", contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", bound="Message", covariant=True)


class Method(Protocol[RequestT_contra, AnswerT_co]):
    """A call with one request and one answer."""

    def __call__(self, request: RequestT_contra, timeout: float | None = None) -> AnswerT_co:
        """Ask the daemon."""
        ...


class Connection:
    """A channel to the daemon and what is meant by it.

    Args:
        target: the daemon and the environment.
        timeout_s: the deadline of a call where the operator gave one.
    """

    def __init__(self, target: Target, timeout_s: float | None = None) -> None:
        self.target = target
        self.environment = target.environment
        self._timeout_s = timeout_s
        self.channel = grpc.insecure_channel(f"unix:{target.socket_path}", options=_CHANNEL_OPTIONS)
        self.releases = rpc.ReleasesStub(self.channel)
        self.environments = rpc.EnvironmentsStub(self.channel)
        self.playbooks = rpc.PlaybooksStub(self.channel)
        self.webhooks = rpc.WebhooksStub(self.channel)
        self.history = history_rpc.HistoryStub(self.channel)

    def ask(
        self,
        method: Method[RequestT_contra, AnswerT_co],
        request: RequestT_contra,
        timeout_s: float = READ_TIMEOUT_S,
        wait_s: float = 0.0,
    ) -> AnswerT_co:
        """Make a call that may be made twice; a daemon that goes away meanwhile is asked again until the deadline.

        Args:
            method: the call.
            request: what is sent.
            timeout_s: the deadline, unless the operator gave another.
            wait_s: how much longer the daemon may take, because it was asked to wait for something.

        Raises:
            ClientError: the daemon refused, or gave no answer in time.
        """
        allowed_s = (self._timeout_s or timeout_s) + wait_s
        deadline = time.monotonic() + allowed_s
        for pause_s in pauses_s():
            try:
                return method(request, timeout=max(deadline - time.monotonic(), 0.001))
            except grpc.RpcError as error:
                if deadline_passed(error):
                    raise no_answer(self.target, allowed_s) from None
                if not daemon_went_away(error):
                    raise from_rpc(error) from None
            if time.monotonic() + pause_s >= deadline:
                raise no_answer(self.target, allowed_s)
            time.sleep(pause_s)
        raise AssertionError("pauses have no end")

    def close(self) -> None:
        """Close the channel."""
        self.channel.close()


@contextmanager
def connect(settings: Settings) -> Iterator[Connection]:
    """Open a connection to the daemon that is meant.

    Raises:
        ClientError: the address cannot be used, or nobody listens there.
    """
    target = resolve(settings)
    settings.tell(f"daemon at {target.address}, environment {target.environment or '(its only one)'}")
    knock(target)
    connection = Connection(target, settings.timeout_s)
    try:
        yield connection
    finally:
        connection.close()


def knock(target: Target) -> None:
    """See whether somebody listens: the kernel knows at once and says why not.

    Raises:
        ClientError: nobody does, or this user may not ask.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(target.socket_path)
        except PermissionError:
            raise _not_allowed(target) from None
        except OSError as error:
            raise _unreachable(target, error) from None


def _not_allowed(target: Target) -> ClientError:
    return ClientError(
        ExitCode.NOT_ALLOWED,
        "socket_not_allowed",
        f"You may not talk to the daemon at {target.address}: its socket is closed to this user. "
        "Have yourself put into the socket's group, or ask somebody who is in it.",
        (Next(("ls", "-ld", os.path.dirname(target.socket_path)), "shows the group that may"),),  # noqa: PTH120 (a text)
    )


def _unreachable(target: Target, error: OSError) -> ClientError:
    why = "there is no socket" if isinstance(error, FileNotFoundError) else "nobody listens"
    return ClientError(
        ExitCode.UNREACHABLE,
        "daemon_unreachable",
        f"The daemon is not reachable at {target.address}: {why}. "
        "Start it with `released serve --config FILE`, or say where it listens with --address.",
        (Next(("released", "serve", "--config", "/etc/released.yaml"), "starts the daemon"),),
    )


def no_answer(target: Target, waited_s: float) -> ClientError:
    """Say that a daemon that was there gave no answer in time."""
    return ClientError(
        ExitCode.UNREACHABLE,
        "daemon_no_answer",
        f"The daemon at {target.address} gave no answer within {waited_s:g}s (see --timeout).",
    )
