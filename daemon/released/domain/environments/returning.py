"""A checkout that goes back from a hotfix branch, and what it keeps out."""

from __future__ import annotations

from released.domain.environments.environment import EnvironmentState
from released.domain.errors import Refused


def refuse_while_returning(place: EnvironmentState) -> None:
    """Refuse to act on an environment whose work tree is about to change.

    Raises:
        Refused: ``returning``, with from where to where.
    """
    returning = place.returning
    if returning is not None:
        raise Refused(
            "returning",
            f"The checkout is going back from branch {returning.from_branch} to {returning.target[:12]}. Let that end, "
            "then try again.",
        )
