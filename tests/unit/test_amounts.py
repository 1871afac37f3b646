"""What is said of large content on its way."""

from __future__ import annotations

from released.phases.amounts import told

MIB = 1024 * 1024


def test_all_of_it_passes_and_each_amount_is_said_once() -> None:
    parts, said = [b"x" * (3 * MIB)] * 5, list[str]()

    assert list(told(parts, "wiki-data", said.append, every=4 * MIB)) == parts
    assert said == ["wiki-data: 6 MiB", "wiki-data: 12 MiB"]


def test_nothing_is_said_of_little() -> None:
    said = list[str]()

    assert list(told([b"x"], "wiki-data", said.append)) == [b"x"]
    assert said == []
