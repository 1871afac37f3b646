"""The file beside a checkout that says what the record must hold; written durably, read at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from released.adapters.durability import write_durably
from released.adapters.git.own_folder import own_folder
from released.domain.environments.witness import Witness, unreadable
from released.domain.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


class WitnessFile:
    """``released/witness`` in git's own folder of a checkout.

    Args:
        checkout: where it lies; it may be missing.
        environment: its name, for those who are refused.
    """

    def __init__(self, checkout: Path, environment: str) -> None:
        self._checkout = checkout
        self._environment = environment

    def read(self) -> Witness | None:
        """Read it; ``None`` where there is none, as in a fresh clone.

        Raises:
            RecordIsOlder: ``witness_unreadable``: it is there, and says nothing.
        """
        file = self._file()
        if file is None:
            return None
        try:
            return msgspec.json.decode(file.read_bytes(), type=Witness)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            raise unreadable(str(file), self._environment) from None

    def write(self, witness: Witness) -> None:
        """Put a newer one in its place; it is on the disk when this ends.

        Raises:
            Refused: ``witness_unwritable``: there is no checkout, or its disk does not take it.
        """
        file = self._file()
        try:
            if file is None:
                raise FileNotFoundError(f"there is no checkout at {self._checkout}")
            file.parent.mkdir(exist_ok=True)
            write_durably(file, msgspec.json.encode(witness) + b"\n")
        except OSError as error:
            raise Refused(
                "witness_unwritable",
                f"Nothing was begun, because it could not be noted beside the checkout ({error}). Without that note "
                "an older copy of the record would not be known as one, and would have it done again.",
            ) from error

    def _file(self) -> Path | None:
        folder = own_folder(self._checkout)
        return folder / "witness" if folder else None
