"""Anchors: what the log's hash was when a release was over, noted on its commit, outside the record.

A chain of hashes shows what was edited, dropped or moved, but not that its end was cut off. An anchor does: it names an
event and the hash that binds it to all before it. Anchors are only ever added to, so that a record that was exchanged
cannot take the proof along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from released.domain import events as ev
from released.domain.releases import release

HashAt = Callable[[int], str | None]
"""Gives the log's hash at a position; ``None`` where the log has no such event."""
_OVER = ev.Released | ev.Reverted | ev.RevertUndone | ev.Abandoned | ev.Adopted


class Anchor(msgspec.Struct, frozen=True):
    """A release was over."""

    environment: str
    ticket: str
    run: int
    outcome: str
    position: int
    """Of the event that tells so, in the log."""
    log_hash: str


def is_end(event: ev.Event) -> bool:
    """Tell whether a release is over with an event."""
    return isinstance(event, _OVER)


def anchors(environment: str, events: Sequence[ev.Recorded], hash_at: HashAt) -> Iterator[tuple[str, Anchor]]:
    """Give each anchor of a ticket, and the commit that carries it.

    Args:
        environment: its name.
        events: the record of the ticket.
        hash_at: gives the log's hash.
    """
    state = release.ReleaseState()
    for recorded in events:
        state = release.fold([recorded], state)
        found = hash_at(recorded.position) if is_end(recorded.event) else None
        if state.plan is not None and found is not None:
            commit = state.plan.merge_sha
            yield commit, Anchor(environment, state.ticket, state.run, state.status, recorded.position, found)


def broken(anchor: Anchor, hash_at: HashAt) -> str:
    """Say what the record lacks of what an anchor saw; empty where it has all of it."""
    found = hash_at(anchor.position)
    if found == anchor.log_hash:
        return ""
    which = f"event {anchor.position} of the log, with which run {anchor.run} of ticket {anchor.ticket} was over"
    if found is None:
        return f"The record ends before {which}: its end was cut off."
    return f"The record has another {which}."


def is_explained(anchor: Anchor, accepted: Iterable[ev.RecordAccepted]) -> bool:
    """Tell whether a person took an older record as it is, and what the anchor saw is among what that one lacked."""
    return any(one.last_known < anchor.position <= one.witnessed for one in accepted)


def written(present: str, new: Iterable[Anchor]) -> str:
    """Give a note with anchors added that it lacks, a line each; what it holds stays."""
    lines = present.splitlines()
    return "\n".join([*lines, *(line for line in map(_line, new) if line not in lines)])


def read(note: str, environment: str) -> list[Anchor]:
    """Read the anchors of an environment; a line that is none of ours is passed over."""
    return [one for one in map(_anchor, note.splitlines()) if one is not None and one.environment == environment]


def _line(anchor: Anchor) -> str:
    return msgspec.json.encode(anchor).decode()


def _anchor(line: str) -> Anchor | None:
    try:
        return msgspec.json.decode(line, type=Anchor)
    except msgspec.MsgspecError:
        return None
