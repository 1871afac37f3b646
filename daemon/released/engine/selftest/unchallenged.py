"""A simulated environment, which nobody else wants."""

from __future__ import annotations

from released.domain.environments.witness import RecordIsOlder
from released.engine.ownership import Ownership
from released.store.errors import StaleEpoch


class Unchallenged(Ownership):
    """Says always that the environment is ours, and that its record is the newest."""

    _older: RecordIsOlder | None = None

    @property
    def older(self) -> RecordIsOlder | None:
        """Nothing keeps anybody from acting."""
        return self._older

    def affirm(self) -> None:
        """Say so."""

    def lost(self, error: StaleEpoch) -> None:
        """Nobody else can have it."""
        raise AssertionError("the environment was taken") from error

    def bear_witness(self, doing: str) -> None:
        """Note nothing."""
