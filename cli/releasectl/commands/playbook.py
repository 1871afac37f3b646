"""``releasectl playbook``: the known failure modes."""

from __future__ import annotations

from pathlib import Path

import click

from releasectl.arguments.global_flags import CONTEXT
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import PLAYBOOK, TICKET
from releasectl.calls import submission
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.commands.playbook_apply import command as apply
from releasectl.errors import usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.machine import document, emit
from releasectl.views.playbook import print_matches, print_playbook, print_playbooks, print_trials, warn
from releasepb.v1 import releases_pb2 as pb

_LARGEST_BYTES = 128 * 1024


@click.group("playbook", context_settings=CONTEXT)
def command() -> None:
    """See the known failure modes, and which of them tells of a failure.

    Some ship with the product; the ops repo adds its own in recovery/playbooks/release-*.yaml, as they stand at HEAD.
    """


@declare("list")
@click.pass_obj
def _list(settings: Settings) -> None:
    """List the known failure modes.

    Also what is wrong with the files that gave none.
    """
    with connect(settings) as connection:
        request = pb.ListPlaybooksRequest(environment=connection.environment)
        answer = connection.ask(connection.playbooks.ListPlaybooks, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for playbook in answer.playbooks:
            emit(document(playbook))
    else:
        print_playbooks(answer.playbooks, settings)
    warn(answer.problems, settings)


@declare("show")
@click.argument("playbook_id", metavar="ID", type=PLAYBOOK)
@click.pass_obj
def _show(settings: Settings, *, playbook_id: str) -> None:
    """Show a known failure mode.

    Its symptom and cause, what repairs it, and what proves that.
    """
    with connect(settings) as connection:
        request = pb.ListPlaybooksRequest(environment=connection.environment, id=playbook_id)
        (playbook,) = connection.ask(connection.playbooks.ListPlaybooks, request).playbooks
    if settings.is_text:
        print_playbook(playbook, settings)
    else:
        emit(document(playbook))


@declare("match")
@click.argument("ticket", type=TICKET)
@click.option("--detect", is_flag=True, help="Also run the detection commands of the best ones; they change nothing.")
@click.pass_obj
def _match(settings: Settings, *, ticket: str, detect: bool) -> None:
    """Show which of them tell of a ticket's failure, and why.

    Of the latest one; the mode that fits best comes first.
    """
    with connect(settings) as connection:
        request = pb.MatchPlaybooksRequest(
            environment=connection.environment, ticket=ticket, detect=detect, request_id=submission.new_request_id()
        )
        answer = connection.ask(connection.playbooks.MatchPlaybooks, request, COMMAND_TIMEOUT_S)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for match in answer.matches:
            emit(document(match))
    elif answer.matches:
        print_matches(answer.matches, settings)
    else:
        settings.say(f"No playbook tells of the failure of ticket {ticket}.")
    warn(answer.problems, settings)


@declare("lint")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def _lint(settings: Settings, *, files: tuple[Path, ...]) -> int:
    """Tell every fault of playbook files.

    Without FILE, of those in the ops repo at HEAD.
    """
    sent = [pb.PlaybookFile(name=str(file), content=_content(file)) for file in files]
    with connect(settings) as connection:
        request = pb.LintPlaybooksRequest(environment=connection.environment, files=sent)
        answer = connection.ask(connection.playbooks.LintPlaybooks, request)
    if settings.is_text:
        for problem in answer.problems:
            click.echo(one_line(problem))
        settings.say(f"{answer.playbooks} playbooks without a fault, {len(answer.problems)} faults.")
    else:
        emit(document(answer))
    return ExitCode.FAILED if answer.problems else ExitCode.DONE


@declare("test")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def _test(settings: Settings, *, file: Path) -> None:
    """Show of which past failures a file would have told.

    And which rank its playbooks would have had.
    """
    with connect(settings) as connection:
        sent = pb.PlaybookFile(name=str(file), content=_content(file))
        request = pb.TestPlaybooksRequest(environment=connection.environment, file=sent)
        answer = connection.ask(connection.playbooks.TestPlaybooks, request, COMMAND_TIMEOUT_S)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for failure in answer.failures:
            emit(document(failure))
    else:
        print_trials(answer.failures, settings)


@declare("new", output=False)
@click.argument("ticket", type=TICKET)
@click.option(
    "-o",
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there, not to stdout.",
)
@click.pass_obj
def _new(settings: Settings, *, ticket: str, file: Path | None) -> None:
    """Draft a playbook from the record of a failure.

    In the fixed form, for review in the ops repo.
    """
    with connect(settings) as connection:
        request = pb.DraftPlaybookRequest(environment=connection.environment, ticket=ticket)
        drafted = connection.ask(connection.playbooks.DraftPlaybook, request).content.decode()
    if file is None:
        click.echo(drafted, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(drafted)
    except OSError as error:
        raise usage(f"{file} could not be written: {error.strerror}. Name a new file.") from None
    settings.say(f"Drafted in {file}. Review it, then file it in recovery/playbooks/ of the ops repo.")


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise usage(f"{file} has more than {_LARGEST_BYTES} bytes, so it is no playbook file.")
    return content


for _each in (_list, _show, _match, _lint, _test, _new, apply):
    command.add_command(_each)
