"""Keeps an anchor of each release that is over on its commit, and holds the record against all of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.errors import ReleasedError
from released.domain.forensics import anchor
from released.domain.forensics.anchor import Anchor
from released.domain.ids import Sha
from released.store.event_store import EventStore

logger = logging.getLogger(__name__)


class Anchors:
    """Writes the anchors of one environment as notes of git; may be called again with the same events.

    One that cannot be written is told in the log and left out, until ``releasectl rebuild``: no release waits for it.
    """

    def __init__(self, store: EventStore, environment: str, git: Git) -> None:
        self._store = store
        self._environment = environment
        self._prefix = ev.release_stream(environment, "")
        self._git = git

    def __call__(self, recorded: Sequence[ev.Recorded]) -> None:
        """Bring the anchors of every ticket up to date that these events tell the end of."""
        over = {one.stream for one in recorded if one.stream.startswith(self._prefix) and anchor.is_end(one.event)}
        for stream in sorted(over):
            try:
                self._write(self._store.read(stream))
            except (ReleasedError, OSError) as error:
                message = "%s: the anchor of %s cannot be written: %s Mend that, then type: releasectl rebuild"
                logger.warning(message, self._environment, stream, error)

    def broken(self) -> list[tuple[int, str]]:
        """List what the record lacks of what anchors saw: the position of an event, and a sentence.

        What a person knew to be missing, who accepted an older record, is on record already and no finding.
        """
        accepted = self._accepted()
        found = (one for _, note in self._git.notes() for one in anchor.read(note, self._environment))
        unexplained = (one for one in found if not anchor.is_explained(one, accepted))
        told = ((one.position, anchor.broken(one, self._store.log_hash)) for one in unexplained)
        return sorted((position, sentence) for position, sentence in told if sentence)

    def _accepted(self) -> list[ev.RecordAccepted]:
        recorded = self._store.read(ev.environment_stream(self._environment))
        return [one.event for one in recorded if isinstance(one.event, ev.RecordAccepted)]

    def _write(self, events: Sequence[ev.Recorded]) -> None:
        by_commit: defaultdict[str, list[Anchor]] = defaultdict(list)
        for commit, one in anchor.anchors(self._environment, events, self._store.log_hash):
            by_commit[commit].append(one)
        for commit, ones in by_commit.items():
            present = self._git.note(Sha(commit))
            wanted = anchor.written(present, ones)
            if wanted != present:
                self._git.put_note(Sha(commit), wanted)
