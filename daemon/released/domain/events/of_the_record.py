"""Facts of the record itself."""

from __future__ import annotations

from typing import Any

import msgspec

from released.domain.events.origin import OutputRef


class Redacted(msgspec.Struct, frozen=True):
    """A secret was taken out of an earlier event of this stream, or out of what was printed; for ever."""

    reason: str
    version: int = 0
    """Of the event whose payload is gone; 0: it was an output."""
    payload: dict[str, Any] = {}
    """What is read in its place: the same, with the secret masked."""
    output: OutputRef | None = None
    """The output as it is now, where it was one."""
