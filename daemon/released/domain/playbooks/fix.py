"""What repairs the running environment now, and what proves that: the lines of a playbook, one by one.

A line is a shell command; one that begins with ``#`` is something that only a person can do, and one that begins with
``releasectl`` is what is typed once the rest is done, to let the release go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from released.domain.errors import InvalidInput, Refused
from released.domain.playbooks.placeholders import Values, fill
from released.domain.playbooks.playbook import Playbook
from released.domain.releases import next_steps


class Kind(StrEnum):
    """Who does what a line says, and when."""

    FIX = "fix"
    VERIFY = "verify"
    PERSON = "person"
    AFTERWARDS = "afterwards"


class FixLine(NamedTuple):
    """One line, with what the record says in place of its placeholders."""

    kind: Kind
    text: str
    missing: tuple[str, ...]
    """Placeholders of which nothing is known."""

    @property
    def is_command(self) -> bool:
        """True where it is run, and not only shown."""
        return self.kind in (Kind.FIX, Kind.VERIFY)


def fix_lines(playbook: Playbook, values: Values) -> tuple[FixLine, ...]:
    """List what a playbook has one do, in order: the repair, what proves it, and what comes afterwards."""
    repair = [_filled(_kind(line), line.removeprefix("#").strip(), values) for line in _lines(playbook.fix.adhoc)]
    proof = [_filled(_proof(line), line, values) for command in playbook.verify for line in _lines(command)]
    lines = (*repair, *proof)
    return (
        *(line for line in lines if line.kind is not Kind.AFTERWARDS),
        *(line for line in lines if line.kind is Kind.AFTERWARDS),
    )


def agreed_command(lines: Sequence[FixLine], number: int, agreed: str, playbook: str, ticket: str) -> FixLine:
    """Give the command that a person saw and agreed to.

    Args:
        lines: of the playbook as it stands.
        number: of the line, from 0.
        agreed: the text that was shown.
        playbook: its id.
        ticket: whose failure it is.

    Raises:
        Refused: ``fix_changed``, the line is not that one any more, or no command.
        InvalidInput: ``value_missing``, a placeholder is left in it.
    """
    line = lines[number] if 0 <= number < len(lines) else None
    if line is None or not line.is_command or line.text != agreed:
        message = (
            f"Playbook {playbook} or the failure of ticket {ticket} is not what it was. Look again, then decide anew."
        )
        raise Refused("fix_changed", message, (next_steps.apply(playbook, ticket),))
    if line.missing:
        names = ", ".join(f"<{name}>" for name in line.missing)
        raise InvalidInput("value_missing", f"The record does not say what {names} stands for; say it with --set.")
    return line


def _filled(kind: Kind, text: str, values: Values) -> FixLine:
    filled = fill(text, values)
    return FixLine(kind, filled.command, filled.missing)


def _kind(line: str) -> Kind:
    if line.startswith("#"):
        return Kind.PERSON
    return Kind.AFTERWARDS if line.startswith("releasectl ") else Kind.FIX


def _proof(line: str) -> Kind:
    return Kind.AFTERWARDS if line.startswith("releasectl ") else Kind.VERIFY


def _lines(text: str) -> Iterator[str]:
    """Give lines without the empty ones; one that ends with a backslash goes on in the next."""
    yield from (line for each in text.replace("\\\n", " ").splitlines() if (line := each.strip()))
