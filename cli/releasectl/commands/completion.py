"""``releasectl completion``."""

from __future__ import annotations

import click

from releasectl.arguments.completion import SHELLS, script
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import OneOf
from releasectl.settings import of
from releasectl.views.machine import emit


@declare("completion")
@click.argument("shell", type=OneOf("shell", SHELLS), metavar="SHELL")
@click.pass_context
def command(context: click.Context, *, shell: str) -> None:
    """Print the script that completes command lines in bash, zsh or fish, with the tickets and services that exist.

    \b
    bash:  echo 'eval "$(releasectl completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(releasectl completion zsh)"' >> ~/.zshrc      (after compinit)
    fish:  releasectl completion fish > ~/.config/fish/completions/releasectl.fish
    """  # noqa: D301 (click's mark for lines that stay as they are)
    text = script(shell, context.find_root().command)
    if of(context).is_text:
        click.echo(text, nl=False)
    else:
        emit({"shell": shell, "script": text})
