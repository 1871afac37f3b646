"""``releasectl webhook``: how the messages arrive that tell of halted releases."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.global_flags import CONTEXT
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import since
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.machine import document, emit
from releasectl.views.webhook import print_webhook
from releasepb.v1 import releases_pb2 as pb


@click.group("webhook", context_settings=CONTEXT)
def command() -> None:
    """See how the messages arrive that tell of halted releases, or send them again."""


@declare("status")
@click.pass_obj
def _status(settings: Settings) -> None:
    """Show how the webhook's messages arrive.

    Where they go, how many wait, and what the receiver answered last.
    """
    with connect(settings) as connection:
        _show(connection.ask(connection.webhooks.GetWebhook, pb.GetWebhookRequest()), settings)


@declare("replay")
@click.option(
    "--since", "begin", type=since, metavar="TIME", required=True, help="Of the first event: RFC 3339, or 2h ago."
)
@click.pass_obj
def _replay(settings: Settings, *, begin: dt.datetime) -> None:
    """Send the messages of events since TIME again.

    They keep their ids. What waits is sent at once.
    """
    request = pb.ReplayWebhookRequest()
    request.since.FromDatetime(begin)
    with connect(settings) as connection:
        _show(connection.ask(connection.webhooks.ReplayWebhook, request), settings)


def _show(webhook: pb.Webhook, settings: Settings) -> None:
    if settings.is_text:
        print_webhook(webhook, settings)
    else:
        emit(document(webhook))


command.add_command(_status)
command.add_command(_replay)
