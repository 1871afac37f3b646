"""Requests that are out of all bounds, from somebody who may use the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from released.api import requests
from released.domain.errors import InvalidInput
from releasepb.v1 import releases_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 50_000
ID = "request-1"


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda: requests.note(pb.NoteRequest(ticket="1", request_id=ID, text="x" * MANY)), "text_too_long"),
        (lambda: requests.start_run(pb.RunRequest(ticket="1", request_id=ID, reason="x" * MANY)), "text_too_long"),
        (
            lambda: requests.resolve(pb.ResolveRequest(ticket="1", request_id=ID, step="x" * MANY, reason="why")),
            "step_invalid",
        ),
        (
            lambda: requests.start_run(pb.RunRequest(ticket="1", request_id=ID, with_tickets=map(str, range(MANY)))),
            "too_many_names",
        ),
        (
            lambda: requests.revert(pb.RevertRequest(ticket="1", request_id=ID, with_data=["web"] * MANY)),
            "too_many_names",
        ),
        (
            lambda: requests.revert_after(pb.RevertRequest(ticket="1", request_id=ID, after=map(str, range(MANY)))),
            "too_many_names",
        ),
    ],
    ids=["remark", "reason", "step", "tickets", "services", "tickets before"],
)
def test_it_is_refused_before_anything_is_recorded(read: Callable[[], object], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read()
    assert refused.value.code == code


@pytest.mark.parametrize(
    "moment", [Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(nanos=-1)], ids=["late", "early", "odd"]
)
def test_a_moment_that_no_calendar_knows_is_refused(moment: Timestamp) -> None:
    with pytest.raises(InvalidInput, match="years 1 and 9999"):
        requests.moment(moment)


@pytest.mark.parametrize("wait_s", [float("nan"), float("inf"), -1.0, 31 * 86400.0])
def test_nobody_waits_for_a_turn_without_end(wait_s: float) -> None:
    with pytest.raises(InvalidInput, match="between nothing and 30 days"):
        requests.patience_s(wait_s)


def test_a_name_that_is_given_twice_counts_once() -> None:
    command = requests.start_run(pb.RunRequest(ticket="1", request_id=ID, skip=["verify"] * 3))

    assert command.options.skip == ("verify",)
