"""What an append can answer besides success, and why a store cannot be used."""

from __future__ import annotations

from released.domain.errors import ReleasedError


class Conflict(ReleasedError):
    """Somebody else appended to the stream since it was read; nothing was written. Load, decide and append again."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__("conflict", f"{stream} is at version {actual}, not at {expected}: somebody else was faster.")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class DuplicateEvent(ReleasedError):
    """An event with this id is stored already; nothing was written. ``find`` says what it is."""

    def __init__(self, event_id: str) -> None:
        super().__init__("duplicate_event", f"The event {event_id} is stored already.")
        self.event_id = event_id


class StaleEpoch(ReleasedError):
    """Another daemon has taken the environment since; nothing was written, and this daemon must stop its effects."""

    def __init__(self, environment: str, epoch: int, newest: int) -> None:
        message = (
            f"This daemon no longer owns the environment {environment}: "
            f"its lease has epoch {epoch}, and epoch {newest} was taken since."
        )
        super().__init__("stale_epoch", message)
        self.environment = environment
        self.epoch = epoch
        self.newest = newest


class AppendUnknown(ReleasedError):
    """The commit failed, so that nobody can say whether the events are stored.

    The store has stopped. Only a store opened anew can settle it, with ``find`` for each event id: what this process
    reads may differ from what the disk holds.
    """

    def __init__(self, cause: str) -> None:
        message = f"The store could not finish a commit ({cause}); whether it took place is seen at the next start."
        super().__init__("append_unknown", message)


class StoreFull(ReleasedError):
    """The disk is full; nothing was written, and the store goes on reading and takes appends once there is space."""

    def __init__(self, path: str) -> None:
        super().__init__("store_full", f"No space is left for {path}. Free some; nothing was recorded meanwhile.")


class StoreBusy(ReleasedError):
    """Another program holds the database's write lock; nothing was written."""

    def __init__(self, path: str) -> None:
        message = f"Another program is writing to {path}. Only released may; end that program, then try again."
        super().__init__("store_busy", message)


class StoreStopped(ReleasedError):
    """The store was closed or has failed; nothing was written."""

    def __init__(self) -> None:
        super().__init__("store_stopped", "The store has stopped and takes no more events. Start released again.")


class StoreUnusable(ReleasedError):
    """The store cannot be opened, or not without risking the record."""


class UnreadableEvent(ReleasedError):
    """A stored event is not one that this version of released can read."""

    def __init__(self, position: int, type_name: str, schema_version: int, why: str) -> None:
        message = f"Event {position} of the log ({type_name}, version {schema_version}) cannot be read: {why}"
        super().__init__("event_unreadable", message)
        self.position = position


STORE_ERRORS = (AppendUnknown, StaleEpoch, StoreBusy, StoreFull, StoreStopped)
"""What befell the store itself, so that nothing can be recorded about it."""
