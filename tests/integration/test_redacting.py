"""A secret that came onto the record goes out of it, and the record stays provable."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.errors import InvalidInput, Refused
from released.domain.failure import Failure
from released.domain.forensics.masking import redactor_of
from released.domain.ids import Phase
from released.engine.instruments import Instruments
from released.engine.redacting import Found, Redaction
from released.store.errors import UnreadableEvent
from released.store.history import History
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from released.store.shredding import is_rewritten
from released.store.verification import verify
from support.given_when_then import halted, prepared, recorded, refused, requested, started
from support.store import ACTOR, AT, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.store.event_store import EventStore

from released.store.event_store import NewEvent, StreamWrite

SECRET = 'hunter-2 "quoted"'  # noqa: S105 (nobody has it)
OTHER = "the-other-one"
STREAM = ev.release_stream("prod", "1234")
OUTPUT = "steps/prod/1234/1/script/1/output"


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """Give a record in which a script printed two secrets, and an operator wrote one down."""
    with sqlite_store(tmp_path / "released.db") as store:
        store.take_lease("prod", "host", 4711, "boot-1", "0.1.0", AT, ACTOR)
        failure = Failure("script_failed", "it ended with 1", rc=1, evidence=f"login {SECRET} {OTHER}\n")
        told: list[ev.Event] = [ev.StepStarted("script", 1, "boot-1"), ev.StepFailed("script", 1, failure)]
        _append(store, [requested(), *prepared(), started(Phase.MIGRATE), *told, halted(Phase.MIGRATE)])
        _append(store, [ev.Noted("request-8", f"tried {SECRET}")])
        Projector(store, [ReleaseList(), History()]).catch_up()
        file = tmp_path / OUTPUT
        file.parent.mkdir(parents=True)
        file.write_bytes(f"é \udcff login {SECRET}\nnext\n".encode("utf-8", "surrogateescape"))
        yield store


def _append(store: EventStore, events: list[ev.Event]) -> None:
    before = len(store.read(STREAM))
    new = tuple(NewEvent(f"{before}:{one.version}", one.at, ACTOR, one.event) for one in recorded(*events))
    store.append([StreamWrite(STREAM, before, new)])


def redact(store: EventStore, folder: Path, secret: str) -> Found:
    """Take a secret out of a record."""
    redaction = Redaction(store, folder, redactor_of(secret, "it was printed"))
    found = redaction.find()
    redaction.remove(found, "it was printed", ACTOR, Instruments())
    return found


def in_file(folder: Path, text: str) -> bool:
    """Tell whether the database's files have a text anywhere, between their rows too."""
    return any(text.encode() in file.read_bytes() for file in folder.glob("released.db*"))


def test_it_is_read_nowhere_any_more_and_everything_else_still_is(store: EventStore, tmp_path: Path) -> None:
    before = store.read(STREAM)

    redact(store, tmp_path, SECRET)

    after = store.read(STREAM)
    assert "hunter" not in str(after)
    assert [(one.version, one.event_id, type(one.event)) for one in after[: len(before)]] == [
        (one.version, one.event_id, type(one.event)) for one in before
    ]
    failed = next(one.event for one in after if isinstance(one.event, ev.StepFailed))
    assert failed.failure.evidence == f"login *** {OTHER}\n"


def test_its_text_is_overwritten_in_the_file(store: EventStore, tmp_path: Path) -> None:
    assert in_file(tmp_path, "hunter-2")

    redact(store, tmp_path, SECRET)
    store.close()

    assert is_rewritten(tmp_path / "released.db")
    assert not in_file(tmp_path, "hunter-2")


def test_the_chain_still_holds_and_all_that_is_derived_agrees_once_derived_anew(
    store: EventStore, tmp_path: Path
) -> None:
    redact(store, tmp_path, SECRET)
    Projector(store, [ReleaseList(), History()]).catch_up()

    assert store.query(verify).findings == ()


def test_who_took_it_out_and_why_is_on_the_record(store: EventStore, tmp_path: Path) -> None:
    found = redact(store, tmp_path, SECRET)

    told = [one for one in store.read(STREAM) if isinstance(one.event, ev.Redacted)]
    assert [one.event.version for one in told if isinstance(one.event, ev.Redacted)] == [
        *(leak.row.version for leak in found.leaks),
        0,
    ]
    assert {one.actor for one in told} == {ACTOR}
    assert len(found.places) == len(told) == 3


def test_an_output_is_masked_in_place_so_that_its_index_still_fits(store: EventStore, tmp_path: Path) -> None:
    before = (tmp_path / OUTPUT).read_bytes()

    redact(store, tmp_path, SECRET)

    assert (tmp_path / OUTPUT).read_bytes() == before.replace(SECRET.encode(), b"*" * len(SECRET))


