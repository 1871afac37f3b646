"""The message of the commit that takes code back, and what it claims (spec: revert)."""

from __future__ import annotations

from collections.abc import Mapping

from released.domain.ids import Sha, parse_sha
from released.domain.release import Reversal

TICKET_TRAILER = "Release-Revert"
TREE_TRAILER = "Restores-Tree"


def message(reversal: Reversal) -> str:
    """Write the message; the same revert always gets the same."""
    plan, reason = reversal.plan, " ".join(reversal.options.reason.split())
    what = "the revert of" if plan.undoes else "the release of"
    body = f"The tree is that of {plan.target_sha}, as it was before run {plan.run}."
    return "\n\n".join(
        [
            f"Take back {what} ticket {plan.ticket}",
            body + (f"\nReason: {reason}" if reason else ""),
            f"{TICKET_TRAILER}: {plan.ticket}\n{TREE_TRAILER}: {plan.target_sha}\n",
        ]
    )


def restored_tree(trailers: Mapping[str, str]) -> Sha | None:
    """Read which commit's tree a revert commit claims to have; ``None`` for any other commit.

    Raises:
        InvalidInput: the claim is no commit id.
    """
    if TICKET_TRAILER not in trailers or TREE_TRAILER not in trailers:
        return None
    return parse_sha(trailers[TREE_TRAILER])
