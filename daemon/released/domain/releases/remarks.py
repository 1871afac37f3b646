"""What operators say of a release besides what they have it do: their notes, and the wish to have it stopped."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.events import Actor


class Note(msgspec.Struct, frozen=True):
    """A remark on the record."""

    text: str
    by: Actor
    at: dt.datetime


class Cancelling(msgspec.Struct, frozen=True):
    """The wish to have a release stopped after its present step."""

    reason: str
    kill: bool
    """Whether the step is to be stopped, too."""
    by: Actor
    at: dt.datetime
