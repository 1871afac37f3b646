"""A reader who was not there tells from the exported file alone what befell three releases: twelve questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.exported_reader import Reader
from support.incident import AFTER, BAD, BEFORE, SCRIPT, befallen
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.past_of_a_stack import PastOfAStack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.timeout(600)  # the first one waits for the incident


@pytest.fixture(scope="module", name="incident")
def _incident(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[PastOfAStack]:
    home = tmp_path_factory.mktemp("incident") / "stack"
    with served(home, first_images, ("front",), verify={"budget": "2s"}) as (stack, _):
        yield befallen(stack)


@pytest.fixture(scope="module", name="reader")
def _reader(incident: PastOfAStack, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    file = tmp_path_factory.mktemp("incident-export") / "prod.released"
    incident.client("export", str(file))
    return Reader(file, tmp_path_factory.mktemp("home"))


def question_1(reader: Reader, incident: PastOfAStack) -> None:
    """What was released, which commits, and how does each ticket stand?"""
    listed = reader.document("list")["releases"]
    assert [(one["ticket"], one["run"], one["state"]) for one in listed] == [
        (AFTER, 1, "released"),
        (BAD, 2, "released"),
        (BEFORE, 1, "released"),
    ]
    assert listed[2]["merge_sha"] == incident.merges[BEFORE]


def question_2(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Which runs were there, and how did each end?"""
    runs = reader.document("history")["runs"]
    assert [(one["ticket"], one["run"], one["state"]) for one in runs] == [
        (AFTER, 1, "released"),
        (BAD, 2, "released"),
        (BAD, 1, "reverted"),
        (BEFORE, 1, "released"),
    ]


def question_3(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """What failed first, in which phase and with which code?"""
    first = reader.document("history", "--ticket", BAD)["runs"][1]
    assert [(halt["phase"], halt["step"], halt["cause"]) for halt in first["halts"]] == [
        ("verify", "front.verify", "failed")
    ]


def question_4(reader: Reader, incident: PastOfAStack) -> None:
    """What was seen of the service at that moment?"""
    then = reader.document("status", BAD, "--at", incident.at("verify failed"))
    assert then["summary"]["state"] == "halted"
    assert "front" in then["failure"]["message"]


def question_5(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """What had the script printed before?"""
    assert "imported 7 users" in reader.ask("replay", BAD, "--run", "1", "-v").stdout


def question_6(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Who let it go on, and why?"""
    (resumed,) = [one for one in reader.document("events", BAD)["events"] if one["type"] == "resumed"]
    assert resumed["actor"] == "root"
    assert resumed["data"]["reason"] == "front was stopped by the import; started by hand"


def question_7(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Why was it taken back, and what was on record of it until then?"""
    report = reader.ask("report", BAD, "--markdown").stdout
    assert "the import must not stop front" in report
    reverted = next(one for one in reader.document("events", BAD)["events"] if one["type"] == "revert_requested")
    assert reverted["data"]["options"]["reason"] == "users are there twice"


def question_8(reader: Reader, incident: PastOfAStack) -> None:
    """What ran at each moment?"""
    for moment, containers in incident.containers.items():
        placed = reader.document("services", "--at", incident.at(moment))["services"]
        then = {one["name"]: one["id"] for service in placed for one in service["containers"]}
        assert then.items() <= containers.items(), moment


def question_9(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Who decided that it may be released once more, against the usual way, and why?"""
    (override,) = reader.document("status", BAD)["overrides"]
    assert (override["by"], override["reason"]) == ("root", "the import looks for twins now")


def question_10(reader: Reader, incident: PastOfAStack) -> None:
    """What put the container there that runs now, and the one that ran after the second run?"""
    (now,) = reader.document("blame", "front")["containers"]
    (then,) = reader.document("blame", "front", "--at", incident.at("second run"))["containers"]
    assert (now["ticket"], then["ticket"], then["run"]) == (AFTER, BAD, 2)


def question_11(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Why was front touched, and in what did the bad release differ from the one before?"""
    causes = [one["text"] for one in reader.document("why", BAD, "front")["links"]]
    assert "packages/front/manifest.yaml changed: packages/front/ affects front" in causes
    assert SCRIPT in {one["subject"] for one in reader.document("diff", BEFORE, BAD)["differences"]}


def question_12(reader: Reader, incident: PastOfAStack) -> None:  # noqa: ARG001 (as the others)
    """Is the record whole?"""
    assert reader.document("verify-log")["findings"] == []


QUESTIONS = [
    *(question_1, question_2, question_3, question_4, question_5, question_6),
    *(question_7, question_8, question_9, question_10, question_11, question_12),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__doc__)
def test_somebody_who_was_not_there_can_tell(
    reader: Reader, incident: PastOfAStack, question: Callable[[Reader, PastOfAStack], None]
) -> None:
    question(reader, incident)
