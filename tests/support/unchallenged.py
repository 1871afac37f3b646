"""An environment that nobody else wants."""

from __future__ import annotations

from released.engine.ownership import Ownership


class Unchallenged(Ownership):
    """Says always that the environment is ours."""

    def affirm(self) -> None:
        """Say so."""
