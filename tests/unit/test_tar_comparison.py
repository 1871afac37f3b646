"""Two tar streams are compared entry by entry, in whatever order, and what differs is named."""

from __future__ import annotations

import tarfile

import pytest

from released.adapters.tars.comparison import differences
from released.adapters.tars.entries import entries
from released.adapters.tars.moving import moved
from support.tars import Member, folder, hard_link, pack, pieces, symlink

FILE = Member("a/file")
ALL = (folder("."), folder("a"), FILE, hard_link("a/hard", "a/file"), symlink("link", "/etc"), Member("bad\udcff\n"))


def _differences(one: bytes, other: bytes) -> list[str]:
    return list(differences(pieces(one), pieces(other, 4096)))


def test_equal_streams_have_no_difference() -> None:
    assert _differences(pack(*ALL), pack(*ALL)) == []


def test_the_order_of_entries_does_not_matter() -> None:
    assert _differences(pack(*ALL), pack(*reversed(ALL))) == []


def test_the_way_a_name_is_written_does_not_matter() -> None:
    assert _differences(pack(folder("./"), FILE), pack(folder("."), FILE._replace(name="./a//file"))) == []


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        (FILE._replace(content=b"CONTENT"), "content"),
        (FILE._replace(content=b"longer content"), "size, content"),
        (FILE._replace(mode=0o4644), "mode"),
        (FILE._replace(uid=1), "uid"),
        (FILE._replace(mtime=981173107.0), "mtime"),
        (FILE._replace(content=b"", kind=tarfile.FIFOTYPE), "kind, size, content"),
        (hard_link("a/file", "b"), "kind, size, content, link"),
    ],
)
def test_every_fact_of_an_entry_counts(changed: Member, fields: str) -> None:
    assert _differences(pack(FILE), pack(changed)) == [f"'a/file' differs in {fields}"]


def test_a_fraction_of_a_second_does_not_count() -> None:
    assert _differences(pack(FILE), pack(FILE._replace(mtime=981173106.9))) == []


def test_times_before_1970_are_all_the_same() -> None:
    assert _differences(pack(FILE._replace(mtime=-631152000.0)), pack(FILE._replace(mtime=0.0))) == []


def test_what_is_missing_and_what_is_too_much_is_named() -> None:
    one, other = pack(FILE, Member("gone")), pack(FILE, Member("new"))
    assert _differences(one, other) == ["'gone' is missing", "'new' should not be there"]


def test_the_root_is_an_entry_like_any_other() -> None:
    assert _differences(pack(folder(".", 0o750)), pack(folder("./"))) == ["'.' differs in mode"]


def test_a_stream_that_breaks_off_is_not_compared() -> None:
    with pytest.raises(ValueError, match="tar says"):
        _differences(pack(FILE), pack(FILE)[:1024])


def test_a_stream_that_was_moved_into_a_folder_is_otherwise_the_same() -> None:
    long = "n" * 250
    members = (*ALL, Member(f"{long}/{long}"), hard_link("z", f"{long}/{long}"), Member("big", uid=4_000_000))
    there = [
        one._replace(name=f"v/{one.name}", target=f"v/{one.target}" if one.kind == tarfile.LNKTYPE else one.target)
        for one in members
    ]
    assert _differences(pack(*there), b"".join(moved(entries(pieces(pack(*members))), "v"))) == []
