"""A daemon on the record of a newer version: it shows what it can read, and adds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.store.schema import HEAD
from support.invariants import Remains, broken
from support.kept_record import HALTED, OVER, KeptRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence

NEWER_SCHEMA = "UPDATE alembic_version SET version_num = '9999'"
NEWER_EVENT = "UPDATE events SET type = 'teleported' WHERE stream = 'release/prod/1234' AND version = 1"
NEWER_SHAPE = "UPDATE events SET schema_version = 99 WHERE stream = 'release/prod/1234' AND version = 1"


@pytest.fixture(name="kept", scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptRecord]:
    with KeptRecord.made(tmp_path_factory.mktemp("newer")) as kept:
        yield kept


@pytest.fixture(autouse=True)
def _as_it_was(kept: KeptRecord) -> Iterator[None]:
    yield
    kept.put_back()
    assert broken(Remains.of_sites(kept.sites)) == []


@pytest.mark.parametrize(
    ("statement", "cause", "told"),
    [
        (
            NEWER_SCHEMA,
            "schema_too_new",
            f"has schema 9999, this released knows {HEAD}: install the newer released again.",
        ),
        (NEWER_EVENT, "event_unreadable", "(teleported, version 1) was written by a newer one."),
        (NEWER_SHAPE, "event_unreadable", "(run_requested, version 99) was written by a newer one."),
    ],
)
def test_what_an_older_program_can_read_is_shown_and_nothing_is_added(
    statement: str, cause: str, told: str, kept: KeptRecord, evidence: Evidence
) -> None:
    """Row 58: an older daemon starts on a newer record; status says why it changes nothing, and the rest is shown."""
    evidence.fired(kept.execute(statement))
    spoilt = kept.digest

    with kept.served():
        reason = kept.site.document("status")["read_only"]
        halted = kept.site.document("status", HALTED)
        listed = [one["ticket"] for one in kept.site.document("list")["releases"]]
        refused = kept.site.told("run", HALTED, code=3)

    assert (reason["cause"], halted["read_only"]["cause"], refused.reason) == (cause, cause, "read_only")
    assert told in reason["message"]
    assert told in refused.message
    assert halted["summary"]["state"] == "halted"
    assert listed == ([HALTED, OVER] if cause == "schema_too_new" else [HALTED])
    assert kept.digest == spoilt
