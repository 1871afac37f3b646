"""A hook that waits to be let on, run by hand: to be adopted or killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.blocking_script import BlockingScript
from support.stack import ENVIRONMENT

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack import Stack

SERVICE = "front"
HOOK = "block"
REQUEST = "request-of-the-test"
RUN = ("services", "run", SERVICE, HOOK, "--request-id", REQUEST)
"""The command line that runs it, always for the same request."""


@dataclass(frozen=True)
class BlockingHook(BlockingScript):
    """A hook of ``front`` in the commit that is checked out."""

    @classmethod
    def checked_out(cls, stack: Stack, rc: int = 0) -> BlockingHook:
        """Commit such a hook and pull it."""
        hook = cls(stack)
        stack.ops.commit({f"packages/{SERVICE}/scripts/{HOOK}.sh": hook.content(rc)}, "A hook that blocks")
        stack.ops.git("pull", "--quiet", "--ff-only")
        return hook

    @property
    def _slot(self) -> Path:
        return self.stack.state_dir / "hooks" / ENVIRONMENT / REQUEST
