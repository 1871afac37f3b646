"""The time during which the daemon is away: say so once, try again, and give up after a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from releasectl.calls.backoff import pauses_s
from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode

GIVE_UP_AFTER_S = 60.0


class Patience:
    """How long an operator wants to wait at most; ``None`` is without end."""

    def __init__(self, seconds: float | None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds

    @property
    def left_s(self) -> float | None:
        """The seconds left, as a deadline for a call."""
        return None if self._until is None else max(self._until - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """True once the time is over."""
        return self._until is not None and time.monotonic() >= self._until


class Outage:
    """Keeps account of how long the daemon has been away.

    Args:
        notice: shows a sentence to the operator.
        address: where the daemon listened.
        again: the command that goes on with what was cut off.
    """

    def __init__(self, notice: Callable[[str], None], address: str, again: Next) -> None:
        self._notice = notice
        self._address = address
        self._again = again
        self._since: float | None = None
        self._pauses: Iterator[float] = pauses_s()

    def pause(self, patience: Patience) -> None:
        """Wait before the next attempt.

        Raises:
            ClientError: the daemon has been away for too long (exit code 6).
        """
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._notice(
                "The daemon went away; reconnecting. Nothing is lost, it goes on where it was when it is back."
            )
        if now - self._since > GIVE_UP_AFTER_S:
            raise self._too_long()
        pause_s = next(self._pauses)
        time.sleep(pause_s if patience.left_s is None else min(pause_s, patience.left_s))

    def over(self) -> None:
        """Take note that the daemon answers."""
        if self._since is not None:
            self._since = None
            self._pauses = pauses_s()
            self._notice("The daemon is back.")

    def _too_long(self) -> ClientError:
        return ClientError(
            ExitCode.UNREACHABLE,
            "daemon_unreachable",
            f"The daemon at {self._address} has been away for {GIVE_UP_AFTER_S:g}s. "
            "What was begun is on record and goes on when the daemon is started again; only the watching ends here.",
            (self._again,),
        )
