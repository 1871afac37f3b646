"""The file that holds the record."""

from __future__ import annotations

from released.domain.environments.checkup import Check, store_integrity, store_read_only, store_settings
from released.engine.checkup.subject import Subject
from released.store.integrity import durability, quick_check


def integrity(subject: Subject) -> Check:
    """Have SQLite look its file through."""
    return store_integrity(str(subject.store_path), quick_check(subject.store))


def settings(subject: Subject) -> Check:
    """Look whether anything can be recorded, and whether every commit is flushed."""
    reason = subject.store.read_only
    return store_read_only(reason.why) if reason else store_settings(*durability(subject.store))
