"""One daemon alone works for an environment, and on a record that holds all that was done there.

It owns the checkout, and its containers' names on the engine; the store is another matter: it is held by whoever opens
it. What may be missing when the daemon starts, a checkout that is mounted later or an engine that does not answer yet,
is owned as soon as it is there, before anything is done to it.

No effect without a witness: before anything is done, the position of the record that says so is noted beside the
checkout. A record that lacks what was noted there is an older copy, and nothing is done on its word.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Protocol

from released.adapters.docker.prefix_owner import PrefixOwner
from released.adapters.git.checkout_owner import CheckoutOwner
from released.adapters.git.witness_file import WitnessFile
from released.domain import events as ev
from released.domain.environments import witness
from released.domain.environments.witness import RecordIsOlder
from released.engine.instruments import Instruments
from released.phases.world import World
from released.store.errors import StaleEpoch
from released.store.event_store import EventStore

logger = logging.getLogger(__name__)


class Ownership(Protocol):
    """What is asked of whoever acts for an environment, each time."""

    @property
    def older(self) -> RecordIsOlder | None:
        """Why nothing may be done here, where the record lacks what was done."""
        ...

    def affirm(self) -> None:
        """Own the environment as it stands now.

        Raises:
            InUse: another daemon, or another environment of this one, does.
            RecordIsOlder: the record lacks what was done here.
            Refused: nobody can tell.
        """
        ...

    def lost(self, error: StaleEpoch) -> None:
        """Hear that another daemon has taken the environment since: this one must end."""
        ...

    def bear_witness(self, doing: str) -> None:
        """Note beside the checkout all that is on record now, before something is done that it speaks of.

        Args:
            doing: what is about to be done, for people.

        Raises:
            Refused: see ``affirm``; or ``witness_unwritable``: then it must not be done.
        """
        ...


class SoleOwner(Ownership):
    """Owns one environment until it is closed, or dies; ``on_fatal`` ends the process."""

    def __init__(
        self, world: World, store: EventStore, instruments: Instruments, on_fatal: Callable[[BaseException], None]
    ) -> None:
        self.world = world
        self._store = store
        self._instruments = instruments
        self._on_fatal = on_fatal
        self._turn = threading.Lock()
        self._checkout = CheckoutOwner(world.root, world.state_dir, world.name)
        self._prefix = PrefixOwner(world.settings.docker, world.name)
        self._witness = WitnessFile(world.root, world.name)
        self._older: RecordIsOlder | None = None

    @property
    def older(self) -> RecordIsOlder | None:
        """Why nothing may be done here; see ``Ownership``."""
        return self._older

    def affirm(self) -> None:
        """Own the environment as it stands now; see ``Ownership``."""
        with self._turn:
            self._own()

    def lost(self, error: StaleEpoch) -> None:
        """End."""
        self._on_fatal(error)

    def bear_witness(self, doing: str) -> None:
        """Note beside the checkout all that is on record now; see ``Ownership``."""
        with self._turn:
            self._own()
            self._note(doing)

    def accept(self) -> witness.Witness | None:
        """Own the environment whatever its record lacks, and give what the witness saw, where it can be read.

        Raises:
            InUse, Refused: as for ``affirm``.
        """
        with contextlib.suppress(RecordIsOlder):
            self.affirm()
        with contextlib.suppress(RecordIsOlder):
            return self._witness.read()
        return None

    def accepted(self) -> None:
        """Take the record as it is from here on."""
        self._older = None
        self.bear_witness("the record was accepted as it is")

    def close(self) -> None:
        """Let another daemon have it."""
        with self._turn:
            self._prefix.close()
            self._checkout.close()

    def _own(self) -> None:
        if self._checkout.own():
            self._hear()
        if self._has_services():
            self._prefix.own(self.world.variables().get("CONTAINER_PREFIX", ""))
        if self._older is not None:
            raise self._older

    def _has_services(self) -> bool:
        """Tell whether any container can be ours: scripts alone share nothing on an engine."""
        packages = self.world.root / self.world.settings.folders.packages
        return any(packages.glob("*/manifest.yaml"))

    # --- the witness ---------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Hold the record against the witness of a checkout that is owned anew."""
        self._older = None
        try:
            seen = self._witness.read()
        except RecordIsOlder as reason:
            self._older = reason
            return
        if seen is None:
            logger.info("%s: the checkout has no witness of the record yet; it gets one", self.world.name)
        elif witness.contradicts(seen, self._store.log_hash):
            name, last = self.world.name, self._last_event()
            at = last.at if last else None
            self._older = witness.refusal(seen, self._store.log_hash, self._store.head(), at, name)

    def _note(self, doing: str) -> None:
        place = self._store.head()
        self._witness.write(witness.sworn(place, self._store.log_hash, self._instruments.now(), doing))

    def _last_event(self) -> ev.Recorded | None:
        """Find what the record knows last of this environment."""
        name = self.world.name
        streams = [ev.environment_stream(name), *self._store.streams(ev.release_stream(name, ""))]
        ends = [events[-1] for stream in streams if (events := self._store.read(stream))]
        return max(ends, key=lambda one: one.position, default=None)
