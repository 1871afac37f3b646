"""A release that halts again and again in phase ticket, is mended each time, and goes on to its end."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.stories import TELL_SECRET, Halts, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

HALTS = ("exit", "timeout", "idle", "changed")
LAST = "releases/1234-50-last.sh"
REASON = "the import was too slow; its index is there now"


def _until(mended: str, otherwise: str, header: str = "") -> str:
    return f"#!/bin/sh\n{header}test -e .asd/{mended} && exit 0\n{otherwise}\n"


SCRIPTS = {
    "releases/1234-10-counts.sh": "#!/bin/sh\necho run >>.asd/counted\n",
    "releases/1234-20-exits.sh": _until(
        "exit", f"echo $TICKET >>.asd/exits\n{TELL_SECRET}echo 'no such index: articles' >&2\nexit 3"
    ),
    "releases/1234-30-hangs.sh": _until("timeout", "echo importing\nexec sleep 60", "# released: timeout=1s\n"),
    "releases/1234-40-idles.sh": _until("idle", "echo waiting\nexec sleep 60", "# released: idle=1s timeout=1m\n"),
    LAST: "#!/bin/sh\necho last\n",
}


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Halts]:
    with served(tmp_path_factory.mktemp("ticket") / "stack", first_images, running=()) as (stack, _):
        stack.merge("1234", SCRIPTS)
        yield _told(stack)


def _told(stack: Stack) -> Halts:
    story, git = Halts(stack, "1234"), stack.ops.git
    story.client("exit", "run", "1234")
    story.notes["by hand"] = _typed_in_a_shell(story.said("exit").partition("To reproduce it:\n")[2].splitlines()[0])
    story.notes["occupied by"] = story.occupied_by()
    story.client("status", "status", "1234")
    story.client("status document", "-o", "json", "status", "1234")
    story.client("run again", "run", "1234")
    git("checkout", "--quiet", "--detach", "HEAD~1")
    story.client("moved", "resume", "1234", "--reason", "mended")
    git("checkout", "--quiet", "main")
    _mend(stack, "exit")
    story.client("timeout", "resume", "1234", "--reason", "mended")
    _mend(stack, "timeout")
    story.client("idle", "run", "1234", "--from=ticket", "--reason", REASON)
    _mend(stack, "idle")
    (stack.ops.checkout / LAST).write_text("#!/bin/sh\necho something else\n")
    story.client("changed", "-o", "json", "resume", "1234", "--reason", "mended")
    git("checkout", "--", LAST)
    story.client("end", "resume", "1234", "--reason", "mended")
    return story


def _typed_in_a_shell(line: str) -> str:
    return str(subprocess.run(("/bin/sh", "-c", line), capture_output=True, check=False, timeout=60).returncode)


def _mend(stack: Stack, name: str) -> None:
    (stack.ops.checkout / ".asd" / name).touch()


# --- every halt --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("halt", HALTS)
def test_a_script_that_does_not_succeed_makes_the_client_exit_with_1(story: Halts, halt: str) -> None:
    assert story.code(halt) == 1, story.said(halt)


@pytest.mark.parametrize("halt", HALTS)
def test_the_way_back_is_told_with_the_phase(story: Halts, halt: str) -> None:
    said = story.said(halt)
    assert "release-run failed in phase ticket. To roll back:" in said
    assert "releasectl revert 1234" in said


# --- each of them ------------------------------------------------------------------------------------------------


def test_the_script_and_its_exit_code_are_named(story: Halts) -> None:
    assert "[ERROR] releases/1234-20-exits.sh ended with exit code 3." in story.said("exit")


def test_what_the_script_printed_last_stands_below_with_its_secret_masked(story: Halts) -> None:
    assert "  │ the password is ***\n  │ no such index: articles\n" in story.told["exit"].stderr


def test_the_command_that_is_told_reproduces_it_by_hand_with_the_variables_of_the_release(story: Halts) -> None:
    assert story.notes["by hand"] == "3"
    assert (story.stack.ops.checkout / ".asd/exits").read_text(encoding="utf-8").split()[:2] == ["1234", "1234"]


def test_the_log_of_the_ticket_carries_the_exit_code_of_the_script(story: Halts) -> None:
    assert story.logs["exit"].endswith(" ticket=1234 phase=ticket event=failed rc=3\n")


def test_a_script_that_runs_longer_than_its_header_allows_is_stopped(story: Halts) -> None:
    assert "releases/1234-30-hangs.sh ran longer than its limit (1 s) and was stopped" in story.said("timeout")


def test_a_script_that_is_silent_for_longer_than_its_header_allows_is_stopped(story: Halts) -> None:
    assert "releases/1234-40-idles.sh printed nothing for its limit (1 s) and was stopped" in story.said("idle")


def test_a_script_that_was_changed_on_disk_is_not_run(story: Halts) -> None:
    error = json.loads(story.told["changed"].stdout)["error"]
    assert error["reason"] == "script_changed"
    assert "something else" not in story.stack.client("logs", "1234", "--step", "1234-50-last.sh").stdout


def test_a_halted_release_keeps_the_environment_occupied(story: Halts) -> None:
    assert story.notes["occupied by"] == "1234"


def test_status_of_a_halted_release_shows_phase_cause_failure_and_next_commands(story: Halts) -> None:
    shown = story.told["status"].stdout
    assert story.code("status") == 0
    assert shown.startswith("ticket 1234  ✗ halted in ticket (failed)\n")
    assert "releases/1234-20-exits.sh ended with exit code 3." in shown
    assert "  releasectl resume 1234 " in shown


def test_status_as_a_document_marks_what_the_script_printed_as_untrusted(story: Halts) -> None:
    failure = json.loads(story.told["status document"].stdout)["failure"]
    assert (failure["code"], failure["rc"], failure["phase"]) == ("script_failed", 3, "ticket")
    assert failure["step"] == "1234-20-exits.sh"
    assert failure["untrusted_evidence"] == "the password is ***\nno such index: articles\n"


def test_a_halt_as_a_document_has_the_error_that_programs_read(story: Halts) -> None:
    error = json.loads(story.told["changed"].stdout)["error"]
    assert error.keys() == {"code", "reason", "message", "next"}
    assert error["code"] == 1
    resume = next(command for command in error["next"] if command["argv"][1] == "resume")
    assert (resume["argv"][2], resume["danger"], resume["condition"]) == ("1234", "changes", "")


# --- going on ----------------------------------------------------------------------------------------------------


def test_a_halted_release_is_not_run_again_but_resumed(story: Halts) -> None:
    assert story.code("run again") == 3
    assert "releasectl resume 1234" in story.said("run again")


def test_a_checkout_that_somebody_moved_is_not_resumed(story: Halts) -> None:
    assert story.code("moved") == 3
    assert "somebody moved the checkout" in story.said("moved")


def test_a_refused_resume_leaves_the_log_of_the_ticket_as_it_was(story: Halts) -> None:
    assert story.logs["moved"] == story.logs["exit"]


def test_a_script_that_exited_0_is_not_run_again(story: Halts) -> None:
    assert (story.stack.ops.checkout / ".asd" / "counted").read_text() == "run\n"


def test_each_script_is_tried_as_often_as_it_took(story: Halts) -> None:
    scripts = [step.removeprefix("1234-") for step in started_steps(story.record) if step.startswith("1234-")]
    assert scripts == [
        "10-counts.sh",
        "20-exits.sh",
        "20-exits.sh",
        "30-hangs.sh",
        "30-hangs.sh",
        "40-idles.sh",
        "40-idles.sh",
        "50-last.sh",
        "50-last.sh",
    ]


def test_the_cause_that_the_operator_states_is_on_record(story: Halts) -> None:
    assert [data["reason"] for data in of_type(story.record, "resumed")] == ["mended", REASON, "mended", "mended"]


def test_the_release_ends_well(story: Halts) -> None:
    assert story.code("end") == 0, story.said("end")


def test_the_environment_is_free_at_the_end(story: Halts) -> None:
    assert story.occupied_by() == ""


def test_the_log_of_the_ticket_tells_the_whole_story(story: Halts) -> None:
    told = [line.partition("phase=")[2] for line in story.logs["end"].splitlines()]
    assert [line.partition(" rc=")[0] for line in told] == [
        "prepare event=start",
        "prepare event=done",
        "migrate event=skipped",
        "ticket event=start",
        *["ticket event=failed", "ticket event=resumed"] * 4,
        "ticket event=done",
        "verify event=skipped",
    ]
