"""``releasectl revert`` itself: what may be typed, what is asked, what is printed, and with which code it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.bare_sites import BareSites
    from support.site import Site

GO_ON = "The release of ticket 1234 is taken back. Go on? [y/N]"
WORK = {"releases/1234-work.sh": "echo working\n", "docs/a.md": "a\n"}


def _release(site: Site) -> Site:
    site.merge("1234", WORK)
    told = site.client("run", "1234")
    assert told.returncode == 0, told.stderr
    return site


@pytest.fixture(scope="module", name="untouched")
def _untouched(new_site: Callable[[], Site]) -> Site:
    """Give an environment in which ticket 1234 is released, and stays so."""
    return _release(new_site())


@pytest.fixture(name="released")
def _released(site: Site) -> Site:
    return _release(site)


def _document(told: CompletedProcess[str]) -> Any:  # noqa: ANN401 (a document of any shape)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def _state(site: Site) -> str:
    return str(_document(site.client("-o", "json", "status", "1234"))["summary"]["state"])


# --- what may be typed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--skip-git", "--skip-data"), "nothing_left"),
        (("--skip-data", "--with-data", "web"), "options_contradict"),
        (("--skip-git", "--push"), "options_contradict"),
        (("--with-data", "nobody"), "service_unknown"),
    ],
)
def test_options_that_say_nothing_sensible_are_wrong_usage(
    untouched: Site, options: tuple[str, ...], reason: str
) -> None:
    assert untouched.refuses("revert", "1234", "--yes", *options, code=2).reason == reason


def test_a_service_name_that_cannot_be_one_is_wrong_usage(untouched: Site) -> None:
    untouched.rejects("revert", "1234", "--yes", "--with-data", "../web")


def test_several_tickets_have_no_plan_in_common(untouched: Site) -> None:
    refusal = untouched.rejects("revert", "1235", "1234", "--yes", "--plan", "0" * 16)
    assert "makes sense for one ticket only" in refusal.message


def test_a_ticket_that_was_never_run_is_not_found(untouched: Site) -> None:
    refusal = untouched.refuses("revert", "9999", "--yes", code=4)
    assert refusal.reason == "ticket_unknown"


def test_a_run_that_found_nothing_to_do_is_not_taken_back(site: Site) -> None:
    site.merge("1234", {"docs/a.md": "a\n"})
    assert site.client("run", "1234").returncode == 5
    assert site.refuses("revert", "1234", "--yes").reason == "nothing_to_revert"


def test_rollback_is_the_same_command(released: Site) -> None:
    assert released.client("rollback", "1234", "--yes").returncode == 0
    assert _state(released) == "reverted"


# --- a look beforehand -------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing(untouched: Site) -> None:
    before, log = untouched.snapshot(), untouched.log()
    told = untouched.client("revert", "1234", "--dry-run")
    assert told.returncode == 0, told.stderr
    assert (untouched.snapshot(), untouched.log()) == (before, log)


def test_a_dry_run_names_the_commits_that_are_taken_back(untouched: Site) -> None:
    said = untouched.client("revert", "1234", "--dry-run").stdout
    assert "by one new commit" in said
    assert "Merge ticket-1234: Ticket 1234 (Dana Developer)" in said


def test_a_dry_run_for_programs_is_one_document(untouched: Site) -> None:
    preview = _document(untouched.client("-o", "json", "revert", "1234", "--dry-run"))
    merge = untouched.ops.head()
    assert (preview["head_sha"], preview["target_sha"]) == (merge, untouched.git("rev-parse", "HEAD^1"))
    assert [commit["sha"] for commit in preview["commits"]] == untouched.git("rev-list", "HEAD", "^HEAD^1").split()
    assert preview["steps"] == ["revert.checkout", "revert.code"]


def test_the_plan_that_was_looked_at_is_carried_out(released: Site) -> None:
    looked_at = _document(released.client("-o", "json", "revert", "1234", "--dry-run"))["plan_hash"]
    told = released.client("revert", "1234", "--yes", "--plan", looked_at)
    assert told.returncode == 0, told.stderr


def test_another_plan_than_the_one_that_was_looked_at_is_refused(untouched: Site) -> None:
    assert untouched.refuses("revert", "1234", "--yes", "--plan", "0123456789abcdef").reason == "plan_stale"


def test_a_plan_is_another_one_with_other_options(untouched: Site) -> None:
    looked_at = _document(untouched.client("-o", "json", "revert", "1234", "--dry-run"))["plan_hash"]
    assert untouched.refuses("revert", "1234", "--yes", "--skip-git", "--plan", looked_at).reason == "plan_stale"


# --- the question ------------------------------------------------------------------------------------------------


def test_without_a_terminal_it_needs_a_yes(untouched: Site) -> None:
    before, log = untouched.snapshot(), untouched.log()
    told = untouched.client("revert", "1234")
    assert told.returncode == 2, told.stderr
    assert told.stderr.rstrip().endswith("Without a terminal, agree with --yes.")
    assert (untouched.snapshot(), untouched.log()) == (before, log)


def test_no_changes_nothing_and_ends_with_2(untouched: Site, bare_sites: BareSites) -> None:
    before, log = untouched.snapshot(), untouched.log()
    told = _at_terminal(bare_sites, untouched, "n")
    assert told.returncode == 2, told.stdout
    assert (untouched.snapshot(), untouched.log()) == (before, log)


def test_yes_takes_the_release_back(released: Site, bare_sites: BareSites) -> None:
    told = _at_terminal(bare_sites, released, "y")
    assert told.returncode == 0, told.stdout
    assert _state(released) == "reverted"


def test_a_refusal_is_told_before_anything_is_asked(released: Site, bare_sites: BareSites) -> None:
    (released.ops.checkout / "docs/mine.md").write_text("mine\n")
    told = at_terminal(["--env", released.name, "revert", "1234"], bare_sites.client_environment())
    assert told.returncode == 3, told.stdout


def _at_terminal(sites: BareSites, site: Site, answer: str) -> CompletedProcess[str]:
    arguments = ["--env", site.name, "revert", "1234"]
    return at_terminal(arguments, sites.client_environment(), [(GO_ON, answer)])


# --- what programs read ------------------------------------------------------------------------------------------


def test_the_end_is_one_document_with_the_events_that_led_there(released: Site) -> None:
    told = _document(released.client("-o", "json", "revert", "1234", "--yes"))
    assert (told["ticket"], told["state"], told["exit_code"]) == ("1234", "reverted", 0)
    assert [event["type"] for event in told["events"]][:1] == ["revert_requested"]
    assert [event["type"] for event in told["events"]][-1:] == ["reverted"]


def test_line_by_line_there_is_one_object_per_event(released: Site) -> None:
    told = released.client("-o", "jsonl", "revert", "1234", "--yes")
    assert told.returncode == 0, told.stderr
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert [event["type"] for event in events] == [
        "revert_requested",
        "phase_started",
        *("step_started", "step_succeeded") * 2,
        "phase_completed",
        "reverted",
    ]


@pytest.fixture(scope="module", name="status")
def _status(new_site: Callable[[], Site]) -> Any:  # noqa: ANN401 (a document of any shape)
    """Give where a ticket stands that was taken back without its data."""
    site = _release(new_site())
    base, merge = site.git("rev-parse", "HEAD^1", "HEAD").split()
    told = site.client("revert", "1234", "--yes", "--skip-data", "--reason", "it was bad")
    assert told.returncode == 0, told.stderr
    status = _document(site.client("-o", "json", "status", "1234"))
    return {**status, "known": {"base": base, "merge": merge, "head": site.ops.head()}}


def test_the_status_names_the_commit_that_took_the_code_back(status: Any) -> None:  # noqa: ANN401 (as above)
    told = {name: value for name, value in status["revert"].items() if name not in ("reason", "by", "at")}
    assert told == {
        "commit": status["known"]["head"],
        "target_sha": status["known"]["base"],
        "pushed": False,
        "push_failed": "",
        "data_restored": [],
    }


def test_the_status_names_what_was_decided_against_the_usual_way_and_why(status: Any) -> None:  # noqa: ANN401 (as above)
    shown = [(one["kind"], one["detail"], one["reason"]) for one in status["overrides"]]
    assert shown == [("skip_data", "no data is restored", "it was bad")]


def test_the_status_still_names_what_was_released(status: Any) -> None:  # noqa: ANN401 (as above)
    summary = status["summary"]
    assert (summary["state"], summary["phase"]) == ("reverted", "revert")
    assert (summary["base_sha"], summary["merge_sha"]) == (status["known"]["base"], status["known"]["merge"])


def test_the_log_of_the_ticket_has_the_way_back_as_a_phase(released: Site) -> None:
    released.client("revert", "1234", "--yes")
    *_, start, done = released.derived("1234", "log").splitlines()
    assert start.endswith(" ticket=1234 phase=revert event=start")
    assert done.endswith(" ticket=1234 phase=revert event=done rc=0")
