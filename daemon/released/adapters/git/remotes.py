"""What may be asked of a remote: only one that the repository knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.domain.errors import Refused

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand


def require_known(command: GitCommand, remote: str) -> None:
    """Let pass a remote that the repository knows.

    Raises:
        Refused: it knows no such remote (``remote_unknown``).
    """
    # git would take a name that is no remote for a path.
    if command.run("config", "--get-all", f"remote.{remote}.url").rc != 0:
        add = f"git -C {command.checkout} remote add {remote} URL"
        raise Refused("remote_unknown", f"{command.checkout} has no remote {remote!r}. Add it with: {add}")