def test_a_second_secret_goes_out_of_what_stands_in_the_place_of_the_first(store: EventStore, tmp_path: Path) -> None:
    redact(store, tmp_path, SECRET)
    redact(store, tmp_path, OTHER)

    assert OTHER not in str(store.read(STREAM))
    assert "login *** ***" in str(store.read(STREAM))
    Projector(store, [ReleaseList(), History()]).catch_up()
    assert store.query(verify).findings == ()


def test_it_is_found_no_second_time(store: EventStore, tmp_path: Path) -> None:
    redact(store, tmp_path, SECRET)

    assert Redaction(store, tmp_path, redactor_of(SECRET, "again")).find() == Found((), (), ())


@pytest.mark.parametrize(
    ("text", "field"),
    [("migrate", "phase"), ("aaaa", r"plan\.base_sha"), ("1234", r"plan\.ticket"), ("fast-forward", r"steps\.name")],
)
def test_a_text_on_whose_word_something_is_done_stays(text: str, field: str, store: EventStore, tmp_path: Path) -> None:
    before = store.read_all()

    with pytest.raises(Refused, match=rf"as {field}, on whose word something is done") as refusal:
        Redaction(store, tmp_path, redactor_of(text, "it was printed")).find()

    assert refusal.value.code == "secret_is_needed"
    assert store.read_all() == before


@pytest.mark.parametrize(("secret", "reason"), [("abc", "short"), (SECRET, f"{SECRET} was printed")])
def test_a_short_text_and_a_reason_that_tells_the_secret_are_refused(secret: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=r"at least 4 characters|on record again"):
        redactor_of(secret, reason)


def test_many_secrets_cost_no_more_than_each_of_them(store: EventStore, tmp_path: Path) -> None:
    _append(store, [ev.Noted("request-9", " ".join(f"secret-number-{number:02}" for number in range(30)))])
    version = store.version(STREAM)
    for number in range(30):
        redact(store, tmp_path, f"secret-number-{number:02}")

    noted = store.read(STREAM)[version - 1].event

    assert isinstance(noted, ev.Noted)
    assert noted.text == " ".join(["***"] * 30)


def test_what_recovery_and_replay_go_by_is_left_as_it_is(store: EventStore, tmp_path: Path) -> None:
    record = tmp_path / OUTPUT.replace("/output", "/started.json")
    record.write_text(f'{{"argv": ["login", "{OTHER}"]}}')

    redact(store, tmp_path, OTHER)

    assert OTHER in record.read_text()


def test_a_file_that_cannot_be_cleaned_is_told(store: EventStore, tmp_path: Path) -> None:
    redaction = Redaction(store, tmp_path, redactor_of(SECRET, "it was printed"))
    found = redaction.find()
    (tmp_path / OUTPUT).unlink()

    (error,) = redaction.remove(found, "it was printed", ACTOR, Instruments())

    assert str(tmp_path / OUTPUT) in str(error)
    assert "hunter" not in str(store.read(STREAM))


def test_a_secret_in_a_name_is_told_to_stay(store: EventStore, tmp_path: Path) -> None:
    store.append([StreamWrite(ev.release_stream("prod", "ghp_token"), 0, (NewEvent("r", AT, ACTOR, refused()),))])

    found = Redaction(store, tmp_path, redactor_of("ghp_token", "it was typed as a ticket")).find()

    assert found.stuck == (f"the name of a ticket or of a person, in event {store.head()} of the log",)


def test_what_the_file_held_is_overwritten_once_nobody_else_has_it_open(store: EventStore, tmp_path: Path) -> None:
    redact(store, tmp_path, SECRET)
    with closing(sqlite3.connect(tmp_path / "released.db")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        store.close()
        assert not is_rewritten(tmp_path / "released.db")

    assert is_rewritten(tmp_path / "released.db")


def test_verify_log_lists_what_was_taken_out(store: EventStore, tmp_path: Path) -> None:
    redact(store, tmp_path, SECRET)

    told = store.query(verify).redactions

    assert len(told) == 3
    assert "a secret was taken out of event" in told[0].message


def test_a_payload_that_is_gone_without_anybody_having_told_is_a_finding(store: EventStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "released.db", isolation_level=None)) as connection:
        connection.execute("UPDATE events SET payload = NULL WHERE type = 'noted'")

    assert [one.message for one in store.query(verify).findings] == [
        f"Event {store.head()} of the log (noted, version 1) cannot be read: its payload was shredded."
    ]
    with pytest.raises(UnreadableEvent, match="shredded"):
        store.read(STREAM)
