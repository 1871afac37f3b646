"""Completes command lines in a shell, by click's protocol: its script asks in a variable, and the answer is words."""

from __future__ import annotations

import os
from contextlib import suppress

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings

PROGRAM = "releasectl"
VARIABLE = "_RELEASECTL_COMPLETE"
"""Set by the script, to ``bash_complete`` for instance; what was typed so far is in COMP_WORDS and COMP_CWORD."""


def answer(program: click.Command) -> ExitCode:
    """Print what may be typed next; nothing where that cannot be found out, for nobody asked to see an error."""
    with suppress(Exception):
        shell = os.environ[VARIABLE].removesuffix("_complete")
        click.echo(_completer(shell, program).complete())
    return ExitCode.DONE


def script(shell: str, program: click.Command) -> str:
    """Give the script that a shell reads to learn how this program is completed."""
    return _completer(shell, program).source()


class _Joined(ShellComplete):
    """Knows ``--flag=value``, of which bash makes three words and the others one, where click expects two."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        found = super().get_completions([word for word in args if word != "="], incomplete)
        flag, joined, _ = incomplete.partition("=")
        if not (joined and flag.startswith("-")):
            return found
        return [CompletionItem(f"{flag}={item.value}", item.type, item.help) for item in found]


class _Bash(_Joined, BashComplete):
    pass


class _Zsh(_Joined, ZshComplete):
    pass


class _Fish(_Joined, FishComplete):
    pass


_SHELLS = {shell.name: shell for shell in (_Bash, _Zsh, _Fish)}
SHELLS = tuple(_SHELLS)


def _completer(shell: str, program: click.Command) -> ShellComplete:
    return _SHELLS[shell](program, {"obj": Settings()}, PROGRAM, VARIABLE)
