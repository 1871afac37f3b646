"""Which commands a person decides on, so that no program types them by itself."""

from __future__ import annotations

from collections.abc import Sequence

from released.domain.failure import NextCommand
from released.domain.releases.next_steps import CLIENT

_AGAINST_THE_USUAL = ("unhold", "--skip", "--base", "--with", "--include-reverted", "--allow-branch")
"""A decision that stands in every later view of the release, or takes back one of somebody else."""


def needs_person(command: NextCommand, by_hand: Sequence[str] = ()) -> bool:
    """Tell whether a person decides on a command, so that no program types it by itself.

    That is so where something has to be put in words, where data may be lost, where the command goes against the usual
    way or against what a person decided, where it repairs what has work by hand in it, and where it goes on from that.

    Args:
        command: that is offered.
        by_hand: what only a person can do before it.
    """
    words = command.argv[1:] if command.argv[:1] == (CLIENT,) else ()
    return (
        command.danger == "data-loss"
        or any("<" in word for word in command.argv)
        or any(word in _AGAINST_THE_USUAL for word in words)
        or words[:2] == ("playbook", "apply")
        or (bool(by_hand) and words[:1] in (("run",), ("resume",)))
    )
