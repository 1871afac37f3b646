"""A record that is damaged, or was changed by hand: nothing is added to it, and it is left as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.invariants import Remains, broken
from support.kept_record import HALTED, KeptRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence

PAGE = 4096


@pytest.fixture(name="kept", scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptRecord]:
    with KeptRecord.made(tmp_path_factory.mktemp("damaged")) as kept:
        yield kept


@pytest.fixture(autouse=True)
def _as_it_was(kept: KeptRecord) -> Iterator[None]:
    yield
    kept.put_back()
    assert broken(Remains.of_sites(kept.sites)) == []


@pytest.mark.tier1
def test_a_damaged_page_is_found_at_the_start_and_left_as_it_is(kept: KeptRecord, evidence: Evidence) -> None:
    """Row 22: a page of the file is overwritten; the daemon says so, refuses to act, and repairs nothing."""
    with kept.database.open("r+b") as file:
        file.seek(-PAGE, 2)
        evidence.fired(file.write(b"\xff" * PAGE) > 0)
    spoilt = kept.digest

    with kept.served():
        listed = kept.site.document("list")["releases"]
        refused = kept.site.told("note", HALTED, "is it on?", code=3)

    assert len(listed) > 0
    assert (refused.reason, "is damaged" in refused.message) == ("read_only", True)
    assert kept.digest == spoilt


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE events SET payload = replace(payload, '0.1.0', '0.1.1') WHERE position = 1",
            "version 1 of environment/prod",
        ),
        (
            "UPDATE events SET at = '' WHERE stream = 'release/prod/1235' AND version = 3",
            "version 3 of release/prod/1235",
        ),
        ("DELETE FROM events WHERE stream = 'release/prod/1234' AND version = 2", "its last event is number"),
    ],
)
def test_a_daemon_does_not_act_on_a_record_that_was_changed_by_hand(
    statement: str, told: str, kept: KeptRecord, evidence: Evidence
) -> None:
    """Row 54: an event is changed or deleted by hand; the daemon names the first bad one, and adds nothing."""
    evidence.fired(kept.execute(statement))
    spoilt = kept.digest

    with kept.served():
        refused = kept.site.told("resume", HALTED, "--reason", "mended", code=3)

    assert (refused.reason, told in refused.message) == ("read_only", True)
    assert kept.digest == spoilt
