"""The entry point of releasectl: finds the subcommand, runs it, shows how it ended."""

from __future__ import annotations

import importlib
import io
import os
import sys
from importlib import metadata
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from releasectl.arguments import completion
from releasectl.arguments import global_flags as flags
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.views.reporting import report

COMMANDS = {
    "run": ("run", "Release a ticket, or go on with a halted one from a phase."),
    "resume": ("resume", "Go on with a halted release."),
    "plan": ("plan", "Show everything a run would do, and change nothing."),
    "revert": ("revert", "Take a release back."),
    "rollback": ("revert", "The same as revert."),
    "cancel": ("cancel", "Stop a running release after its present step, or the step too."),
    "resolve": ("resolve", "Settle a step that is in doubt."),
    "status": ("status", "Show where a ticket, or the environment, stands."),
    "list": ("list_releases", "List releases, newest first."),
    "watch": ("watch", "Follow a release: what was recorded, then what happens."),
    "logs": ("logs", "Show the output of a release's steps."),
    "events": ("events", "Show the raw record of a ticket."),
    "diagnose": ("diagnose", "Show why a ticket failed, and the exact next commands."),
    "history": ("history", "List every past run, with its halts and slow steps."),
    "replay": ("replay", "Show a past run again, as it was seen."),
    "report": ("report", "Put all about a release into one page, or the draft of a post-mortem."),
    "why": ("why", "Show why a ticket's run did something."),
    "blame": ("blame", "Show what put each running thing of a service there."),
    "diff": ("diff", "Show in what two releases differ."),
    "services": ("services", "Show the services, what runs of them and what it prints; run their hooks."),
    "drift": ("drift", "Compare what runs with what the manifests ask for."),
    "doctor": ("doctor", "Check everything that a release needs, with the fix for what is wrong."),
    "playbook": ("playbook", "See the known failure modes, and which of them tells of a failure."),
    "note": ("note", "Put a remark on the record of a ticket."),
    "adopt": ("adopt", "Take in a release that was done by hand."),
    "return-to-main": ("return_to_main", "Go back from a hotfix branch to the configured one."),
    "hold": ("hold", "Keep releases out of the environment."),
    "unhold": ("unhold", "Let releases start again."),
    "lock": ("lock", "See who occupies the environment, or give up a halted release."),
    "webhook": ("webhook", "See how the webhook's messages arrive, or send them again."),
    "verify-log": ("verify_log", "Look the whole record through, and all that is derived from it."),
    "export": ("export", "Write a ticket, or the environment, to a file that can be read anywhere."),
    "open": ("open_export", "Ask such a file instead of a daemon."),
    "legal-hold": ("legal_hold", "Keep what was printed for a ticket, however old it grows."),
    "gc": ("gc", "Remove what was printed longer ago than is kept."),
    "rebuild": ("rebuild", "Make what is derived anew from the record."),
    "init": ("init", "Make an ops repo that can be released at once."),
    "completion": ("completion", "Print the script that completes command lines in a shell."),
    "version": ("version", "Show the versions of the client and the daemon."),
}
"""Subcommand to its module below ``releasectl.commands``, imported when it is used, and its line in the help."""


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is used, so that help and version come at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's interface)
        """Name the subcommands in the order in which they are learned."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's interface)
        """Import a subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"releasectl.commands.{COMMANDS[cmd_name][0]}")
        found: click.Command = module.command
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the subcommands without importing them."""
        offered = [
            CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return offered + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's interface)
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 (click's interface)
    if wanted and not context.resilient_parsing:
        click.echo(f"releasectl {metadata.version('releasectl')}")
        context.exit()


@click.group(cls=LazyGroup, context_settings=flags.CONTEXT)
@flags.global_flags(hidden=False)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="The client's version."
)
def releasectl() -> None:
    """Release the tickets of an ops repo, and follow, resume and look at releases.

    Exit codes: 0 done, 1 failed or halted, 2 usage, 3 refused and nothing changed, 4 not found, 5 nothing to do,
    6 daemon unreachable, 7 not allowed, 8 in doubt, 9 waited and the release goes on, 10 drift or changes,
    130 detached by ctrl-C.
    """


def execute(arguments: list[str]) -> int:
    """Run a command line and show how it ended; give the exit code."""
    settings = Settings(output=flags.wanted_output(arguments))
    try:
        result = releasectl.main(arguments, prog_name="releasectl", standalone_mode=False, obj=settings)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # click makes a SystemExit of a broken pipe, and of nothing else here
        _leave_stdout()
        return ExitCode.BROKEN_PIPE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except (ClientError, click.ClickException, click.Abort) as error:
        failure = _as_failure(error)
        report(failure, settings)
        return int(failure.code)
    return int(result or 0)


def _as_failure(error: ClientError | click.ClickException | click.Abort) -> ClientError:
    match error:
        case ClientError():
            return error
        case click.ClickException():
            context = error.ctx if isinstance(error, click.UsageError) else None
            asking = (*(context.command_path if context else "releasectl").split(), "--help")
            return ClientError(
                ExitCode.USAGE, "usage", error.format_message(), (Next(asking, "shows what may be typed"),)
            )
        case _:
            return ClientError(ExitCode.DETACHED, "interrupted", "Interrupted; nothing was asked of the daemon.")


def _leave_stdout() -> None:
    """Let nothing more be written to a reader that has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> NoReturn:
    """Run the command line of this process, or complete the one that a shell asks about.

    The process ends at once: waiting for the threads of gRPC and the interpreter's clean-up would cost more than most
    commands.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = completion.answer(releasectl) if completion.VARIABLE in os.environ else execute(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
