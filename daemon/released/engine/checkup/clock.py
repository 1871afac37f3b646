"""The clock, against what can be known without a network."""

from __future__ import annotations

from released.domain.environments.checkup import Check, clock_after_record, clock_of_engine
from released.engine.checkup.subject import Subject


def record(subject: Subject) -> Check:
    """Compare with the newest event."""
    newest = subject.store.read_all(after=subject.store.head() - 1, limit=1)
    return clock_after_record(subject.now(), newest[-1].at if newest else None)


def engine(subject: Subject) -> Check:
    """Compare with the engine."""
    return clock_of_engine(subject.now(), subject.world.engine.system_time())
