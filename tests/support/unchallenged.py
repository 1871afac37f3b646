"""An environment that nobody else wants."""

from __future__ import annotations

from released.engine.ownership import Ownership


class Unchallenged(Ownership):
    """Says always that the environment is ours, and that its record is the newest."""

    older = None

    def affirm(self) -> None:
        """Say so."""

    def bear_witness(self, doing: str) -> None:
        """Note nothing."""
