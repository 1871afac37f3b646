"""That a record is a copy out of an export: nothing can be added to it, for it is not the record itself."""

from __future__ import annotations

import datetime as dt

from released.store.errors import ReadOnly
from released.store.event_store import EventStore

_CAUSE = "exported_copy"


def exported_copy(file: str, environment: str, made_at: dt.datetime, made_by: str) -> ReadOnly:
    """Say so, and where the copy comes from."""
    made = f"made at {made_at:%Y-%m-%dT%H:%M:%SZ} by {made_by}"
    return ReadOnly(_CAUSE, f"this is a copy of the record of {environment} out of {file}, {made}.", ())


def is_copy(store: EventStore) -> bool:
    """Tell whether a store is one out of an export, so that there is nothing beside it that could be asked."""
    return store.read_only is not None and store.read_only.cause == _CAUSE
