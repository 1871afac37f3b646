"""Points in time as text: RFC 3339 in UTC with microseconds, so that text sorts as time does."""

from __future__ import annotations

import datetime as dt


def to_text(at: dt.datetime) -> str:
    """Write an aware point in time, for instance ``2026-05-18T15:30:12.000000Z``.

    Raises:
        ValueError: it carries no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> dt.datetime:
    """Read what ``to_text`` wrote."""
    return dt.datetime.fromisoformat(text)
