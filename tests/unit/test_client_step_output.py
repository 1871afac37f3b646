"""Output comes in chunks that are cut anywhere, and sometimes twice."""

from __future__ import annotations

from releasectl.text.step_output import Lines, Offsets, Tail
from releasepb.v1 import releases_pb2 as pb


def chunk(data: bytes, offset: int, step: str = "wikijs.pull") -> pb.OutputChunk:
    return pb.OutputChunk(step=step, attempt=1, untrusted_data=data, offset=offset)


def test_bytes_that_come_again_after_a_reconnect_are_shown_once() -> None:
    offsets = Offsets()
    shown = [offsets.fresh(chunk(b"hello ", 0)), offsets.fresh(chunk(b"lo world", 3)), offsets.fresh(chunk(b"wor", 6))]
    assert shown == [b"hello ", b"world", b""]


def test_a_tail_that_begins_in_the_middle_is_shown_from_there() -> None:
    assert Offsets().fresh(chunk(b"end", 4096)) == b"end"


def test_steps_are_counted_apart() -> None:
    offsets = Offsets()
    offsets.fresh(chunk(b"one", 0))
    assert offsets.fresh(chunk(b"two", 0, step="redmine.pull")) == b"two"


def test_a_control_sequence_that_is_torn_between_chunks_is_taken_out() -> None:
    lines = Lines()
    assert lines.feed(b"pull \x1b[3") == []
    assert lines.feed(b"1mdone\n") == ["pull done"]


def test_a_character_that_is_torn_between_chunks_is_put_together() -> None:
    lines = Lines()
    lines.feed("ü".encode()[:1])
    assert lines.feed("ü".encode()[1:] + b"\n") == ["ü"]


def test_the_last_line_without_an_end_is_not_lost() -> None:
    lines = Lines()
    lines.feed(b"a\nb")
    assert lines.flush() == ["b"]


def test_the_tail_shows_the_latest_state_of_a_progress_line() -> None:
    tail = Tail(2)
    tail.feed(b"one\ntwo\n\n10%\r20%")
    assert tail.lines == ["10%", "20%"]
