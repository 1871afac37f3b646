"""The tree of a release, drawn from events."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from releasectl.progress import Progress
from releasectl.tree import Tree
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
