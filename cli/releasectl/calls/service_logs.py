"""Reads what the containers of a service print."""

from __future__ import annotations

import grpc

from releasectl.calls.connection import Connection
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import daemon_went_away, from_rpc
from releasectl.settings import Settings
from releasectl.views.service_log import choose
from releasepb.v1 import releases_pb2 as pb


def read_logs(connection: Connection, request: pb.ReadServiceLogsRequest, settings: Settings) -> None:
    """Show the log, to its end or until ctrl-C.

    Raises:
        ClientError: the daemon refused or went away, or the operator stopped following.
    """
    view = choose(settings, request.name, _containers(connection, request))
    call = connection.environments.ReadServiceLogs(request)
    try:
        for chunk in call:
            view.chunk(chunk)
        view.close()
    except grpc.RpcError as error:
        raise _gone(request) if daemon_went_away(error) else from_rpc(error) from None
    except KeyboardInterrupt:
        raise _detached(request) from None
    finally:
        call.cancel()


def _containers(connection: Connection, request: pb.ReadServiceLogsRequest) -> list[str]:
    listing = pb.ListServicesRequest(environment=request.environment, name=request.name)
    answer = connection.ask(connection.environments.ListServices, listing)
    return [container.name for service in answer.services for container in service.containers]


def _again(request: pb.ReadServiceLogsRequest) -> Next:
    return Next(("releasectl", "services", "logs", request.name, "-f"), "follows the log again")


def _gone(request: pb.ReadServiceLogsRequest) -> ClientError:
    message = f"The daemon went away, and with it the log of {request.name}; the service itself is not affected."
    return ClientError(ExitCode.UNREACHABLE, "daemon_went_away", message, (_again(request),))


def _detached(request: pb.ReadServiceLogsRequest) -> ClientError:
    message = f"The log of {request.name} is not followed any more."
    return ClientError(ExitCode.DETACHED, "detached", message, (_again(request),))
