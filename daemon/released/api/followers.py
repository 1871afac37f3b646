"""Who follows something: each stream has the daemon look several times a second, so there is room for so many only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from released.domain.errors import Refused

_ROOM = 64


class Followers:
    """Counts the streams that are followed now."""

    def __init__(self) -> None:
        self._present = 0

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count one more, to the end of its stream.

        Raises:
            Refused: ``too_many_followers``.
        """
        if self._present >= _ROOM:
            raise Refused(
                "too_many_followers",
                f"{_ROOM} clients follow something here already, which is as many as this daemon serves. What they "
                "follow goes on; end one of them (releasectl watch, logs -f), then try again.",
            )
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1
