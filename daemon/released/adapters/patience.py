"""Time for a number of looks at what may never answer, counted for all of them together."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from released.adapters.interruption import Interruption

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Patience:
    """Waits for each look as long as time is left; one that hangs is left behind in a thread of its own.

    Args:
        seconds: for all looks together.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.over = Interruption()
        """Asked for once the time is over, so that what can be ended ends."""

    def look(self, look: Callable[[], T]) -> T:
        """Give what a look gives, or raise what it raises.

        Raises:
            TimeoutError: the time was over first.
        """
        answer: Future[T] = Future()
        if (left_s := self._until - time.monotonic()) > 0:
            threading.Thread(target=_answer, args=(look, answer), name="look", daemon=True).start()
        try:
            return answer.result(max(left_s, 0.0))
        except TimeoutError:
            if answer.done():
                raise
            self.over.ask()
            raise TimeoutError("it did not answer while there was time") from None


def _answer(look: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(look())
    except BaseException as error:  # noqa: BLE001 (it is raised where the answer is waited for)
        answer.set_exception(error)
