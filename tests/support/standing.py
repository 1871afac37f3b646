"""What stands in an environment at one moment, so that two moments can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from support.site import Refusal, Site
from support.stack import ENVIRONMENT
from support.stories import Halts

if TYPE_CHECKING:
    from support.stack import Stack


@dataclass(frozen=True)
class Standing:
    """The checkout and the containers of a stack."""

    head: str
    tree: str
    status: str
    """What differs from the commit."""
    dotenv: bytes
    containers: dict[str, str]
    """Service to the id of its container."""
    images: dict[str, str]
    """Service to the id of the image that its container was made from."""

    @classmethod
    def of(cls, stack: Stack) -> Standing:
        """Look around."""
        git = stack.ops.git
        return cls(
            head=git("rev-parse", "HEAD"),
            tree=git("rev-parse", "HEAD^{tree}"),
            status=git("status", "--porcelain=v2", "--untracked-files=all"),
            dotenv=(stack.ops.checkout / ".env").read_bytes(),
            containers=stack.containers.ids(),
            images=stack.containers.image_ids(),
        )


@dataclass
class BackAndForth(Halts):
    """A story that looks around whenever the client has ended."""

    moments: dict[str, Standing] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)

    @classmethod
    def begin(cls, stack: Stack) -> Self:
        """Look around for the first time: ``before``."""
        return cls(stack, "", moments={"before": Standing.of(stack)})

    def client(self, name: str, *arguments: str) -> None:
        """Run a command about a ticket, which is its second word, and look around."""
        self.ticket = arguments[1]
        super().client(name, *arguments)
        self.moments[name] = Standing.of(self.stack)

    def refuses(self, name: str, *arguments: str) -> None:
        """Type a command that must be refused and change nothing, and keep what was told."""
        stack = self.stack
        site = Site(ENVIRONMENT, stack.ops, stack.state_dir / "released.db", stack.client, stack.containers.ids)
        self.refusals[name] = site.refuses(*arguments)

    def replaced(self, old: str, new: str) -> set[str]:
        """Name the services whose container is another one, or there at only one of two moments."""
        before, after = self.moments[old].containers, self.moments[new].containers
        return {name for name in before | after if before.get(name) != after.get(name)}
