"""What became of the playbooks that people took a failure for: folded from a ticket's record (spec: Playbooks)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from released.domain import events as ev
from released.domain.ids import Phase


class Proven(NamedTuple):
    """How often playbooks were confirmed, and how often their release got past what had failed."""

    confirmed: Counter[str]
    worked: Counter[str]


def proven(events: Iterable[ev.Recorded]) -> Proven:
    """Count, failure by failure; who applies a playbook, or goes on in its name, confirms it.

    Args:
        events: of one ticket, in order.
    """
    counts = Proven(Counter(), Counter())
    failed: Phase | None = None
    meant: set[str] = set()
    for recorded in events:
        match recorded.event:
            case ev.Halted(phase=phase):
                failed, meant = phase, set()
            case ev.PlaybookApplied(playbook=name) | ev.Resumed(playbook=name) if name and name not in meant:
                meant.add(name)
                counts.confirmed[name] += 1
            case ev.PhaseCompleted(phase=phase) if phase is failed:
                counts.worked.update(meant)
                failed, meant = None, set()
            case ev.RunRequested() if failed is None:  # it was refused before
                counts.worked.update(meant)
                meant = set()
            case _:
                pass
    return counts
