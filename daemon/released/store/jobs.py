"""What waits for the writer, and how much of it goes into one commit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from released.store.batch import Batch
from released.store.errors import StoreStopped

T = TypeVar("T")

MAX_EVENTS = 256
"""How many events share a commit at most; beyond that the flush is no longer what costs."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """Something to be written, answered through its future once it is durable or refused."""

    run: Callable[[Batch], T]
    event_ids: tuple[str, ...] = ()
    alone: bool = False
    """It may fail half-way, so it has a transaction for itself."""
    answer: Future[T] = field(default_factory=Future)


class JobQueue:
    """Filled by any thread, emptied by the writer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: deque[Job[Any]] = deque()
        self._closed = False

    def put(self, job: Job[Any]) -> None:
        """Queue a job.

        Raises:
            StoreStopped: the queue was closed.
        """
        with self._changed:
            if self._closed:
                raise StoreStopped
            self._jobs.append(job)
            self._changed.notify()

    def take(self) -> list[Job[Any]]:
        """Wait for jobs and give those that share the next commit; none once the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            return self._together()

    def close(self) -> None:
        """Take no more jobs; those that wait are still given out."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _together(self) -> list[Job[Any]]:
        jobs: list[Job[Any]] = []
        events = 0
        while self._jobs and events < MAX_EVENTS and not (jobs and self._jobs[0].alone):
            jobs.append(self._jobs.popleft())
            events += len(jobs[-1].event_ids)
            if jobs[-1].alone:
                break
        return jobs
