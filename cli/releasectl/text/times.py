"""Moments as people and programs read them: always UTC."""

from __future__ import annotations

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp

from releasectl.text.durations import format_duration


def moment(timestamp: Timestamp) -> dt.datetime:
    """Turn a moment of the wire format into an aware one."""
    return timestamp.ToDatetime(tzinfo=dt.UTC)


def seconds_stamp(timestamp: Timestamp) -> str:
    """Write ``2026-05-18T15:30:12Z``."""
    return f"{moment(timestamp):%Y-%m-%dT%H:%M:%SZ}"


def rfc3339(timestamp: Timestamp) -> str:
    """Write a moment with all its digits, for programs."""
    return timestamp.ToJsonString()


def minute_stamp(timestamp: Timestamp) -> str:
    """Write ``2026-05-18 15:30Z``."""
    return f"{moment(timestamp):%Y-%m-%d %H:%MZ}"


def ago(timestamp: Timestamp) -> str:
    """Write how long ago it was."""
    return f"{format_duration((dt.datetime.now(dt.UTC) - moment(timestamp)).total_seconds())} ago"
