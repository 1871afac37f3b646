"""A witness of the record, kept beside the checkout: what the record must hold, or it is an older copy.

It names one event by its place in the whole log and by the hash that binds it to all events before it. A record that
has another event there, or none, is not the one that the last effect was recorded in: it was restored from a backup or
a snapshot, lost what had not reached its main file, or is another record. What it does not know of was done all the
same, so nothing may be done on its word.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from released.domain.errors import Refused
from released.domain.failure import NextCommand

HashAt = Callable[[int], str | None]
"""Gives the hash of the whole log at a position; ``None`` where the record has no event there."""


class Witness(msgspec.Struct, frozen=True):
    """The newest event that matters, as it was noted before what came of it was begun."""

    record: str
    """The hash of the log's first event, which no two records share: it tells a copy from another record."""
    position: int
    log_hash: str
    at: dt.datetime
    doing: str
    """What was about to be done, in words; or what was over."""


class RecordIsOlder(Refused):
    """The record lacks what the witness saw; nothing is done in the environment before a person decided."""


def sworn(position: int, hash_at: HashAt, at: dt.datetime, doing: str) -> Witness:
    """Make the witness of an event that is on record."""
    return Witness(hash_at(1) or "", position, hash_at(position) or "", at, doing)


def contradicts(witness: Witness, hash_at: HashAt) -> bool:
    """Tell whether the record lacks the event that the witness names."""
    return hash_at(witness.position) != witness.log_hash


def is_other(witness: Witness, hash_at: HashAt) -> bool:
    """Tell whether the record is no copy of the one that the witness is of, but began by itself."""
    return hash_at(1) != witness.record


def refusal(
    witness: Witness, hash_at: HashAt, head: int, last_at: dt.datetime | None, environment: str
) -> RecordIsOlder:
    """Say what the record lacks, and what can be done.

    Args:
        witness: contradicts the record.
        hash_at: of the record.
        head: the position of the record's last event.
        last_at: when the environment's last event on record took place; ``None`` where there is none.
        environment: its name.
    """
    seen = f"event {witness.position}, of {witness.at:%Y-%m-%dT%H:%M:%SZ}: {witness.doing}"
    until = f"{last_at:%Y-%m-%dT%H:%M:%SZ}" if last_at else "the beginning"
    if is_other(witness, hash_at):
        what = f"is another record than the one that the checkout's witness is of, which went up to {seen}."
    elif head < witness.position:
        what = (
            f"is an older copy: it ends with event {head}, and the checkout's witness saw {seen}. "
            f"Events {head + 1} to {witness.position} are missing."
        )
    else:
        what = f"took another way than the one that the checkout's witness saw, which went up to {seen}."
    return RecordIsOlder(
        "record_is_older",
        f"The record of environment {environment} {what} Of this environment it knows nothing after {until}, so "
        "nothing is done here. Stop released and bring the newer database back, its -wal file with it; or, where that "
        "is lost, take this one by released db accept. Then start released again.",
        (accept(environment),),
    )


def unreadable(file: str, environment: str) -> RecordIsOlder:
    """Say that there is a witness which cannot be read."""
    return RecordIsOlder(
        "witness_unreadable",
        f"The checkout's witness {file} cannot be read, so nobody can tell whether the record of environment "
        f"{environment} is the newest. Look at the file; where it is lost, stop released and take the record as it "
        "is by released db accept. Then start released again.",
        (accept(environment),),
    )


def accept(environment: str) -> NextCommand:
    """Take the record as it is."""
    argv = ("released", "db", "accept", "--config", "<file>", "--environment", environment, "--reason", "<why>")
    return NextCommand(argv, "takes the record as it is, on record; a release that it has under way halts", "changes")
