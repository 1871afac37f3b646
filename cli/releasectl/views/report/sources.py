"""What a dossier is made of: the answers of the daemon, as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from releasepb.v1 import history_pb2, releases_pb2

Attempt = tuple[str, int]
"""A step, and the number of its attempt."""


@dataclass(frozen=True)
class Output:
    """The end of what an attempt of a step printed, clean."""

    text: str
    is_cut: bool
    """Whether more was printed before."""


@dataclass(frozen=True)
class Sources:
    """All that is known of the latest run of a ticket.

    Attributes:
        release: where it stands.
        events: the events of the run, in order.
        run: as history has it, with its halts and slow steps.
        outputs: what its steps printed.
        diagnosis: of a release that is halted; else there is none.
        made_at: when this was asked, RFC 3339.
    """

    release: releases_pb2.Release
    events: Sequence[releases_pb2.Event]
    run: history_pb2.PastRun
    outputs: Mapping[Attempt, Output] = field(default_factory=dict)
    diagnosis: releases_pb2.Diagnosis | None = None
    made_at: str = ""
