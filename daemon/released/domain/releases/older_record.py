"""A release whose record was accepted although it is an older copy: how far it really came, nobody can know from it."""

from __future__ import annotations

from released.domain import events as ev

CODE = "record_is_older"


def what_is_unknown(accepted: ev.RecordAccepted) -> str:
    """Say what the record lacks, in a sentence for the person who decides."""
    at = accepted.witnessed_at
    doing = f" (the last that was noted: {accepted.doing}, at {at:%Y-%m-%dT%H:%M:%SZ})" if at else ""
    return f"The record is an older copy, and does not know how far the release went{doing}. Look at what runs."
