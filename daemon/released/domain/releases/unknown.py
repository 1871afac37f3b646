"""A ticket that nothing is on record of."""

from __future__ import annotations

from released.domain.errors import NotFound
from released.domain.releases import next_steps


def unknown_ticket(ticket: str) -> NotFound:
    """Say that nothing is on record of a ticket; not even a refusal."""
    return NotFound("ticket_unknown", f"Nothing is on record of ticket {ticket}.", next_steps.run(ticket))
