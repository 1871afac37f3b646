"""Fault points: named places between intent, effect, durability and outcome, where a crash can be provoked.

The same points serve the simulator, which raises, and tests of the real daemon, which kills itself. In production
nothing is armed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

KILL = "before-kill"
"""For a ticket: it is on record that its present step is to be killed, and the step does not know yet."""
SENT = "after-send"
"""For the type of a message: the webhook's receiver has it, and that is not noted yet."""
RETURN = "return-to-main"
"""Stands for a step where the checkout goes back from a hotfix branch; its effect is durable when it took place."""
POINTS = ("before-intent", "after-intent", "after-effect", "after-durable")
"""For each step: before its intent is recorded; after; when its effect took place; when that is durable."""

Faults = Callable[[str, str], None]
"""Called with a point and the name of the step, or what else stands with the point above."""


def nothing(point: str, step: str) -> None:
    """Let every point pass."""


def killing(armed: str) -> Faults:
    """Kill the process with SIGKILL at one point, given as ``after-intent:web.recreate``."""

    def reach(point: str, step: str) -> None:
        if f"{point}:{step}" == armed:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def from_environment() -> Faults:
    """Arm what ``RELEASED_FAULT`` names; tests set it, nobody else does."""
    armed = os.environ.get("RELEASED_FAULT")
    return killing(armed) if armed else nothing
