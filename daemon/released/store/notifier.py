"""News of the log's head for those who wait: a commit wakes them, no poll does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_LOG = logging.getLogger(__name__)


class Notifier:
    """The position of the last committed event, and who wants to hear of it."""

    def __init__(self, head: int) -> None:
        self._changed = threading.Condition()
        self._head = head
        self._closed = False
        self._callbacks: dict[object, Callable[[int], None]] = {}

    @property
    def head(self) -> int:
        """The position of the last committed event."""
        return self._head

    def announce(self, head: int) -> None:
        """Wake everybody who waits for events up to ``head``, and call back all who subscribed, if it is news."""
        with self._changed:
            if head == self._head:
                return
            self._head = head
            self._changed.notify_all()
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            _call(callback, head)

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the head is beyond ``after``, the time is over or the store is closed; returns the head."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._head > after, timeout_s)
            return self._head

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back after each commit; returns what ends that."""
        key = object()
        with self._changed:
            self._callbacks[key] = callback
        return lambda: self._forget(key)

    def close(self) -> None:
        """Let go of everybody who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _forget(self, key: object) -> None:
        with self._changed:
            self._callbacks.pop(key, None)


def _call(callback: Callable[[int], None], head: int) -> None:
    try:
        callback(head)
    except Exception:  # noqa: BLE001 (the events are committed; a listener's mistake must not stop the writer)
        _LOG.exception("a subscriber of the event store failed at position %d", head)
