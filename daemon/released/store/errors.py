"""What an append can answer besides success, and why a store cannot be used."""

from __future__ import annotations

from pathlib import Path

from released.domain.errors import ReleasedError
from released.domain.failure import NextCommand
from released.store.space import has_room


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


class ReadOnly(ReleasedError):
    """The record can be read and nothing can be written to it, so nothing may begin; nothing was written.

    Args:
        cause: why, as a stable word: ``disk_full``, ``file_system_read_only``, ``store_damaged``, ``store_incomplete``,
            ``schema_too_new``, ``event_unreadable`` or ``record_altered``.
        why: the same in a sentence, and another that says what ends it.
        next_commands: what may be typed to that end.
    """

    def __init__(self, cause: str, why: str, next_commands: tuple[NextCommand, ...]) -> None:
        message = f"Nothing was changed, because released is read-only at present: {why}"
        super().__init__("read_only", message, next_commands)
        self.cause = cause
        self.why = why

    def is_over(self) -> bool:
        """Tell whether it has ended without a new start of the daemon."""
        return False


class StoreFull(ReadOnly):
    """The disk is full; nothing was written, and the store goes on reading and takes appends once there is space."""

    def __init__(self, path: Path) -> None:
        why = f"no space is left for {path}. Free some; released looks again by itself."
        look = NextCommand(("df", "-h", str(path.parent)), "shows how full that file system is")
        search = NextCommand(("du", "-xh", "--max-depth=2", str(path.parent)), "shows what takes the space")
        super().__init__("disk_full", why, (look, search))
        self._path = path

    def is_over(self) -> bool:
        """Tell whether there is space again."""
        return has_room(self._path)


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


class StoreUnreadable(ReleasedError):
    """What was asked for cannot be read: the file is damaged there, the disk fails, or a table is not as we know it."""

    def __init__(self, path: Path, cause: str) -> None:
        message = f"This part of {path} cannot be read: {cause}. What it holds may be in a backup of the record."
        super().__init__("store_unreadable", message)


class UnreadableEvent(ReleasedError):
    """A stored event is not one that this version of released can read."""

    def __init__(self, position: int, type_name: str, schema_version: int, why: str) -> None:
        message = f"Event {position} of the log ({type_name}, version {schema_version}) cannot be read: {why}"
        super().__init__("event_unreadable", message)
        self.position = position


STORE_ERRORS = (AppendUnknown, ReadOnly, StaleEpoch, StoreBusy, StoreStopped, StoreUnreadable)
"""What befell the store itself, so that nothing can be recorded about it."""
