"""What the playbook that tells best of a failure has to offer: to look whether it applies, and to be applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from released.domain import events as ev
from released.domain.diagnosis.document import Diagnosis
from released.domain.failure import NextCommand
from released.domain.playbooks.matching import Match
from released.domain.releases import next_steps

_WAITING = ("halted", "in_doubt", "refused", "nothing_to_do")


def playbook_way(
    told: Diagnosis, matches: Sequence[Match], detections: Mapping[str, ev.DetectionRan], *, may_look: bool
) -> Iterator[NextCommand]:
    """List the commands of the best playbook, for those for whom it is that failure.

    Args:
        told: the diagnosis.
        matches: the playbooks that tell of the failure, the best first.
        detections: what detection commands found, by the id of the playbook.
        may_look: whether detection commands are allowed to run.
    """
    knowing = [one.playbook for one in matches if one.playbook.knows_why]
    if told.kind not in _WAITING or not knowing:
        return
    playbook = knowing[0]
    ran = detections.get(playbook.id)
    if playbook.detection and ran is None and may_look:
        yield next_steps.detect(told.ticket).provided(f"playbook {playbook.id} is to look whether it applies")
    if ran is None or ran.applies:
        yield next_steps.apply(playbook.id, told.ticket).provided("that is the failure")
