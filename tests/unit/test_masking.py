"""What a person types is masked before it becomes a command."""

from __future__ import annotations

import pytest

from released.api.masking import masked
from released.domain.redaction import Redactor
from releasepb.v1 import releases_pb2 as pb

SECRET = "correct-horse-battery"  # noqa: S105 (made up, and to be found nowhere)


@pytest.mark.parametrize(
    "request_type",
    [pb.RunRequest, pb.ResumeRequest, pb.CancelRequest, pb.ResolveRequest, pb.HoldRequest, pb.ReleaseLockRequest],
)
def test_a_secret_in_a_reason_is_masked(request_type: type[pb.RunRequest]) -> None:
    asked = request_type(reason=f"since {SECRET} leaked")
    assert masked(asked, Redactor([SECRET]).mask).reason == "since *** leaked"


def test_a_secret_in_a_remark_is_masked() -> None:
    assert masked(pb.NoteRequest(text=SECRET), Redactor([SECRET]).mask).text == "***"


def test_all_else_of_a_request_stays_as_it_is() -> None:
    asked = pb.RunRequest(ticket="4711", skip=["migrate"], request_id="one", reason="why")
    assert masked(asked, Redactor([SECRET]).mask) == asked
