"""The message of the commit that takes code back, and what it claims (spec: revert)."""

from __future__ import annotations

from collections.abc import Mapping

from released.domain.ids import Sha, parse_sha
from released.domain.releases.release import Reversal

TICKET_TRAILER = "Release-Revert"
TREE_TRAILER = "Restores-Tree"


_LONGEST_REASON = 2000
"""Characters that go into the message; the record has the whole reason."""


def message(reversal: Reversal) -> str:
    """Write the message; the same revert always gets the same."""
    plan, reason = reversal.plan, _one_line(reversal.options.reason)
    what, since = ("the revert of", "the revert") if plan.undoes else ("the release of", f"run {plan.run}")
    body = f"The tree is that of {plan.target_sha}, as it was before {since}."
    return "\n\n".join(
        [
            f"Take back {what} ticket {plan.ticket}",
            body + (f"\nReason: {reason}" if reason else ""),
            f"{TICKET_TRAILER}: {plan.ticket}\n{TREE_TRAILER}: {plan.target_sha}\n",
        ]
    )


def _one_line(reason: str) -> str:
    """Put a reason on one line: what ends a line, or a text, forges no trailer and is no argument of git."""
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(printable.split())[:_LONGEST_REASON]


def restored_tree(trailers: Mapping[str, str]) -> Sha | None:
    """Read which commit's tree a revert commit claims to have; ``None`` for any other commit.

    Raises:
        InvalidInput: the claim is no commit id.
    """
    if TICKET_TRAILER not in trailers or TREE_TRAILER not in trailers:
        return None
    return parse_sha(trailers[TREE_TRAILER])
