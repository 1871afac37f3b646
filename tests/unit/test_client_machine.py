"""What programs read."""

from __future__ import annotations

import json

import pytest

from releasectl.settings import Settings
from releasectl.views.json_views import JsonlView, JsonView
from releasectl.views.machine import document, event_document
from releasepb.v1 import releases_pb2 as pb
from support.wire_events import Stream

HALTED = pb.End(
    state="halted",
    exit_code=8,
    failure=pb.Failure(code="script_in_doubt", message="It may have run.", untrusted_evidence="x\x1b[1m"),
    message="Look, then settle it.",
    next=[pb.NextCommand(argv=["releasectl", "status", "1234"], effect="shows it", danger="none")],
)
ERROR = {
    "code": 8,
    "reason": "script_in_doubt",
    "message": "It may have run.\nLook, then settle it.",
    "next": [
        {
            "argv": ["releasectl", "status", "1234"],
            "effect": "shows it",
            "danger": "none",
            "condition": "",
            "human": False,
        }
    ],
}


def test_an_event_has_its_documented_keys() -> None:
    assert event_document(Stream().add(0, "released", run=1).events[0]) == {
        "version": 1,
        "position": 101,
        "at": "2026-05-18T15:30:12Z",
        "type": "released",
        "actor": "anna",
        "uid": 1000,
        "login_uid": None,
        "event_id": "event-1",
        "data": {"run": 1},
    }


def test_text_from_outside_is_marked_and_clean() -> None:
    failure = {"code": "script_failed", "evidence": "boom\x1b[2J"}
    data = event_document(Stream().add(0, "step_failed", failure=failure).events[0])["data"]
    assert data == {"failure": {"code": "script_failed", "untrusted_evidence": "boom"}}


def test_output_that_is_a_text_is_marked_and_a_reference_to_output_is_not() -> None:
    check = {"command": "df -h", "output": "100%\x1b[2J"}
    reference = {"path": "output/1234/1", "bytes": 42}
    data = event_document(Stream().add(0, "detection_ran", checks=[check], output=reference).events[0])["data"]
    assert data == {"checks": [{"command": "df -h", "untrusted_output": "100%"}], "output": reference}


def test_a_message_shows_every_field_and_numbers_stay_numbers() -> None:
    shown = document(pb.Release(environment="prod", version=7, backups=[pb.Backup(service="wikijs", bytes=2**40)]))
    assert shown["summary"] is None
    assert (shown["version"], shown["steps"]) == (7, [])
    assert shown["backups"] == [{"service": "wikijs", "stamp": "", "bytes": 2**40}]


def test_jsonl_is_one_object_per_event_and_an_error_last(capsys: pytest.CaptureFixture[str]) -> None:
    view = JsonlView(Settings(output="jsonl"))
    view.event(Stream().requested().events[0])
    view.end(HALTED)
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["type"], last) == ("run_requested", {"error": ERROR})


def test_json_is_one_document_with_outcome_events_and_error(capsys: pytest.CaptureFixture[str]) -> None:
    view = JsonView(Settings(output="json"), "1234")
    view.event(Stream().requested().events[0])
    view.end(HALTED)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ticket"], shown["state"], shown["exit_code"], shown["error"]) == ("1234", "halted", 8, ERROR)
    assert shown["failure"]["untrusted_evidence"] == "x"
    assert [event["type"] for event in shown["events"]] == ["run_requested"]


@pytest.mark.parametrize("code", [0, 5])
def test_a_release_that_ended_well_has_no_error(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    JsonView(Settings(output="json"), "1234").end(pb.End(state="released", exit_code=code, message="done"))
    assert "error" not in json.loads(capsys.readouterr().out)
