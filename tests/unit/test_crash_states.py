"""The model of what a power cut leaves: what was flushed is certain, what was not is not."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from support.crash_states import Cut, Disk, Flush, Make, Operation, Power, Remove, Rename, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANCE = random.Random(1)  # noqa: S311 (samples, not secrets)
BLOCK = b"a" * 1024


def after(operations: Sequence[Operation]) -> list[Disk]:
    """List many of the states after these operations."""
    power = Power()
    for operation in operations:
        power.follow(operation)
    return list(power.cut(CHANCE, 200))


def contents(states: Sequence[Disk], path: str) -> set[bytes | None]:
    """List what a file may hold; ``None`` where it may be missing."""
    return {state.get(path) for state in states}


def test_what_was_flushed_is_there_in_every_state() -> None:
    assert after([Make("a"), Write("a", 0, b"x"), Flush("a")]) == [{"a": b"x"}]


def test_bytes_that_were_not_flushed_may_be_there_missing_or_torn() -> None:
    states = after([Make("a"), Flush("a"), Write("a", 0, BLOCK)])

    assert contents(states, "a") >= {b"", BLOCK, BLOCK[:512], b"\0" * 512 + BLOCK[512:]}


def test_a_flush_of_one_file_leaves_the_bytes_of_another_uncertain_and_makes_its_name_certain() -> None:
    states = after([Make("a"), Write("a", 0, b"x"), Make("b"), Write("b", 0, b"y"), Flush("b")])

    assert (contents(states, "a"), contents(states, "b")) == ({b"", b"x"}, {b"y"})


def test_names_come_to_the_disk_in_their_order() -> None:
    states = after([Make("a"), Make("b")])

    assert {tuple(sorted(state)) for state in states} == {(), ("a",), ("a", "b")}


def test_two_writes_that_were_not_flushed_may_be_there_in_any_combination() -> None:
    states = after([Make("a"), Write("a", 0, b".."), Flush("a"), Write("a", 0, b"1"), Write("a", 1, b"2")])

    assert contents(states, "a") == {b"..", b"1.", b".2", b"12"}


def test_the_bytes_of_a_removed_file_do_not_come_back_with_its_name() -> None:
    assert after([Make("a"), Write("a", 0, b"x"), Remove("a"), Flush("folder")]) == [{}]


def test_bytes_follow_a_file_to_its_new_name() -> None:
    states = after([Make("a"), Write("a", 0, b"x"), Rename("a", "b"), Flush("folder")])

    assert states[:2] == [{"b": b""}, {"b": b"x"}]


def test_a_file_that_is_cut_loses_its_end() -> None:
    assert after([Make("a"), Write("a", 0, b"xyz"), Cut("a", 1), Flush("a")]) == [{"a": b"x"}]
