"""Plain lines, one per event."""

from __future__ import annotations

import pytest

from releasectl.settings import Settings
from releasectl.views.plain import PlainView, event_line
from releasepb.v1 import releases_pb2 as pb
from support.wire_events import Stream


def test_an_event_is_one_line_with_utc_time() -> None:
    (event,) = Stream().add(3, "step_started", line="  ▸ wikijs.pull").events
    assert event_line(event) == "2026-05-18T15:30:15Z    ▸ wikijs.pull"


def test_an_event_without_a_line_shows_its_type() -> None:
    event = Stream().add(0, "something_new").events[0]
    event.line = ""
    assert event_line(event) == "2026-05-18T15:30:12Z  something_new"


def test_line_ends_and_control_sequences_cannot_forge_an_event() -> None:
    event = Stream().add(0, "halted", line="boom\n2026-01-01T00:00:00Z  released\x1b[2K").events[0]
    assert event_line(event) == "2026-05-18T15:30:12Z  boom 2026-01-01T00:00:00Z  released"


def test_quiet_prints_only_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    view = PlainView(Settings(quiet=True))
    view.event(Stream().requested().events[0])
    view.end(pb.End(state="released", exit_code=0, message="Ticket 1234 is released."))
    assert capsys.readouterr().out == "Ticket 1234 is released.\n"


def test_verbose_prints_output_of_steps_set_off_from_events(capsys: pytest.CaptureFixture[str]) -> None:
    view = PlainView(Settings(verbose=True))
    view.output(pb.OutputChunk(step="wikijs.pull", attempt=1), b"layer 1\nlayer")
    view.event(Stream().add(0, "released", line="released").events[0])
    assert capsys.readouterr().out == "  | layer 1\n  | layer\n2026-05-18T15:30:12Z  released\n"


def test_a_failed_end_tells_once_what_may_be_typed_and_ends_with_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    failure = pb.Failure(code="unhealthy", message="✗ wikijs.healthy: unhealthy", untrusted_evidence="a\nb\x1b[2J")
    resume = pb.NextCommand(argv=["releasectl", "resume", "1234"], effect="goes on", danger="changes")
    logs = pb.NextCommand(argv=["releasectl", "logs", "1234"], effect="shows more")
    told = "release-run failed in phase migrate. To roll back:\n  git reset\nTo go on:\n  releasectl resume 1234"
    PlainView(Settings(environment="prod")).end(
        pb.End(state="halted", exit_code=1, failure=failure, message=told, next=[resume, logs])
    )
    assert capsys.readouterr().err.splitlines() == [
        "release-run failed in phase migrate. To roll back:",
        "  git reset",
        "To go on:",
        "  releasectl resume 1234 --env prod",
        "or:",
        "  releasectl logs 1234 --env prod  # shows more",
        "  │ a",
        "  │ b",
        "[ERROR] ✗ wikijs.healthy: unhealthy",
    ]


def test_a_step_in_doubt_is_told_once_how_to_settle_it(capsys: pytest.CaptureFixture[str]) -> None:
    failure = pb.Failure(code="in_doubt", message="Nobody knows.")
    resolve = ["releasectl", "resolve", "1234", "a.sh", "--as", "done", "--reason", "what you found"]
    told = "To go on:\n  releasectl resolve 1234 a.sh --as done     (it took effect)"
    PlainView(Settings()).end(
        pb.End(state="halted", exit_code=8, failure=failure, message=told, next=[pb.NextCommand(argv=resolve)])
    )
    assert capsys.readouterr().err.splitlines() == [*told.splitlines(), "[ERROR] Nobody knows."]


def test_the_way_back_is_told_line_by_line_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    view = PlainView(Settings())
    for event in Stream().turned_back(0, "revert.code").add(9, "reverted", line="run 1: taken back").events:
        view.event(event)
    view.end(pb.End(state="reverted", exit_code=0, message="Ticket 1234 is taken back: its code stays."))
    assert capsys.readouterr().out.splitlines() == [
        "2026-05-18T15:30:12Z  revert_requested",
        "2026-05-18T15:30:12Z  phase_started",
        "2026-05-18T15:30:21Z  run 1: taken back",
        "Ticket 1234 is taken back: its code stays.",
    ]


def test_a_commit_that_was_not_pushed_is_told_at_the_end_of_a_good_revert(capsys: pytest.CaptureFixture[str]) -> None:
    told = "Ticket 1234 is taken back.\nThe commit dddd was not pushed: main has moved on\x1b[2J"
    PlainView(Settings()).end(pb.End(state="reverted", exit_code=0, message=told))
    assert capsys.readouterr().out.splitlines() == [
        "Ticket 1234 is taken back.",
        "The commit dddd was not pushed: main has moved on",
    ]
