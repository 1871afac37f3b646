"""The dossier of a release: its facts, and that nothing others wrote becomes markup in it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasectl.views.report import render
from releasectl.views.report.dossier import dossier
from releasectl.views.report.sources import Output, Sources
from releasectl.views.report.timeline import WIDTH, Span, bars, spans
from releasepb.v1 import history_pb2
from releasepb.v1 import releases_pb2 as pb
from support.wire_events import BEGAN, Stream

HOSTILE = "</pre><script src=https://evil.example/x></script><img src=x onerror=alert(1)>\n~~~\n# heading `x` [a](b)"


def sources(said: str = "could not connect") -> Sources:
    """Give a release that halted once, waited for two hours, and went on; ``said`` is what others wrote."""
    failure: dict[str, Any] = {"code": "unhealthy", "message": f"web: {said}", "evidence": said, "rc": None, "next": []}
    seen = {"name": f"prod-{said}", "state": "running", "health": "unhealthy", "exit_code": 0}
    stream = (
        Stream().requested().phase(1, "prepare", "fetch").step(2, "fetch", 3).phase(6, "migrate", "web.recreate", said)
    )
    stream.add(7, "step_started", step="web.recreate", attempt=1)
    stream.add(67, "step_failed", step="web.recreate", attempt=1, failure=failure)
    stream.add(
        67,
        "halted",
        phase="migrate",
        step="web.recreate",
        cause="failed",
        failure=failure,
        surroundings={"containers": [seen]},
    )
    stream.add(7267, "resumed", phase="migrate", reason=said, playbook="wrong-credentials")
    stream.add(7268, "step_started", step="web.recreate", attempt=2)
    stream.add(7280, "step_succeeded", step="web.recreate", attempt=2, result={}).add(7281, "released", said, run=1)
    release = pb.Release(environment="prod", overrides=[pb.Override(detail=said, by="anna")])
    release.summary.MergeFrom(
        pb.ReleaseSummary(ticket="1234", run=1, state="released", services=["web", said], merge_sha="b" * 40)
    )
    release.notes.add(text=said, by=said)
    slow = history_pb2.SlowStep(step="fetch", took_s=3, median_s=1, p95_s=2, compared=30)
    run = history_pb2.PastRun(ticket="1234", run=1, slow_steps=[slow])
    return Sources(
        release, stream.events, run, {("web.recreate", 1): Output(said, is_cut=True)}, None, "2026-05-19T00:00:00Z"
    )


# --- facts -------------------------------------------------------------------------------------------------------


def test_each_planned_step_stands_beside_what_came_of_it() -> None:
    steps = dossier(sources()).steps
    assert [(one.name, one.phase, one.status, one.attempts, one.took) for one in steps] == [
        ("fetch", "prepare", "done", 1, "3.0s"),
        ("web.recreate", "migrate", "done", 2, "12s"),
        ("could not connect", "migrate", "not begun", 0, ""),
    ]
    assert steps[0].remark == "slow: usually 1.0s, 95 of 100 within 2.0s"


def test_a_halt_is_told_with_its_evidence_and_how_it_went_on() -> None:
    (failure,) = dossier(sources()).failures
    assert (failure.code, failure.step, failure.evidence, failure.waited) == (
        "unhealthy",
        "web.recreate",
        "could not connect",
        "2h00m",
    )
    assert failure.containers == ["prod-could not connect: running, unhealthy, exit code 0"]
    assert failure.next == "anna had it go on, 2026-05-18T17:31:19Z: could not connect"
    assert failure.playbook == "wrong-credentials"


def test_decisions_and_halts_are_in_order() -> None:
    told = dossier(sources())
    assert [(one.version, one.text) for one in told.moments] == [
        (1, "anna had it run"),
        (8, "halted: unhealthy"),
        (9, "anna had it go on: could not connect"),
    ]


# --- the time line -----------------------------------------------------------------------------------------------

moments = st.lists(st.integers(0, 10**6), min_size=2, max_size=20).map(sorted)


@given(moments, st.sampled_from(["waiting", "done"]))
def test_spans_that_follow_each_other_are_drawn_one_after_the_other(edges: list[int], other: str) -> None:
    at = [BEGAN + dt.timedelta(seconds=edge) for edge in edges]
    found = [
        Span("any", "migrate", other if number % 2 else "done", begin, end)
        for number, (begin, end) in enumerate(pairwise(at))
    ]
    drawn = bars(found, at[0], at[-1])
    assert all(0 <= bar.left <= WIDTH and 0 < bar.width <= WIDTH for bar in drawn)
    assert [bar.left for bar in drawn] == sorted(bar.left for bar in drawn)


def test_the_time_between_a_release_and_its_way_back_is_a_wait() -> None:
    stream = Stream().requested().phase(1, "verify", "web.verify").step(2, "web.verify", 3).add(6, "released", run=1)
    stream.turned_back(86406, "revert.code").step(86407, "revert.code", 2).add(86410, "reverted", run=1)
    assert [(span.name, span.status, span.took) for span in spans(stream.events)] == [
        ("web.verify", "done", "3.0s"),
        ("over for then", "waiting", "24h00m"),
        ("revert.code", "done", "2.0s"),
    ]


def test_a_wait_of_days_leaves_the_work_its_room() -> None:
    begin, days = BEGAN, dt.timedelta(days=3)
    minute = dt.timedelta(minutes=1)
    found = [
        Span("a", "migrate", "failed", begin, begin + minute),
        Span("waits", "migrate", "waiting", begin + minute, begin + minute + days),
        Span("a", "migrate", "done", begin + minute + days, begin + 2 * minute + days),
    ]
    assert [round(bar.width) for bar in bars(found, begin, begin + 2 * minute + days)] == [470, 60, 470]


# --- what others wrote -------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes.extend(attrs)


def test_a_page_has_the_tags_that_it_would_have_anyway() -> None:
    hostile, harmless = (Tags(render.page(dossier(sources(said)))) for said in (HOSTILE, "harmless"))
    assert hostile.tags == harmless.tags
    assert {name for name, _ in hostile.attributes} == {name for name, _ in harmless.attributes}


def test_a_page_may_load_and_run_nothing_but_the_style_that_it_holds() -> None:
    page = render.page(dossier(sources()))
    (style,) = re.findall(r"<style>(.*)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert not {name for name, _ in Tags(page).attributes} & {"src", "href", "style", "onclick", "onload"}


@pytest.mark.parametrize("said", [HOSTILE, "~~~~~~\nout", "```\nout"])
def test_a_draft_keeps_what_was_said_between_its_fences(said: str) -> None:
    lines = render.draft(dossier(sources(said))).splitlines()
    outside, fence = [], ""
    for line in lines:
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("~~~"):
            fence = line
        else:
            outside.append(line)
    assert not fence
    assert not [line for line in outside if re.search(r"(?<!\\)[<`]s", line) or line.startswith("~~~") or line == "out"]
    assert [line for line in outside if line.startswith("# ")] == ["# Post-mortem of ticket 1234: released"]
