"""What a detection command found out, judged by what its playbook expects (spec: Playbooks)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from released.domain import events as ev


def is_found(expect: str, output: str) -> bool:
    """Tell whether what a playbook expects, text or ``/pattern/``, is in an output."""
    if len(expect) > 1 and expect.startswith("/") and expect.endswith("/"):
        return re.search(expect[1:-1], output, re.MULTILINE) is not None
    return expect in output


def latest_detections(events: Sequence[ev.Recorded], failure: int) -> dict[str, ev.DetectionRan]:
    """Give what was last found out of a failure, by the id of the playbook.

    Args:
        events: of the ticket.
        failure: version of the event that tells of it.
    """
    ran = (recorded.event for recorded in events if isinstance(recorded.event, ev.DetectionRan))
    return {one.playbook: one for one in ran if one.failure == failure}
