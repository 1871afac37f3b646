"""One daemon alone works for an environment: in its checkout, and with its containers' names on the engine.

The store is another matter: it is held by whoever opens it. What may be missing when the daemon starts, a checkout that
is mounted later or an engine that does not answer yet, is owned as soon as it is there, before anything is done to it.
"""

from __future__ import annotations

import threading
from typing import Protocol

from released.adapters.docker.prefix_owner import PrefixOwner
from released.adapters.git.checkout_owner import CheckoutOwner
from released.phases.world import World


class Ownership(Protocol):
    """What is asked of whoever acts for an environment, each time."""

    def affirm(self) -> None:
        """Own the environment as it stands now.

        Raises:
            InUse: another daemon, or another environment of this one, does.
            Refused: nobody can tell.
        """
        ...


class SoleOwner(Ownership):
    """Owns one environment until it is closed, or dies."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._turn = threading.Lock()
        self._checkout = CheckoutOwner(world.root, world.state_dir, world.name)
        self._prefix = PrefixOwner(world.settings.docker, world.name)

    def affirm(self) -> None:
        """Own the environment as it stands now; see ``Ownership``."""
        with self._turn:
            self._checkout.own()
            if self._has_services():
                self._prefix.own(self.world.variables().get("CONTAINER_PREFIX", ""))

    def close(self) -> None:
        """Let another daemon have it."""
        with self._turn:
            self._prefix.close()
            self._checkout.close()

    def _has_services(self) -> bool:
        """Tell whether any container can be ours: scripts alone share nothing on an engine."""
        packages = self.world.root / self.world.settings.folders.packages
        return any(packages.glob("*/manifest.yaml"))
