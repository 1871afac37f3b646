"""What a dangerous command needs before it is sent: a reason for the record, and a yes."""

from __future__ import annotations

import shutil

import click

from releasectl.errors import usage
from releasectl.settings import Settings, is_terminal


def reason_or_ask(reason: str | None, settings: Settings, question: str = "Reason, for the record") -> str:
    """Give the reason, asked for on a terminal where it is missing.

    Raises:
        ClientError: there is none, and nobody to ask (usage).
    """
    if reason and reason.strip():
        return reason.strip()
    if not asks(settings):
        raise usage("A reason is needed for the record; give it with --reason.")
    answer: str = click.prompt(question, err=True)
    return answer.strip()


def asks(settings: Settings) -> bool:
    """Tell whether somebody can be asked and wants to be."""
    return not settings.yes and settings.is_text and is_terminal()


def confirm(settings: Settings, consequence: str) -> None:
    """Go on only where the operator agrees: asked on a terminal, told by ``--yes`` elsewhere.

    Raises:
        ClientError: nobody agreed (usage).
    """
    if settings.yes:
        return
    if not asks(settings):
        raise usage(f"Nothing was done. This asks first: {consequence} Without a terminal, agree with --yes.")
    if not agrees(f"{consequence} Go on?"):
        raise usage("Nothing was done.")


def agrees(question: str) -> bool:
    """Ask on the terminal; no answer is no."""
    wrapped = click.wrap_text(question, max(shutil.get_terminal_size().columns - len(" [y/N]: "), 20))
    return click.confirm(wrapped, default=False, err=True)
