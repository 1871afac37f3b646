"""``releasectl playbook apply``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import agrees, asks, confirm
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import PLAYBOOK, TICKET, setting
from releasectl.calls import submission
from releasectl.calls.connection import Connection, connect
from releasectl.calls.hook_run import ByHand, run_by_hand
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.fix import Report, print_fix
from releasepb.v1 import releases_pb2 as pb

_COMMANDS = ("fix", "verify")


@declare("apply")
@click.argument("playbook_id", metavar="ID", type=PLAYBOOK)
@click.argument("ticket", type=TICKET)
@click.option("--set", "given", type=setting, metavar="NAME=VALUE", multiple=True, help="Fill in <NAME>.")
@click.pass_obj
def command(settings: Settings, *, playbook_id: str, ticket: str, given: tuple[tuple[str, str], ...]) -> int:
    """Run the repair of a playbook.

    It is what the playbook says repairs the ticket's failure now, and then what proves it. Shows every command, with
    what the record says in place of <service> and the like, and asks first. Each runs by hand in the checkout, one
    after the other, and is on record; the first that fails ends it. Refused while a release runs. Exits by the
    outcome, and says how the release goes on.
    """
    with connect(settings) as connection:
        asked = pb.PlanFixRequest(environment=connection.environment, ticket=ticket, id=playbook_id, values=dict(given))
        plan = _complete(connection, asked, settings)
        print_fix(plan.lines, settings)
        _agree(plan, ticket, settings)
        report = Report(asked, plan, settings)
        for number, line in enumerate(plan.lines):
            code = _do(connection, asked, number, line, settings, report)
            if code != ExitCode.DONE:
                report.end(done=False)
                return code
        return _afterwards(connection, asked, report, settings)


def _complete(connection: Connection, asked: pb.PlanFixRequest, settings: Settings) -> pb.FixPlan:
    """Ask the daemon for the lines, and a person for what it cannot fill in."""
    plan = connection.ask(connection.playbooks.PlanFix, asked)
    while plan.missing:
        if not asks(settings):
            wanted = " ".join(f"--set {name}=…" for name in plan.missing)
            message = f"Nothing was done. The record does not say what stands for all of it; say it with {wanted}"
            raise ClientError(ExitCode.USAGE, "usage", message, (_again(asked, *plan.missing),))
        for name in plan.missing:
            asked.values[name] = click.prompt(f"<{one_line(name)}>", err=True)
        plan = connection.ask(connection.playbooks.PlanFix, asked)
    return plan


def _agree(plan: pb.FixPlan, ticket: str, settings: Settings) -> None:
    commands = sum(line.kind in _COMMANDS for line in plan.lines)
    what = "one command is" if commands == 1 else f"{commands} commands are"
    confirm(settings, f"In the checkout of ticket {ticket} {what} run, as shown above.")


def _do(
    connection: Connection, asked: pb.PlanFixRequest, number: int, line: pb.FixLine, settings: Settings, report: Report
) -> int:
    """Run a command; have a person say that what only a person can do is done. Give the exit code."""
    if line.kind == "person":
        if not settings.yes and not agrees(f"By hand: {one_line(line.text)} Is that done?"):
            message = f"The rest of playbook {asked.id} was not done. Apply it again once that is done."
            raise ClientError(ExitCode.USAGE, "usage", message, (_again(asked),))
        return ExitCode.DONE
    if line.kind not in _COMMANDS:
        return ExitCode.DONE
    request = pb.RunFixRequest(
        environment=connection.environment,
        ticket=asked.ticket,
        id=asked.id,
        values=asked.values,
        number=number,
        text=line.text,
        request_id=submission.new_request_id(),
    )
    view = report.view(line, request.request_id)
    run = ByHand(
        lambda: connection.playbooks.RunFix(request),
        f"`{one_line(line.text)}`",
        Next(("releasectl", "events", asked.ticket), "shows what was begun"),
    )
    end = run_by_hand(connection, run, view, settings)
    view.end(end)
    return end.exit_code


def _again(asked: pb.PlanFixRequest, *missing: str) -> Next:
    given = [f"{name}={value}" for name, value in asked.values.items()] + [f"{name}=<{name}>" for name in missing]
    settings = [word for one in given for word in ("--set", one)]
    argv = ("releasectl", "playbook", "apply", asked.id, asked.ticket, *settings)
    return Next(argv, "runs the repair from its beginning", "changes")


def _afterwards(connection: Connection, asked: pb.PlanFixRequest, report: Report, settings: Settings) -> int:
    """Say how the release goes on; on a terminal, offer to let it."""
    halted = _is_halted(connection, asked.ticket)
    report.end(done=True, halted=halted)
    if not (halted and asks(settings) and agrees(f"Resume ticket {asked.ticket} now?")):
        return ExitCode.DONE
    request = pb.ResumeRequest(ticket=asked.ticket, request_id=submission.new_request_id(), playbook=asked.id)
    accepted = submission.resume(connection, request)
    return submission.leave_or_follow(connection, accepted, settings, detach=False, wait_s=None)


def _is_halted(connection: Connection, ticket: str) -> bool:
    asked = pb.ListReleasesRequest(environment=connection.environment, state="halted")
    return any(one.ticket == ticket for one in connection.ask(connection.releases.ListReleases, asked).releases)
