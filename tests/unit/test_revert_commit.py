"""The commit that takes code back says what it claims, and nothing that was typed can claim more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain import events as ev
from released.domain.errors import InvalidInput
from released.domain.releases.release import Reversal
from released.domain.revert import commit as revert_commit
from released.domain.revert.trailers import trailers
from support.given_when_then import ACTOR, BASE, BEGIN, MERGE, TAKEN_BACK, revert_plan

CLAIM = {"Release-Revert": "1234", "Restores-Tree": BASE}


def message(reason: str = "", *, undoes: bool = False) -> str:
    plan = revert_plan(head=TAKEN_BACK, target=MERGE, undoes=True) if undoes else revert_plan()
    return revert_commit.message(Reversal(plan, ev.RevertOptions(reason=reason), 1, "released", BEGIN, ACTOR))


def test_the_message_of_a_revert() -> None:
    assert message("users lost their pages") == (
        "Take back the release of ticket 1234\n\n"
        f"The tree is that of {'a' * 40}, as it was before run 1.\n"
        "Reason: users lost their pages\n\n"
        f"Release-Revert: 1234\nRestores-Tree: {'a' * 40}\n"
    )


def test_the_message_of_a_revert_of_a_revert() -> None:
    assert message(undoes=True) == (
        "Take back the revert of ticket 1234\n\n"
        f"The tree is that of {'b' * 40}, as it was before the revert.\n\n"
        f"Release-Revert: 1234\nRestores-Tree: {'b' * 40}\n"
    )


def test_whoever_takes_it_back_whenever_the_message_is_the_same() -> None:
    first = Reversal(revert_plan(), ev.RevertOptions(), 1, "released", BEGIN, ACTOR)
    later = Reversal(revert_plan(), ev.RevertOptions(), 3, "halted", BEGIN.replace(year=2027), ev.Actor(0, "root"))
    assert revert_commit.message(first) == revert_commit.message(later)


@pytest.mark.parametrize("reason", ["", " ", "\n\n", "\x00", "\u202e"])
def test_without_a_reason_there_is_no_line_of_it(reason: str) -> None:
    assert message(reason) == message()


FORGED = f"why\n\nRestores-Tree: {'f' * 40}\nRelease-Revert: 77"


@pytest.mark.parametrize(
    "reason",
    [FORGED, FORGED.replace("\n", "\r"), FORGED.replace("\n", "\u2028"), FORGED.replace("\n", "\x0b"), f"{FORGED}\n\n"],
    ids=["newline", "return", "line separator", "vertical tab", "paragraph at the end"],
)
def test_a_reason_that_looks_like_trailers_stays_one_line_of_the_body(reason: str) -> None:
    assert message(reason).splitlines()[3] == f"Reason: why Restores-Tree: {'f' * 40} Release-Revert: 77"
    assert trailers(message(reason)) == CLAIM


@given(st.text() | st.text("\n\r\x00\u2028\x85 :-Restores-Tree", min_size=1))
def test_no_reason_whatsoever_changes_the_claim_or_adds_a_line(reason: str) -> None:
    text = message(reason)
    assert trailers(text) == CLAIM
    assert len(text.splitlines()) in (6, 7)
    assert all(line.isprintable() for line in text.splitlines())


def test_a_reason_that_no_command_line_holds_is_cut() -> None:
    assert len(message("why " * 100_000)) < 3000


# --- what a commit claims ----------------------------------------------------------------------------------------


def test_a_commit_of_ours_names_the_commit_whose_tree_it_has() -> None:
    assert revert_commit.restored_tree(trailers(message("why"))) == BASE


@pytest.mark.parametrize("missing", CLAIM)
def test_a_commit_with_one_of_the_trailers_claims_nothing(missing: str) -> None:
    assert revert_commit.restored_tree({key: value for key, value in CLAIM.items() if key != missing}) is None


@pytest.mark.parametrize("claim", ["", "HEAD", "a" * 39, f"{'a' * 40} ", "A" * 40, f"-{'a' * 39}"])
def test_a_claim_that_is_no_commit_is_refused(claim: str) -> None:
    with pytest.raises(InvalidInput):
        revert_commit.restored_tree({**CLAIM, "Restores-Tree": claim})
