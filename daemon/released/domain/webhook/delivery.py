"""What becomes of a message after an attempt to deliver it, and when the next one is made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus

KEPT_FOR = dt.timedelta(days=7)
"""A message that nobody took by then is dropped, unless somebody asked for it to be sent again."""
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 600.0
_LONGEST_WISH_S = 3600.0
"""A receiver may ask for a longer pause than ours, up to this."""
_WORTH_ANOTHER_TRY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)


@dataclass(frozen=True)
class Answer:
    """What came of an attempt."""

    code: int
    """Of HTTP; 0 where no answer came."""
    told: str
    """For people, for instance ``HTTP 503``."""
    retry_after: str = ""
    """The header, where there is one."""


class Fate(Enum):
    """What becomes of a message."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """For good: it would be refused again."""
    RETRIED = "retried"


def fate(code: int) -> Fate:
    """Decide by the code of an answer; a redirection is not followed and no delivery."""
    if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return Fate.DELIVERED
    if HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR and code not in _WORTH_ANOTHER_TRY:
        return Fate.REFUSED
    return Fate.RETRIED


def pause_s(failures: int, chance: float, answer: Answer, now: dt.datetime) -> float:
    """Say how long to wait for the next attempt, in seconds: doubled each time, at most ten minutes.

    Args:
        failures: how many attempts have failed, from 1.
        chance: between 0 and 1; spreads the attempts, so that many senders do not come back at once.
        answer: to the last attempt; a longer pause that it asks for is kept, up to an hour.
        now: the time.
    """
    longest = min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 32), _LONGEST_PAUSE_S)
    return max(longest * (1 + chance) / 2, min(_wish_s(answer.retry_after, now), _LONGEST_WISH_S))


def _wish_s(retry_after: str, now: dt.datetime) -> float:
    """Read seconds or a date; what is neither is no wish."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return (parsedate_to_datetime(retry_after) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone, or one that no calendar knows
        return 0.0
