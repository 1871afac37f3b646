"""What docs/json.md and docs/agents.md promise to programs is what the wire format and the client have."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from releasectl.errors import Next
from releasectl.exit_codes import ExitCode
from released.domain.releases import lifecycle
from releasepb.v1 import releases_pb2 as pb
from support.json_page import PAGE, promised

if TYPE_CHECKING:
    from google.protobuf.message import Message

AGENTS = (Path(__file__).resolve().parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
MESSAGES: dict[str, type[Message]] = {
    "next": pb.NextCommand,
    "failure": pb.Failure,
    "summary": pb.ReleaseSummary,
    "release": pb.Release,
    "read_only": pb.ReadOnly,
    "step": pb.Step,
    "diagnosis": pb.Diagnosis,
    "cause": pb.Cause,
    "certainty": pb.Certainty,
    "clue": pb.Clue,
    "evidence": pb.FailureEvidence,
    "surroundings": pb.Surroundings,
    "container": pb.ContainerSeen,
    "probe": pb.Probed,
    "change": pb.ServiceChange,
    "recommendation": pb.Recommendation,
    "occurrence": pb.Occurrence,
    "match": pb.PlaybookMatch,
    "found": pb.FoundSymptom,
    "detection": pb.DetectionOutcome,
    "check": pb.DetectionCheck,
}


def column(page: str) -> list[str]:
    """Give the first cells of the tables of a page."""
    return re.findall(r"^\| `?(\w+)`? \|", page, re.MULTILINE)


@pytest.mark.parametrize("name", MESSAGES)
def test_an_object_has_the_fields_of_its_message(name: str) -> None:
    assert promised()[name] == {field.name for field in MESSAGES[name].DESCRIPTOR.fields}


def test_an_outcome_has_the_fields_of_its_message_and_those_of_the_client() -> None:
    assert promised()["outcome"] == {field.name for field in pb.End.DESCRIPTOR.fields} | {"ticket", "events", "error"}


def test_every_object_on_the_page_is_compared() -> None:
    assert set(promised()) == {*MESSAGES, "outcome", "error", "event"}


def test_every_state_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.partition("## States")[2])) - {"state"}
    assert named == set(lifecycle.STATUSES) - {lifecycle.NEW}


def test_the_page_for_agents_tells_every_field_of_a_next_command() -> None:
    assert {field.name for field in fields(Next)} <= set(column(AGENTS))


def test_the_page_for_agents_tells_every_exit_code() -> None:
    assert {int(code) for code in column(AGENTS) if code.isdigit()} == set(ExitCode) - {ExitCode.BROKEN_PIPE}
