"""The folder of one attempt of a step: its output and, for commands, the shim's records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from released.adapters.durability import make_folder
from released.domain import events as ev
from released.domain.failure import EVIDENCE_BYTES, Failure
from released.domain.releases.release import ReleaseState
from released.phases.world import World
from released.store.outputs import OutputWriter, digest, tail


class AttemptSlot:
    """One attempt's folder, ``steps/<environment>/<ticket>/<run>/<step>/<attempt>`` in the state directory."""

    def __init__(self, state_dir: Path, relative: Path, mask: Callable[[str], str]) -> None:
        self._relative = relative
        self._mask = mask
        self._writer: OutputWriter | None = None
        self.path = state_dir / relative

    def say(self, text: str) -> None:
        """Add a line to the output of a step that runs inside the daemon, secrets masked."""
        if self._writer is None:
            make_folder(self.path)
            self._writer = OutputWriter(self.path / "output", self._mask)
        self._writer.write(text + "\n")

    def output(self) -> ev.OutputRef | None:
        """Close the output and say where it lies and what it hashes to; ``None`` where nothing was printed."""
        file = self.path / "output"
        if not file.exists():
            return None
        written = self._writer.close() if self._writer else digest(file)
        self._writer = None
        return ev.OutputRef(str(self._relative / "output"), written.bytes, written.sha256)

    def told(self, failure: Failure) -> Failure:
        """Put what was printed last beside a failure that has no evidence of its own, secrets masked."""
        evidence = failure.evidence or tail(self.path / "output", EVIDENCE_BYTES)
        return msgspec.structs.replace(failure, evidence=evidence).masked(self._mask)


def attempt_slot(world: World, state: ReleaseState, step: str, attempt: int) -> AttemptSlot:
    """Give the folder of an attempt of a step of the present run."""
    folder = attempt_folder(world.name, state.ticket, state.run, step, attempt)
    return AttemptSlot(world.state_dir, folder, world.mask)


def attempt_folder(environment: str, ticket: str, run: int, step: str, attempt: int) -> Path:
    """Name the folder of an attempt, relative to the state directory."""
    return Path("steps", environment, ticket, str(run), step.replace("/", "_"), str(attempt))
