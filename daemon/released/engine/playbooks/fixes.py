"""What a playbook has one do about a ticket's failure: its lines, filled with what the record says."""

from __future__ import annotations

from collections.abc import Mapping

from released.domain.errors import InvalidInput, NotFound
from released.domain.ids import Ticket
from released.domain.playbooks.fix import FixLine, fix_lines
from released.domain.playbooks.matching import Match, match
from released.domain.playbooks.placeholders import accepted
from released.domain.playbooks.recorded_failure import RecordedFailure, last_failure
from released.domain.releases.unknown import unknown_ticket
from released.engine.playbooks.detection import values_of
from released.engine.playbooks.known_failures import facts_of, library, unknown_playbook
from released.engine.station import Station


def failure_of(station: Station, ticket: Ticket) -> RecordedFailure:
    """Find the failure of a ticket to look at.

    Raises:
        NotFound: nothing, or no failure, is on record of it.
    """
    events = station.events(ticket)
    if not events:
        raise unknown_ticket(ticket)
    failure = last_failure(events)
    if failure is None:
        raise NotFound("nothing_failed", f"No failure is on record of ticket {ticket}, so there is nothing to match.")
    return failure


def fix_of(station: Station, ticket: Ticket, playbook_id: str, values: Mapping[str, str]) -> tuple[FixLine, ...]:
    """List what a playbook has one do; it need not be one that matches, for a person may know better.

    Args:
        station: the environment.
        ticket: whose failure it is.
        playbook_id: of the playbook.
        values: for placeholders, over what the record says.

    Raises:
        NotFound: there is no such playbook, or no failure.
        InvalidInput: a value is not a plain word, or holds a secret.
    """
    _refuse_secrets(station, values)
    failure, known = failure_of(station, ticket), library(station.world.git).playbooks
    playbook = next((one for one in known if one.id == playbook_id), None)
    if playbook is None:
        raise unknown_playbook(playbook_id)
    found = match([playbook], facts_of(station.world, failure)) or (Match(playbook, 0.0, (), ()),)
    return fix_lines(playbook, {**values_of(station, failure, found[0]), **accepted(values)})


def _refuse_secrets(station: Station, values: Mapping[str, str]) -> None:
    mask = station.world.mask
    for name, value in values.items():
        if mask(value) != value:
            raise InvalidInput(
                "value_secret",
                f"What is given for <{mask(name)}> holds a secret of .env, and a command is on record, and seen by "
                "every user of this host while it runs. Have the command read it from .env.",
            )
