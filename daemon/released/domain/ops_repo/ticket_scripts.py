"""Which scripts of ``releases/`` belong to a ticket (spec: ticket; prepare, 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from released.domain.errors import Refused


def scripts_of(ticket: str, names: Iterable[str], known_tickets: Sequence[str]) -> list[str]:
    """List the ticket's scripts in name order.

    Args:
        ticket: the ticket that is released.
        names: the files of the folder, without their folder.
        known_tickets: every ticket that the record knows, this one among them.

    Raises:
        Refused: a script also matches a longer known ticket, so that nobody can tell whose it is.
    """
    mine = sorted(name for name in names if _matches(ticket, name))
    for name in mine:
        longer = [other for other in known_tickets if len(other) > len(ticket) and _matches(other, name)]
        if longer:
            raise Refused(
                "script_ambiguous",
                f"releases/{name} matches ticket {ticket} and the longer ticket {longer[0]}. "
                "Rename the script so that it belongs to one of them.",
            )
    return mine


def owners(names: Iterable[str]) -> dict[str, str]:
    """Map each script to the ticket that its name starts with, up to the first dash."""
    return {name: name.partition("-")[0] for name in names if name.endswith(".sh") and "-" in name}


def foreign_scripts(ticket: str, taken_along: Sequence[str], changed: Iterable[str]) -> dict[str, str]:
    """Map the scripts of other tickets in the range, which nobody asked for, to their tickets."""
    ours = (ticket, *taken_along)
    return {
        name: owner
        for name, owner in owners(changed).items()
        if not any(_matches(candidate, name) for candidate in ours)
    }


def _matches(ticket: str, name: str) -> bool:
    return name.startswith(f"{ticket}-") and name.endswith(".sh")
