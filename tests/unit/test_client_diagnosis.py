"""A diagnosis as people read it."""

from __future__ import annotations

import pytest

from releasectl.settings import Settings
from releasectl.views.addressed import addressed_document
from releasectl.views.diagnosis import print_diagnosis
from releasectl.views.diagnosis_summary import short_form
from releasepb.v1 import releases_pb2 as pb

RESUME = pb.NextCommand(argv=["releasectl", "resume", "1234"], effect="goes on", danger="changes")
REVERT = pb.NextCommand(
    argv=["releasectl", "revert", "1234"], effect="goes back", danger="changes", condition="need be"
)
TOLD = pb.Diagnosis(
    ticket="1234",
    run=1,
    kind="halted",
    phase="migrate",
    step="web.healthy",
    cause=pb.Cause(code="unhealthy", sentence="web is not healthy."),
    recommendation=pb.Recommendation(choice="resume", why="It was slow."),
    certainty=pb.Certainty(certain=["over: prepare done"], doubtful=["whether it rains"]),
    clues=[
        pb.Clue(kind="path", subject="README.md", untrusted_detail="alice"),
        pb.Clue(kind="path", subject="notes.txt"),
        pb.Clue(kind="port", subject="127.0.0.1:80->80/tcp"),
    ],
    evidence=pb.FailureEvidence(
        message="✗ web.healthy: unhealthy",
        untrusted_output="\x1b[31mno route to db\n",
        surroundings=pb.Surroundings(
            containers=[pb.ContainerSeen(name="web", state="exited", exit_code=7, image="wiki:2")],
            probes=[pb.Probed(service="web", url="http://127.0.0.1/", code=503, untrusted_said="Unwell")],
            head="a" * 40,
            branch="main",
            free_bytes={"/ops": 3 << 30},
            engine="20.10",
        ),
    ),
    changes=[pb.ServiceChange(service="web", image_before="wiki:1", image_now="wiki:2", paths=["a", "b", "c", "d"])],
    before=[pb.Occurrence(ticket="77", run=1, solved="resumed in migrate: patience")],
    playbooks=[pb.PlaybookMatch(playbook=pb.Playbook(id="slow", origin="built-in/x.yaml:2"), score=0.5)],
    by_hand=["Wait."],
    next=[RESUME, REVERT],
)


@pytest.fixture(name="screen")
def _screen(capsys: pytest.CaptureFixture[str]) -> str:
    print_diagnosis(TOLD, Settings(no_color=True))
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "line",
    [
        "ticket 1234 ✗ halted in migrate at web.healthy",
        "cause web is not healthy. [unhealthy]",
        "resume It was slow.",
        "said ✗ web.healthy: unhealthy",
        "certain over: prepare done",
        "in doubt whether it rains",
        "clue: path README.md (alice), notes.txt",
        "changed web wiki:1 → wiki:2",
        "(no good release of it on record) a, b, c and 1 more",
        "container web exited (exit code 7) wiki:2",
        "probe http://127.0.0.1/: HTTP 503 Unwell",
        "checkout main aaaaaaaaaa, clean",
        "host engine 20.10; free: 3.0 GiB at /ops",
        "ticket 77, run 1: resumed in migrate: patience",
        "playbook slow (0.50, built-in/x.yaml:2)",
        "│ no route to db",
        "first: Wait. next: releasectl resume 1234 # goes on releasectl revert 1234 # if need be: goes back",
    ],
)
def test_the_screen_tells(screen: str, line: str) -> None:
    assert line in screen


def test_a_clue_that_stands_beside_the_container_is_not_told_twice(screen: str) -> None:
    assert "clue: port" not in screen


def test_no_control_sequence_reaches_the_terminal(screen: str) -> None:
    assert "\x1b" not in screen


def test_the_short_form_is_cause_recommendation_playbook_and_what_is_done_by_hand() -> None:
    assert short_form(TOLD).splitlines() == [
        "cause: web is not healthy.  [unhealthy]",
        "resume: It was slow.",
        "playbook: slow (0.50, built-in/x.yaml:2)",
        "first: Wait.",
    ]


def test_the_document_has_the_condition_of_each_command() -> None:
    document = addressed_document(TOLD, Settings())
    assert [command["condition"] for command in document["next"]] == ["", "need be"]
    assert document["evidence"]["surroundings"]["free_bytes"] == {"/ops": 3 << 30}


def test_what_only_a_person_can_do_is_broken_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("releasectl.views.diagnosis.width", lambda _: 30)
    told = pb.Diagnosis(
        kind="halted", by_hand=["Look at what somebody left there. By hand it is:\n  cd /a/long/way && x"]
    )
    print_diagnosis(told, Settings(no_color=True))
    assert (
        "first: Look at what somebody\nleft there. By hand it is:\n  cd /a/long/way && x\n" in capsys.readouterr().out
    )


def test_of_a_release_that_is_over_it_is_said_that_the_evidence_is_of_back_then(
    screen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    over = pb.Diagnosis()
    over.CopyFrom(TOLD)
    over.kind = "reverted"
    print_diagnosis(over, Settings(no_color=True))
    assert "when it failed, this is how it stood: container" in " ".join(capsys.readouterr().out.split())
    assert "this is how it stood" not in screen
