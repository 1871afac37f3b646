"""The recovery policies of a step: what may be done when only its intent is on record (design: Steps and recovery)."""

from __future__ import annotations

from enum import StrEnum


class Recovery(StrEnum):
    """How a step goes on after the daemon or the host died in it."""

    REPEAT = "repeat"
    """Harmless to do again."""
    OBSERVE = "observe"
    """Look at reality; it is done, or it is done now."""
    ASK = "ask"
    """Cannot be known once its process is lost; a person decides."""


MAX_INTERRUPTIONS = 3
"""A step that was interrupted this often halts the release instead of killing the daemon for ever."""
