"""At most one daemon works in a checkout: a file in git's own folder is held, and freed by the daemon's death."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.own_folder import own_folder
from released.domain.errors import InUse, Refused
from released.held_file import AlreadyHeld, HeldFile, hold, this_process

if TYPE_CHECKING:
    from pathlib import Path

_EVERYBODY_MAY_READ = 0o644


class CheckoutOwner:
    """One environment's hold on its checkout.

    Args:
        checkout: where it lies; it may be missing.
        state: the daemon's state folder, by which others are told of it.
        environment: its name, for the same.
    """

    def __init__(self, checkout: Path, state: Path, environment: str) -> None:
        self._checkout = checkout
        self._state = state
        self._environment = environment
        self._held: HeldFile | None = None

    def own(self) -> bool:
        """Hold the checkout that lies there now; true where it was not held before. Nobody holds one that is missing.

        Raises:
            InUse: ``checkout_in_use``: another daemon, or another environment, works in it.
            Refused: ``checkout_unwritable``: nothing can be held there.
        """
        folder = own_folder(self._checkout)
        if folder is None or (self._held is not None and self._held.is_at(folder / "owner")):
            return False
        held = self._hold(folder / "owner")
        self.close()
        self._held = held
        return True

    def close(self) -> None:
        """Let go of it; a second call does nothing."""
        if self._held is not None:
            self._held.close()
        self._held = None

    def _hold(self, file: Path) -> HeldFile:
        try:
            file.parent.mkdir(exist_ok=True)
            return hold(file, this_process(self._state, self._environment), _EVERYBODY_MAY_READ)
        except AlreadyHeld as other:
            raise InUse(
                "checkout_in_use",
                f"The checkout {self._checkout} is in use by another released: {other}. Stop that one first, or give "
                f"the environment {self._environment} a checkout of its own.",
            ) from None
        except OSError as error:
            raise Refused(
                "checkout_unwritable",
                f"{file} cannot be written, so nobody can tell whether another released works in "
                f"{self._checkout}: {error.strerror}.",
            ) from error
