"""Tables for people: a line per release, with what was decided against the usual way in sight."""

from __future__ import annotations

import pytest

from releasectl.settings import Settings
from releasectl.text.tables import print_releases
from releasepb.v1 import releases_pb2 as pb


def listed(capsys: pytest.CaptureFixture[str], *releases: pb.ReleaseSummary) -> list[list[str]]:
    """Print the list and give its lines below the heading, word by word."""
    print_releases(releases, Settings(no_color=True))
    return [line.split() for line in capsys.readouterr().out.splitlines()[1:]]


def test_a_release_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    release = pb.ReleaseSummary(
        ticket="1234", run=2, state="released", phase="verify", started_by="anna", services=["redmine", "wikijs"]
    )
    release.started_at.FromJsonString("2026-05-18T15:30:12Z")
    assert listed(capsys, release) == [
        ["1234", "2", "✓", "released", "verify", "2026-05-18", "15:30", "anna", "redmine,", "wikijs"]
    ]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("reverting", ["▸", "reverting"]),
        ("reverted", ["✓", "reverted"]),
        ("halted", ["✗", "halted"]),
        ("nothing_to_do", ["·", "nothing", "to", "do"]),
    ],
)
def test_a_state_is_a_symbol_and_a_word(state: str, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    ((_, _, *rest),) = listed(capsys, pb.ReleaseSummary(ticket="1234", run=1, state=state))
    assert rest[: len(shown)] == shown


def test_a_release_with_overrides_is_marked_with_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    usual = pb.ReleaseSummary(ticket="1233", run=1, state="released")
    unusual = pb.ReleaseSummary(ticket="1234", run=1, state="released", overrides=2)
    assert [("!2" in line) for line in listed(capsys, usual, unusual)] == [False, True]


def test_no_name_of_a_release_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "x\x1b[2J\x9b31m\r\ny\u202e\x00"
    release = pb.ReleaseSummary(
        ticket=hostile, run=1, state=hostile, phase=hostile, started_by=hostile, services=[hostile]
    )
    (line,) = listed(capsys, release)
    assert all(word.isprintable() for word in line)
