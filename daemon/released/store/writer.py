"""The thread that owns the only writing connection: what waits is committed together, a lone append waits for nobody.

While one commit flushes, others queue; the next transaction takes them all, so that many producers share one flush.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from released.domain.errors import ReleasedError
from released.store.batch import Batch
from released.store.errors import AppendUnknown, StoreFull, StoreStopped
from released.store.heads import Heads
from released.store.jobs import Job, JobQueue
from released.store.transaction import transact

T = TypeVar("T")

Settlement = Callable[[], None]
"""Answers a job; called after the commit."""


class Writer:
    """Takes jobs from any thread, one commit after the other."""

    def __init__(
        self,
        connection: Connection,
        path: Path,
        announce: Callable[[int], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._connection = connection
        self._path = path
        self._announce = announce
        self._on_fatal = on_fatal
        self._heads = Heads(connection)
        self._queue = JobQueue()
        self.full: StoreFull | None = None
        """Whether the last commit found the disk full."""
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Queue a job.

        Raises:
            StoreStopped: the store was closed or has failed.
        """
        self._queue.put(job)
        return job.answer

    def close(self) -> None:
        """Finish what is queued and end the thread; called from that thread itself, it ends afterwards."""
        self._queue.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while jobs := self._queue.take():
            try:
                self._commit(jobs)
            except AppendUnknown as error:
                self._fail(jobs, error)
            except StoreFull as error:
                self.full = error
                self._refuse(jobs, error)
            except Exception as error:  # noqa: BLE001 (whatever it is, those who wait must hear of it)
                self._refuse(jobs, error)

    def _commit(self, jobs: Sequence[Job[Any]]) -> None:
        settlements, head = transact(self._connection, self._path, lambda: self._write(jobs))
        self.full = None
        self._announce(head)  # first, so that who has its answer also finds the head there
        for settle in settlements:
            settle()

    def _write(self, jobs: Sequence[Job[Any]]) -> tuple[list[Settlement], int]:
        self._heads.look()
        batch = Batch(self._connection, self._heads, [event_id for job in jobs for event_id in job.event_ids])
        settlements = [_settlement(job, batch) for job in jobs]
        return settlements, batch.flush()

    def _fail(self, jobs: Sequence[Job[Any]], error: AppendUnknown) -> None:
        """Stop for good: what was being committed is unknown, what is queued was never tried.

        The daemon ends first, so that nobody is told what nobody knows: who waits loses the connection, asks again, and
        finds out.
        """
        self._queue.close()
        try:
            self._on_fatal(error)
        finally:
            self._refuse(jobs, error)
            while queued := self._queue.take():
                self._refuse(queued, StoreStopped())

    def _refuse(self, jobs: Sequence[Job[Any]], error: Exception) -> None:
        """Answer jobs of which nothing was written."""
        self._heads.forget()
        for job in jobs:
            job.answer.set_exception(error)


def _settlement(job: Job[Any], batch: Batch) -> Settlement:
    try:
        return partial(job.answer.set_result, job.run(batch))
    except ReleasedError as refusal:
        if job.alone:
            raise
        return partial(job.answer.set_exception, refusal)
