"""A past run as a stream of what was seen of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from released.api import as_of, convert
from released.domain import events as ev
from released.domain.forensics.runs import number_of, run_of
from released.domain.ids import parse_ticket
from released.engine.past import Past
from released.engine.replay import Printed, replay
from released.engine.slots import attempt_folder
from released.engine.station import Station
from releasepb.v1 import history_pb2 as pb
from releasepb.v1 import releases_pb2

_NOW = dt.datetime.max.replace(tzinfo=dt.UTC)


def replayed(station: Station, request: pb.ReplayRequest) -> Iterator[pb.ReplayItem]:
    """Give the run that is asked for; output is read as it is given.

    Raises:
        InvalidInput: the ticket's name or the moment is none.
        NotFound: the ticket had no such run by then.
    """
    ticket = parse_ticket(request.ticket)
    until = as_of.moment(request.until) if request.HasField("until") else _NOW
    run = run_of(Past(station.store, station.name).record(ticket, until), ticket, request.run)
    if not request.with_output:
        return map(_item, run)

    def output_of(step: str, attempt: int) -> Path:
        return station.world.state_dir / attempt_folder(station.name, ticket, number_of(run), step, attempt) / "output"

    return map(_item, replay(run, output_of, until if isinstance(until, dt.datetime) else None))


def _item(seen: ev.Recorded | Printed) -> pb.ReplayItem:
    if isinstance(seen, ev.Recorded):
        return pb.ReplayItem(event=convert.event(seen))
    step, attempt, piece = seen
    chunk = releases_pb2.OutputChunk(step=step, attempt=attempt, offset=piece.offset, untrusted_data=piece.data)
    return pb.ReplayItem(output=chunk, printed_at=convert.timestamp(piece.at))
