"""The short form of a diagnosis: what stands at the end of a release that did not end well."""

from __future__ import annotations

from releasectl.text.sanitize import clean, one_line
from releasepb.v1 import releases_pb2 as pb


def short_form(told: pb.Diagnosis) -> str:
    """Give its lines: cause, what to do and why, the playbook that fits best, what only a person can do."""
    lines = [
        f"cause: {cause_line(told)}",
        f"{told.recommendation.choice}: {told.recommendation.why}",
        *(f"playbook: {playbook_line(match)}" for match in told.playbooks[:1]),
        *(f"first: {clean(line)}" for line in told.by_hand),
    ]
    return "\n".join(lines)


def cause_line(told: pb.Diagnosis) -> str:
    """Give the cause in one sentence, with its code."""
    return f"{clean(told.cause.sentence)}  [{one_line(told.cause.code)}]"


def playbook_line(match: pb.PlaybookMatch) -> str:
    """Name a playbook with its score, where it is from, and what its detection found."""
    found = ""
    if match.HasField("detection"):
        found = "; it looked: " + ("that is it" if match.detection.applies else "that is not it")
    return f"{one_line(match.playbook.id)} ({match.score:.2f}, {one_line(match.playbook.origin)}){found}"
