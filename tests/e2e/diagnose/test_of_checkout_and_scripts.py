"""Failures of the checkout and of scripts: whoever types only what diagnose prints comes to the end of each."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.diagnosed import Document, Operator, shortcomings
from support.what_goes_wrong import CHECKOUT, Row, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.site import Site

WORK = "releases/1234-work.sh"
UNSET = 'set -eu\n. ./.env\necho "$SEARCH_URL"'
ENDLESS = "# released: timeout=1s\nuntil test -e .asd/mended; do sleep 0.1; done"
LATE = "test -e .asd/mended || { echo 'the moon stands wrong' >&2; exit 3; }"
CAUSES = {
    "dirty": "working_tree_dirty",
    "pulled": "pulled_by_hand",
    "unmerged": "nothing_to_release",
    "script": "script_failed",
    "variable": "variable_unset",
    "network": "network_unreachable",
    "detached": "detached_head",
    "endless": "script_timeout",
}


def _merge(lines: str) -> Callable[[Site], None]:
    def merge(site: Site) -> None:
        site.merge("1234", {WORK: f"#!/bin/bash\n{lines}\n"})
        _dotenv(site, "")

    return merge


def _git(*arguments: str) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        site.git(*arguments)

    return run


def _nothing(_: Site) -> None:
    """Leave it as it is."""


def _dotenv(site: Site, text: str) -> None:
    (site.ops.checkout / ".env").write_text(text, encoding="utf-8")


def _dirty(site: Site) -> None:
    _merge("echo hello")(site)
    (site.ops.checkout / "README.md").write_text("work of a colleague\n", encoding="utf-8")


def _pulled(site: Site) -> None:
    _merge("echo hello")(site)
    site.git("pull", "--quiet", "--ff-only")


def _detached(site: Site) -> None:
    _merge("echo hello")(site)
    site.git("checkout", "--quiet", "--detach")


def _breaks(port: int) -> dict[str, Callable[[Site], None]]:
    return {
        "dirty": _dirty,
        "pulled": _pulled,
        "unmerged": _nothing,
        "script": _merge(LATE),
        "variable": _merge(UNSET),
        "network": _merge(f"exec 3<>/dev/tcp/127.0.0.1/{port}"),
        "detached": _detached,
        "endless": _merge(ENDLESS),
    }


def _mends(target: socket.socket) -> dict[str, Callable[[Site], None]]:
    return {
        "dirty": _git("checkout", "--", "README.md"),
        "unmerged": _merge("echo hello"),
        "script": lambda site: (site.ops.checkout / ".asd" / "mended").touch(),
        "variable": lambda site: _dotenv(site, "SEARCH_URL=http://search\n"),
        "network": lambda _: target.listen(),
        "detached": _git("checkout", "--quiet", "main"),
        "endless": lambda site: (site.ops.checkout / ".asd" / "mended").touch(),
    }


@pytest.fixture(scope="module", name="target")
def _target() -> Iterator[socket.socket]:
    """Give a port at which nobody listens, and nobody else can."""
    with closing(socket.socket()) as target:
        target.bind(("127.0.0.1", 0))
        yield target


@pytest.fixture(scope="module", name="operators")
def _operators(tmp_path_factory: pytest.TempPathFactory, target: socket.socket) -> Iterator[dict[str, Operator]]:
    sites = BareSites.create(tmp_path_factory.mktemp("diagnose"), {name: {} for name in CAUSES})
    daemon = sites.daemon()
    try:
        daemon.start()
        at = {name: sites.site(name) for name in CAUSES}
        told = {name: _told(site, name, target) for name, site in at.items()}
        yield {**told, "again": _fails_again(at["script"])}
        daemon.end()
    finally:
        sites.cleanup()


def _told(site: Site, name: str, target: socket.socket) -> Operator:
    _breaks(target.getsockname()[1])[name](site)
    operator = Operator(site.client, "1234")
    operator.ended["run"] = site.client("run", "1234")
    operator.asks(name)
    _mends(target).get(name, _nothing)(site)
    operator.follows(name)
    return operator


def _fails_again(site: Site) -> Operator:
    """Let another ticket fail in the same way."""
    (site.ops.checkout / ".asd" / "mended").unlink()
    site.merge("1235", {"releases/1235-work.sh": f"#!/bin/bash\n{LATE}\n"})
    operator = Operator(site.client, "1235")
    site.client("run", "1235")
    operator.asks("again")
    return operator


def _clues(told: Document, kind: str) -> list[str]:
    return [clue["subject"] for clue in told["clues"] if clue["kind"] == kind]


# --- every failure -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_of_a_failure_is_named(operators: dict[str, Operator], name: str) -> None:
    assert operators[name].told[name]["cause"]["code"] == CAUSES[name]


@pytest.mark.parametrize("name", CAUSES)
def test_whoever_types_what_diagnose_prints_releases_the_ticket(operators: dict[str, Operator], name: str) -> None:
    ended = operators[name].ended[name]
    assert ended.returncode == 0, ended.stderr
    assert "Ticket 1234 is released" in ended.stdout


@pytest.mark.parametrize("name", ["script", "variable", "network"])
def test_a_run_that_fails_ends_with_cause_and_recommendation(operators: dict[str, Operator], name: str) -> None:
    told, said = operators[name].told[name], operators[name].ended["run"].stderr
    assert f"cause: {told['cause']['sentence']}  [{CAUSES[name]}]\nresume: {told['recommendation']['why']}\n" in said


@pytest.mark.parametrize("row", rows_of(CHECKOUT), ids=str)
def test_one_command_leads_from_a_failure_to_the_right_next_one(operators: dict[str, Operator], row: Row) -> None:
    assert shortcomings(row, operators[row.name]) == []


# --- what is told of each ----------------------------------------------------------------------------------------


def test_of_a_dirty_checkout_the_files_are_named_and_whose_they_are(operators: dict[str, Operator]) -> None:
    told = operators["dirty"].told["dirty"]
    assert _clues(told, "path") == ["README.md"]
    assert told["clues"][0]["untrusted_detail"].startswith("root, 20")


def test_a_refusal_is_said_to_have_changed_nothing(operators: dict[str, Operator]) -> None:
    told = operators["dirty"].told["dirty"]
    assert told["kind"] == "refused"
    assert told["certainty"]["certain"] == ["the command was refused: it changed nothing, and no run was opened"]


def test_of_a_pull_by_hand_both_ways_on_are_given(operators: dict[str, Operator]) -> None:
    told = operators["pulled"].told["pulled"]
    (before,) = _clues(told, "commit")
    back, run, based, *_ = told["next"]
    assert back["argv"][3:] == ["reset", "--hard", before]
    assert run["argv"][:3] == ["releasectl", "run", "1234"]
    assert based["argv"][3:5] == ["--base", before]


def test_of_an_unset_variable_its_name_and_the_line_are_given(operators: dict[str, Operator]) -> None:
    told = operators["variable"].told["variable"]
    assert _clues(told, "variable") == ["SEARCH_URL"]
    assert _clues(told, "line") == ["1234-work.sh: line 4"]


def test_of_a_network_failure_host_and_port_are_given(operators: dict[str, Operator], target: socket.socket) -> None:
    assert _clues(operators["network"].told["network"], "endpoint") == [f"127.0.0.1:{target.getsockname()[1]}"]


def test_of_a_script_that_failed_it_is_told_how_to_reproduce_that_by_hand(operators: dict[str, Operator]) -> None:
    (by_hand,) = operators["script"].told["script"]["by_hand"]
    assert "checkout && TICKET=1234 BASE_SHA=" in by_hand
    assert by_hand.endswith(" releases/1234-work.sh --yes")


def test_what_a_script_printed_is_evidence(operators: dict[str, Operator]) -> None:
    assert operators["script"].told["script"]["evidence"]["untrusted_output"] == "the moon stands wrong\n"


def test_where_the_checkout_stood_and_what_disk_was_free_is_evidence(operators: dict[str, Operator]) -> None:
    seen = operators["script"].told["script"]["evidence"]["surroundings"]
    assert (seen["branch"], seen["changed_paths"], len(seen["free_bytes"])) == ("main", [], 2)


@pytest.mark.parametrize(("name", "phase", "way"), [("detached", "prepare", "run"), ("endless", "ticket", "resume")])
def test_a_failure_that_no_playbook_knows_claims_no_match_and_has_safe_choices(
    operators: dict[str, Operator], name: str, phase: str, way: str
) -> None:
    told = operators[name].told[name]
    typed = [command["argv"][1] for command in told["next"] if not command["condition"]]
    assert (told["phase"], told["playbooks"], typed[-1]) == (phase, [], way)
    assert told["evidence"]["message"]


def test_a_release_that_is_over_waits_for_nothing_and_tells_what_went_wrong_on_the_way(
    operators: dict[str, Operator],
) -> None:
    told = operators["variable"].asks("end")
    assert (told["kind"], told["recommendation"]["choice"], told["playbooks"]) == ("released", "nothing", [])
    assert "On the way: releases/1234-work.sh uses SEARCH_URL, which is not set." in told["cause"]["sentence"]


def test_the_screen_tells_cause_recommendation_and_commands(operators: dict[str, Operator]) -> None:
    operators["pulled"].looks("end")
    screen = operators["pulled"].screens["end"]
    assert screen.startswith("ticket 1234  ✓ released")
    assert "[released]" in screen
    assert "\nnext:\n  releasectl status 1234 --env pulled" in screen


def test_the_same_failure_of_an_earlier_ticket_is_named_with_how_it_was_solved(
    operators: dict[str, Operator],
) -> None:
    (before,) = operators["again"].told["again"]["before"]
    assert before["ticket"] == "1234"
    assert before["solved"].startswith("resumed in ticket: it is so; released ")
