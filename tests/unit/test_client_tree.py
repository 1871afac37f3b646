"""The tree of a release, drawn from events."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from releasectl.views.progress import Progress
from releasectl.views.tree import Tree
from support.wire_events import BEGAN, Stream


def folded(stream: Stream) -> Progress:
    progress = Progress("1234")
    for event in stream.events:
        progress.apply(event)
    return progress


def drawn(stream: Stream, at_s: float, columns: int = 80, rows: int = 40, **more: object) -> str:
    tree = Tree(folded(stream), BEGAN + dt.timedelta(seconds=at_s), **more)  # type: ignore[arg-type]
    console = Console(record=True, width=columns, file=io.StringIO())
    for line in tree.lines(columns, rows):
        console.print(line)
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def in_migrate() -> Stream:
    stream = Stream().requested().phase(1, "prepare", "wikijs.backup").step(1, "wikijs.backup", 3)
    stream.add(5, "phase_completed", phase="prepare")
    stream.phase(5, "migrate", "wikijs.pull", "wikijs.recreate", "wikijs.healthy").step(5, "wikijs.pull", 12)
    return stream.add(17, "step_started", step="wikijs.recreate", attempt=1, boot_id="boot")


def halted() -> Stream:
    failure = {"code": "unhealthy", "message": "✗ wikijs.healthy: unhealthy\nmore"}
    stream = in_migrate().add(18, "step_failed", step="wikijs.recreate", attempt=1, failure=failure)
    return stream.add(18, "halted", phase="migrate", cause="in_doubt", step="wikijs.recreate", failure=failure)


def test_a_running_release_shows_where_it_is_and_how_long_it_took() -> None:
    text = drawn(in_migrate(), 20.6, estimates_s={"migrate": 90.0, "verify": 8.0}, tail=["Creating…", "Starting…"])
    assert text.splitlines() == [
        "ticket 1234                           migrate          21s",
        "run 1 in prod   aaaaaaaaaa → bbbbbbbbbb   redmine, wikijs",
        "",
        "✓ prepare                             done            4.0s  1 step",
        "▸ migrate                             running          16s  of about 1m30s",
        "  ✓ wikijs.pull                       done             12s",
        "  ▸ wikijs.recreate                   running         3.6s",
        "    │ Creating…",
        "    │ Starting…",
        "  · wikijs.healthy",
        "· ticket                              pending",
        "· verify                              pending               about 8.0s",
    ]


def test_a_halted_release_names_the_cause_and_the_failed_step() -> None:
    lines = drawn(halted(), 500).splitlines()
    assert lines[0].split() == ["ticket", "1234", "halted", "18s"]
    assert lines[4].split() == ["✗", "migrate", "halted", "13s", "in", "doubt"]
    assert [line.split() for line in lines[6:8]] == [
        ["✗", "wikijs.recreate", "failed", "1.0s"],
        ["✗", "wikijs.healthy:", "unhealthy"],
    ]


def test_what_is_done_anew_after_a_resume_waits_again() -> None:
    stream = halted().add(60, "resumed", phase="migrate", anew=True, reason="", request_id="r", plan=None)
    assert [step.status for step in folded(stream).phases["migrate"].steps.values()] == ["pending"] * 3


def test_a_resume_without_anew_keeps_what_is_done() -> None:
    stream = halted().add(60, "resumed", phase="migrate", anew=False, reason="", request_id="r", plan=None)
    statuses = [step.status for step in folded(stream).phases["migrate"].steps.values()]
    assert statuses == ["done", "pending", "pending"]


def test_a_step_that_was_settled_by_hand_is_done_and_its_phase_no_longer_in_doubt() -> None:
    stream = halted().add(60, "step_resolved", step="wikijs.recreate", done=True, reason="looked")
    lines = drawn(stream.add(70, "resumed", phase="migrate"), 71).splitlines()
    assert "▸ migrate                             running         1.0s" in lines
    assert "      settled by hand" in lines


def test_a_second_run_begins_with_an_empty_tree() -> None:
    progress = folded(halted().requested(run=2))
    assert (progress.run, [phase.status for phase in progress.phases.values()]) == (2, ["pending"] * 4)


def test_a_skipped_phase_says_why() -> None:
    assert "skipped               no script" in drawn(
        in_migrate().add(18, "phase_skipped", phase="ticket", reason="no script"), 20
    )


def test_the_lines_of_checks_stand_below_their_step() -> None:
    stream = (
        Stream().requested().phase(1, "verify", "wikijs.image").step(1, "wikijs.image", 1, "✓ wikijs.image: wiki:2")
    )
    assert "      ✓ wikijs.image: wiki:2" in drawn(stream, 3).splitlines()


def test_a_notice_about_the_connection_stands_last() -> None:
    assert drawn(in_migrate(), 20, notice="The daemon went away.").splitlines()[-1] == "▸ The daemon went away."


def test_an_event_of_an_unknown_type_changes_nothing() -> None:
    assert drawn(in_migrate().add(19, "something_new", a=1), 20) == drawn(in_migrate(), 20)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    steps = [f"a-service-with-a-rather-long-name-{n}.recreate" for n in range(3)]
    stream = Stream().requested().phase(1, "migrate", *steps).add(2, "step_started", step=steps[0], attempt=2)
    tree = Tree(folded(stream), BEGAN, {"migrate": 9.0}, ["漢字" * 200], "notice " * 40)
    assert max(cell_len(line.plain) for line in tree.lines(columns, 40)) <= columns


def test_a_long_plan_fits_into_the_terminal_and_shows_the_running_step() -> None:
    steps = [f"service-{n}.recreate" for n in range(60)]
    stream = Stream().requested().phase(1, "migrate", *steps)
    for number, name in enumerate(steps[:30]):
        stream.step(number, name, 0.5)
    stream.add(31, "step_started", step=steps[30], attempt=1)
    lines = drawn(stream, 33, rows=24, tail=["a", "b", "c"]).splitlines()
    assert len(lines) < 24
    assert any(line.startswith("  ▸ service-30.recreate") for line in lines)
    assert any(line.endswith("more to come") for line in lines)


# --- the way back ------------------------------------------------------------------------------------------------


def released() -> Stream:
    stream = in_migrate().add(20, "step_succeeded", step="wikijs.recreate", attempt=1)
    for phase in ("migrate", "ticket", "verify"):
        stream.add(21, "phase_completed", phase=phase)
    return stream.add(22, "released", run=1)


def in_revert() -> Stream:
    stream = released().turned_back(3600, "revert.wikijs.save", "revert.code", "revert.wikijs.recreate")
    return stream.step(3600, "revert.wikijs.save", 4).add(3604, "step_started", step="revert.code", attempt=1)


def reverted() -> Stream:
    return in_revert().add(3605, "phase_completed", phase="revert").add(3606, "reverted", run=1)


def test_on_the_way_back_the_tree_shows_revert_below_what_was_done() -> None:
    assert drawn(in_revert(), 3605, estimates_s={"revert": 60.0}).splitlines() == [
        "ticket 1234                           reverting       5.0s",
        "run 1 in prod   aaaaaaaaaa → bbbbbbbbbb   redmine, wikijs",
        "",
        "✓ prepare                             done            4.0s  1 step",
        "✓ migrate                             done             16s  3 steps",
        "✓ ticket                              done                  0 steps",
        "✓ verify                              done                  0 steps",
        "▸ revert                              running         5.0s  of about 1m00s",
        "  ✓ revert.wikijs.save                done            4.0s",
        "  ▸ revert.code                       running         1.0s",
        "  · revert.wikijs.recreate",
    ]


def test_a_revert_that_was_only_asked_for_is_under_way_and_waits() -> None:
    progress = folded(released().add(3600, "revert_requested", run=1, plan={}, options={}))
    assert (progress.state, progress.ended_at, progress.phases["revert"].status) == ("reverting", None, "pending")


@pytest.mark.parametrize(
    ("stream", "state"),
    [
        (reverted(), "reverted"),
        (reverted().turned_back(7200).add(7210, "revert_undone", run=1), "released"),
        (in_revert().add(3606, "halted", phase="revert", cause="failed").add(3610, "abandoned"), "abandoned"),
    ],
    ids=["reverted", "undone", "given up"],
)
def test_each_end_of_the_way_back_is_one(stream: Stream, state: str) -> None:
    progress = folded(stream)
    assert (progress.state, progress.ended_at is not None) == (state, True)


def test_the_time_of_a_revert_is_counted_from_its_request() -> None:
    assert folded(reverted()).took_s(BEGAN) == 6.0


def test_a_revert_that_halted_names_the_cause_and_leaves_what_was_done() -> None:
    progress = folded(in_revert().add(3606, "halted", phase="revert", cause="in_doubt"))
    assert (progress.state, progress.phases["revert"].note) == ("halted", "in doubt")
    assert [phase.status for phase in progress.phases.values()] == [*["done"] * 4, "halted"]


def test_a_resumed_revert_goes_on_behind_what_is_done() -> None:
    stream = in_revert().add(3606, "halted", phase="revert", cause="failed")
    progress = folded(stream.add(3700, "resumed", phase="revert", anew=False, reason=""))
    assert (progress.state, progress.current) == ("reverting", progress.phases["revert"])
    assert [step.status for step in progress.phases["revert"].steps.values()] == ["done", "pending", "pending"]


def test_a_revert_of_a_revert_begins_with_an_empty_revert() -> None:
    progress = folded(reverted().turned_back(7200, "revert.code"))
    assert [(step.name, step.status) for step in progress.phases["revert"].steps.values()] == [
        ("revert.code", "pending")
    ]


def test_a_run_after_a_revert_shows_no_revert() -> None:
    assert list(folded(reverted().requested(run=2)).phases) == ["prepare", "migrate", "ticket", "verify"]


def test_a_release_by_hand_is_released_with_nothing_done_by_us() -> None:
    plan = {"base_sha": "c" * 40, "merge_sha": "d" * 40, "services": [{"name": "search"}]}
    stream = reverted().add(9000, "adopted", run=2, request_id="r", plan=plan, reason="by hand")
    assert drawn(stream, 9000).splitlines()[:4] == [
        "ticket 1234                           released        0.0s",
        "run 2 in prod   cccccccccc → dddddddddd   search",
        "",
        "· prepare                             pending",
    ]


def test_a_ticket_that_was_only_ever_done_by_hand_names_no_environment() -> None:
    stream = Stream().add(0, "adopted", run=1, request_id="r", plan={"merge_sha": "d" * 40}, reason="by hand")
    assert drawn(stream, 0).splitlines()[1].split("   ")[0] == "run 1"
