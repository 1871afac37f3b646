"""Moments in the past as calls carry them."""

from __future__ import annotations

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp

from releasepb.v1 import releases_pb2 as pb


def time_of(at: dt.datetime | int | None) -> Timestamp | None:
    """Give a time; nothing for now."""
    if not isinstance(at, dt.datetime):
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def moment_of(at: dt.datetime | int | None) -> pb.Moment | None:
    """Give a time or the number of an event; nothing for now."""
    if isinstance(at, int):
        return pb.Moment(event=at)
    return pb.Moment(time=time_of(at)) if at else None
