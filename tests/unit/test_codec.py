"""Events become JSON and come back the same, also those that an older version wrote."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest

from released.domain import events as ev
from released.domain.ids import Ticket
from released.store import codec, instants
from released.store.errors import UnreadableEvent
from support.evidence import Evidence
from support.golden import EVENTS_V1, EVENTS_V2, read_encoded
from support.store import ACTOR, SAMPLES, SAMPLES_OF_1, SAMPLES_OF_2

LOCK = ev.LockTaken(Ticket("1234"), 2)


def test_there_is_a_sample_of_every_type_of_event() -> None:
    assert {type(event) for event in SAMPLES} == set(get_args(ev.Event))


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: codec.encode(event).type)
def test_an_event_comes_back_as_it_was(event: ev.Event) -> None:
    encoded = codec.encode(event)
    assert codec.decode(1, *encoded) == event


GOLDEN = [
    *zip(read_encoded(EVENTS_V1), SAMPLES_OF_1, strict=True),
    *zip(read_encoded(EVENTS_V2), SAMPLES_OF_2, strict=True),
]


@pytest.mark.parametrize(("encoded", "event"), GOLDEN)
def test_what_an_older_version_wrote_is_read_as_it_was_meant(
    encoded: codec.Encoded, event: ev.Event, evidence: Evidence
) -> None:
    """Row 55: each event of each version."""
    assert codec.decode(1, *encoded) == event
    evidence.fired()


def test_a_type_is_named_by_its_class_in_snake_case() -> None:
    assert codec.encode(LOCK).type == "lock_taken"


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert codec.encode(LOCK).payload == '{"run":2,"ticket":"1234"}'


def test_an_actor_comes_back_as_it_was() -> None:
    assert codec.decode_actor(codec.encode_actor(ACTOR)) == ACTOR


def test_a_field_that_a_later_version_added_is_passed_over(evidence: Evidence) -> None:
    """Row 55: a field that this version has no name for."""
    assert codec.decode(1, "lock_taken", 1, '{"run":2,"ticket":"1234","why":"new"}') == LOCK
    evidence.fired()


def test_an_old_version_is_brought_up_to_date_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.UPCASTERS, ("lock_taken", 1), lambda old: {"key": old["number"], "run": 1})
    monkeypatch.setitem(codec.UPCASTERS, ("lock_taken", 2), lambda old: {"ticket": old["key"], "run": old["run"] + 1})
    assert codec.decode(1, "lock_taken", 1, '{"number":"1234"}') == LOCK


def test_an_upcaster_raises_the_version_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.UPCASTERS, ("lock_taken", 1), lambda old: old)
    assert codec.encode(LOCK).schema_version == 2


def test_a_hole_in_the_upcasters_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.UPCASTERS, ("lock_taken", 2), lambda old: old)
    with pytest.raises(UnreadableEvent, match="nothing turns version 1 into the next"):
        codec.decode(1, "lock_taken", 1, "{}")


def test_a_newer_version_is_refused_with_position_type_and_version() -> None:
    with pytest.raises(UnreadableEvent, match=r"Event 7 .*lock_taken, version 2.*newer released wrote it"):
        codec.decode(7, "lock_taken", 2, "{}")


def test_an_unknown_type_is_refused_with_position_type_and_version() -> None:
    with pytest.raises(UnreadableEvent, match=r"Event 7 .*moon_landed, version 1.*does not know its type"):
        codec.decode(7, "moon_landed", 1, "{}")


def test_a_payload_that_does_not_fit_its_type_is_refused() -> None:
    with pytest.raises(UnreadableEvent, match="missing required field `run`"):
        codec.decode(7, "lock_taken", 1, '{"ticket":"1234"}')


def test_a_shredded_payload_is_refused() -> None:
    with pytest.raises(UnreadableEvent, match="shredded"):
        codec.decode(7, "lock_taken", 1, None)


def test_a_point_in_time_is_stored_in_utc_with_microseconds() -> None:
    noon = dt.datetime(2026, 5, 18, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert instants.to_text(noon) == "2026-05-18T10:00:00.000000Z"


def test_a_point_in_time_comes_back_as_it_was() -> None:
    at = dt.datetime(2026, 5, 18, 15, 30, 12, 123456, tzinfo=dt.UTC)
    assert instants.from_text(instants.to_text(at)) == at


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        instants.to_text(dt.datetime(2026, 5, 18, 12))  # noqa: DTZ001 (that it is naive is the point)
