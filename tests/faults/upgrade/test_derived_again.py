"""What is derived from the record is lost, or half there: it is derived again, and is the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.invariants import Remains, broken
from support.kept_record import KeptRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence


@pytest.fixture(name="kept", scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptRecord]:
    with KeptRecord.made(tmp_path_factory.mktemp("derived")) as kept:
        yield kept


def derived(kept: KeptRecord) -> tuple[list[tuple[object, ...]], dict[str, bytes]]:
    """Give the list of releases as it is stored, and the files of the tickets."""
    with closing(sqlite3.connect(f"file:{kept.database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT * FROM releases ORDER BY environment, ticket").fetchall()
    return rows, {file.name: file.read_bytes() for file in files(kept)}


def files(kept: KeptRecord) -> list[Path]:
    folder = kept.site.ops.checkout / ".asd" / "workspace" / "releases"
    return sorted(file for file in folder.iterdir() if file.suffix in (".env", ".log"))


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM checkpoints", "DELETE FROM releases"),
        ("UPDATE checkpoints SET position = 3", "DELETE FROM releases WHERE ticket = '1235'"),
        ("DELETE FROM checkpoints", "UPDATE releases SET state = 'teleported', services = '[\"gone\"]'"),
    ],
    ids=["deleted", "half written", "of another version"],
)
def test_a_list_that_was_lost_is_derived_again(
    statements: tuple[str, ...], kept: KeptRecord, evidence: Evidence
) -> None:
    """Row 61: the list of releases, and the files of tickets, are gone or wrong; a start makes them again."""
    before = derived(kept)
    evidence.fired(kept.execute(*statements))
    for file in files(kept):
        file.unlink()
    assert derived(kept) != before

    with kept.served():
        listed = [one["ticket"] for one in kept.site.document("list")["releases"]]

    assert listed == ["1235", "1234"]
    assert derived(kept) == before
    assert broken(Remains.of_sites(kept.sites)) == []
