"""What the daemon knows and a shell can offer while it completes: tickets and services."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
from click.shell_completion import CompletionItem

from releasectl.calls.connection import Connection, connect
from releasectl.settings import of
from releasectl.text.sanitize import one_line
from releasepb.v1 import releases_pb2 as pb

Offer = Callable[[click.Context, str, Collection[str]], list[CompletionItem[str]]]

PATIENCE_S = 0.5
"""Longer nobody waits for a completion; then there is none."""
_TICKETS = 1000


def tickets(context: click.Context, incomplete: str, states: Collection[str]) -> list[CompletionItem[str]]:
    """Offer the tickets of the environment that begin so and stand in one of these states, newest first.

    Raises:
        ClientError: the daemon did not tell.
    """
    with _briefly(context) as connection:
        request = pb.ListReleasesRequest(environment=connection.environment, limit=_TICKETS)
        known = connection.ask(connection.releases.ListReleases, request).releases
    return [
        CompletionItem(one_line(release.ticket), help=one_line(release.state))
        for release in known
        if release.ticket.startswith(incomplete) and release.state in states
    ]


def services(context: click.Context, incomplete: str, _states: Collection[str] = ()) -> list[CompletionItem[str]]:
    """Offer the services of the environment that begin so.

    Raises:
        ClientError: the daemon did not tell.
    """
    with _briefly(context) as connection:
        request = pb.ListServicesRequest(environment=connection.environment)
        known = connection.ask(connection.environments.ListServices, request).services
    return [
        CompletionItem(one_line(service.name), help=one_line(service.display_name))
        for service in known
        if service.name.startswith(incomplete)
    ]


OFFERS: dict[str, Offer] = {"ticket": tickets, "service": services}
"""Kind of a name to what finds those that exist."""


@contextmanager
def _briefly(context: click.Context) -> Iterator[Connection]:
    # A daemon that stands still lets nobody in, and the kernel would wait for it.
    socket.setdefaulttimeout(PATIENCE_S)
    with connect(replace(of(context), timeout_s=PATIENCE_S, verbose=False)) as connection:
        yield connection
