"""``releasectl services``: what runs of each service, what it prints, and its hooks."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from releasectl.arguments.global_flags import CONTEXT, global_flags
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import SERVICE, since
from releasectl.calls.connection import connect
from releasectl.calls.moments import time_of
from releasectl.commands.services_logs import command as logs
from releasectl.commands.services_run import command as run
from releasectl.errors import ClientError
from releasectl.settings import Settings
from releasectl.text.tables import print_services
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb


class _Services(click.Group):
    """A group whose subcommands leave their names to services: ``services logs`` shows the service of that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take the first word for a subcommand only where another word follows."""
        if args[0] in self.commands and len(args) > 1:
            return super().resolve_command(ctx, args)
        return "", _list, args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the services, and then the subcommands, also while the services cannot be found out."""
        with suppress(ClientError):
            return [*SERVICE.shell_complete(ctx, self.params[0], incomplete), *super().shell_complete(ctx, incomplete)]
        return super().shell_complete(ctx, incomplete)


_AT = click.option(
    "--at",
    type=since,
    metavar="TIME",
    default=lambda: click.get_current_context().meta.get(_GIVEN),
    help="As releases had left them then: RFC 3339, or 2h ago.",
)
_GIVEN = "releasectl.services.at"
"""Where a time that was typed before the name waits for it."""


@declare("services")
@click.argument("name", type=SERVICE, required=False)
@_AT
@click.pass_obj
def _list(settings: Settings, *, name: str | None, at: dt.datetime | None) -> None:
    """Show the services of the ops repo, what their manifests ask for, and what runs."""
    with connect(settings) as connection:
        request = pb.ListServicesRequest(environment=connection.environment, name=name or "", at=time_of(at))
        answer = connection.ask(connection.environments.ListServices, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for service in answer.services:
            emit(document(service))
    elif answer.services:
        print_services(answer.services, settings)
    else:
        settings.say("No release had put anything in place by then." if at else "The ops repo has no services.")


@click.group(
    "services",
    cls=_Services,
    context_settings=CONTEXT,
    invoke_without_command=True,
    subcommand_metavar="[NAME] | logs NAME | run NAME HOOK",
    epilog="A service called logs or run is shown by its name alone. Global flags: see releasectl --help.",
)
@_AT
@global_flags(hidden=True)
@click.pass_context
def command(context: click.Context, *, at: dt.datetime | None) -> None:
    """Show the services of the ops repo, what their manifests ask for, and what runs."""
    context.meta[_GIVEN] = at
    if context.invoked_subcommand is None:
        context.invoke(_list, name=None, at=at)


command.add_command(logs)
command.add_command(run)
