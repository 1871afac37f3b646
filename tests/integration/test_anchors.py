"""Releases that are over are anchored on their commits, and a record that lacks what an anchor saw is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.ids import Sha
from released.engine.anchors import Anchors
from released.store.event_store import NewEvent, StreamWrite
from support.given_when_then import plan, recorded, whole_revert, whole_run
from support.ops_repo import OpsRepo
from support.store import ACTOR, AT, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from released.store.event_store import EventStore

ENDS = [len(whole_run()), len(whole_run()) + len(whole_revert())]
"""Where the release, and where its way back is over."""


@pytest.fixture(name="ops")
def _ops(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path, {"README.md": "an ops repo\n"})


@pytest.fixture(name="git")
def _git(ops: OpsRepo) -> Git:
    return Git(ops.checkout, "origin", "main")


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


def lived(ops: OpsRepo) -> list[ev.Recorded]:
    """Give a release of the commit that is checked out, and that it was taken back."""
    released = msgspec.structs.replace(plan(), merge_sha=Sha(ops.head()))
    return recorded(*whole_run(released), *whole_revert())


def append(store: EventStore, events: Sequence[ev.Recorded]) -> list[ev.Recorded]:
    """Put events on record, and read them back."""
    stream = ev.release_stream("prod", "1234")
    known = len(store.read(stream))
    new = tuple(NewEvent(one.event_id, one.at, ACTOR, one.event) for one in events)
    store.append([StreamWrite(stream, known, new)])
    return store.read(stream, known)


def test_each_end_of_a_release_is_noted_on_its_commit(ops: OpsRepo, git: Git, store: EventStore) -> None:
    Anchors(store, "prod", git)(append(store, lived(ops)))

    lines = [msgspec.json.decode(line) for line in git.note(Sha(ops.head())).splitlines()]

    assert [(one["outcome"], one["position"]) for one in lines] == [("released", ENDS[0]), ("reverted", ENDS[1])]
    assert [one["log_hash"] for one in lines] == [store.log_hash(end) for end in ENDS]
    assert Anchors(store, "prod", git).broken() == []


def test_the_same_events_leave_the_same_note(ops: OpsRepo, git: Git, store: EventStore) -> None:
    anchors, events = Anchors(store, "prod", git), append(store, lived(ops))
    anchors(events)
    note = ops.git("rev-parse", "refs/notes/released")

    anchors(events)

    assert ops.git("rev-parse", "refs/notes/released") == note


def test_a_log_whose_end_was_cut_off_is_found(ops: OpsRepo, git: Git, store: EventStore, tmp_path: Path) -> None:
    Anchors(store, "prod", git)(append(store, lived(ops)))
    with sqlite_store(tmp_path / "cut.db") as cut:
        append(cut, lived(ops)[: ENDS[0]])

        ((position, told),) = Anchors(cut, "prod", git).broken()

    assert position == ENDS[1]
    assert told.startswith(
        f"The record ends before event {ENDS[1]} of the log, with which run 1 of ticket 1234 was over"
    )


def test_what_a_person_knew_to_be_missing_is_no_finding(
    ops: OpsRepo, git: Git, store: EventStore, tmp_path: Path
) -> None:
    Anchors(store, "prod", git)(append(store, lived(ops)))
    with sqlite_store(tmp_path / "older.db") as older:
        append(older, lived(ops)[: ENDS[0]])
        accepted = ev.RecordAccepted("the newer one is lost", older.head(), store.head(), AT, "ticket 1234, released")
        new = NewEvent("accepted", AT, ACTOR, accepted)
        older.append([StreamWrite(ev.environment_stream("prod"), 0, (new,))])

        assert Anchors(older, "prod", git).broken() == []


def test_what_came_in_the_place_of_a_cut_end_takes_no_anchor_away(
    ops: OpsRepo, git: Git, store: EventStore, tmp_path: Path
) -> None:
    Anchors(store, "prod", git)(append(store, lived(ops)))
    other = [msgspec.structs.replace(one, event_id=f"other-{one.version}") for one in lived(ops)]
    with sqlite_store(tmp_path / "other.db") as exchanged:
        anchors = Anchors(exchanged, "prod", git)
        anchors(append(exchanged, other))

        found = anchors.broken()

    assert [position for position, _ in found] == ENDS
    assert all(told.startswith("The record has another event ") for _, told in found)


def test_an_anchor_that_cannot_be_written_keeps_nobody(
    store: EventStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = append(store, recorded(*whole_run()))

    Anchors(store, "prod", Git(tmp_path / "missing", "origin", "main"))(events)

    assert "the anchor of release/prod/1234 cannot be written" in caplog.text


def test_what_somebody_else_noted_stays(ops: OpsRepo, git: Git, store: EventStore) -> None:
    ops.git("notes", "--ref=released", "add", "-m", "seen by anna")

    anchors = Anchors(store, "prod", git)
    anchors(append(store, lived(ops)))

    assert git.note(Sha(ops.head())).splitlines()[0] == "seen by anna"
    assert anchors.broken() == []
