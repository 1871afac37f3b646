"""Whether others could change the record, or put a file of theirs in the place of one that belongs to it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from released.store.errors import StoreUnusable

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def refuse_exposed(database: Path, state: Path) -> None:
    """Let pass only a record that nobody but its owner can write to, neither its files nor its folders.

    Raises:
        StoreUnusable: ``store_exposed``, with the first place that others may write to.
    """
    beside = [database.with_name(f"{database.name}{suffix}") for suffix in ("-wal", "-shm")]
    for place in (database.parent, state, database, *beside):
        if place.exists():
            _refuse(place, place.stat())


def _refuse(place: Path, found: os.stat_result) -> None:
    if found.st_uid in (0, os.geteuid()) and not found.st_mode & _BY_OTHERS:
        return
    message = (
        f"Others may write to {place} (uid {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}), so the record "
        f"could be changed past released. Look who did; then: chown {os.geteuid()} {place} && chmod go-w {place}"
    )
    raise StoreUnusable("store_exposed", message)
