"""What a detection command found out, judged by what its playbook expects (spec: Playbooks)."""

from __future__ import annotations

from collections.abc import Sequence

from released.domain import events as ev


def pattern_of(expect: str) -> str | None:
    """Give the regular expression of what a playbook expects; ``None`` where that is plain text."""
    is_pattern = len(expect) > 1 and expect.startswith("/") and expect.endswith("/")
    return expect[1:-1] if is_pattern else None


def latest_detections(events: Sequence[ev.Recorded], failure: int) -> dict[str, ev.DetectionRan]:
    """Give what was last found out of a failure, by the id of the playbook.

    Args:
        events: of the ticket.
        failure: version of the event that tells of it.
    """
    ran = (recorded.event for recorded in events if isinstance(recorded.event, ev.DetectionRan))
    return {one.playbook: one for one in ran if one.failure == failure}
