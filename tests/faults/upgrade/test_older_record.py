"""A database that was restored from a copy: the environment was worked on since, and nothing is done twice."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from support.older_record import FORGETFUL, TICKET, OlderRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

NO_SCRIPT = {"releases/1300-c.sh": "#!/bin/sh\necho fine\n"}


@pytest.fixture(name="story")
def _story(tmp_path: Path) -> Iterator[OlderRecord]:
    """A record that was restored to what it was before the second script; its daemon is stopped."""
    story = OlderRecord(tmp_path / "home")
    with story.environment:
        _restored(story)
        yield story


def _restored(story: OlderRecord) -> None:
    story.begin()
    story.back_up()
    story.finish()
    story.environment.daemon.stop()
    story.restore()


def test_nothing_is_done_on_the_word_of_an_older_copy(story: OlderRecord, evidence: Evidence) -> None:
    """Row 60: the daemon serves, shows what is on record, and refuses to change anything, saying what is missing."""
    environment = story.environment
    environment.daemon.start()

    told = environment.client("-o", "json", "run", "1300")
    error = json.loads(told.stdout)["error"]
    shown = [environment.client(*command).returncode for command in (("status",), ("list",), ("events", TICKET))]
    evidence.fired()

    assert (told.returncode, error["reason"]) == (3, "record_is_older")
    assert "is an older copy: it ends with event" in error["message"]
    assert error["next"][0]["argv"][:3] == ["released", "db", "accept"]
    assert shown == [0, 0, 0]
    assert "is an older copy" in environment.client("status").stdout
    assert story.traces == 1


@pytest.mark.tier1
def test_nothing_is_put_on_top_of_an_older_copy(story: OlderRecord, evidence: Evidence) -> None:
    """Row 60: neither a lease nor a refusal; the newer database goes on where it was, once it is back."""
    environment = story.environment
    environment.daemon.start()
    assert environment.client("note", TICKET, "looked at it").returncode == 3
    environment.daemon.stop()
    with_copy = story.released("db", "backup", "--config", str(environment.config), str(story.copy) + ".now").stdout
    story.bring_back()
    environment.daemon.start()
    evidence.fired()

    before = story.released("db", "backup", "--config", str(environment.config), str(story.copy) + ".new").stdout
    assert with_copy.rpartition(" ")[2] < before.rpartition(" ")[2]
    assert environment.client("note", TICKET, "it is back").returncode == 0


@pytest.mark.tier1
def test_a_release_that_an_accepted_copy_has_under_way_is_halted_in_doubt(
    story: OlderRecord, evidence: Evidence
) -> None:
    """Row 60: who takes the older record is on it, with the reason; the release is not resumed by itself."""
    environment = story.environment
    accepted = story.accept()
    environment.daemon.start()
    evidence.fired()

    status = json.loads(environment.client("-o", "json", "status", TICKET).stdout)
    assert accepted.returncode == 0, accepted.stderr
    assert (status["summary"]["state"], status["failure"]["code"]) == ("halted", "record_is_older")
    assert environment.client("resume", TICKET).returncode in (3, 8)
    assert story.traces == 1


@pytest.mark.tier1
def test_a_release_that_an_accepted_copy_has_halted_is_in_doubt(tmp_path: Path, evidence: Evidence) -> None:
    """Row 60: it was resumed after the copy was made; what was done since is not done again by a resume."""
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        story.halt()
        story.back_up()
        assert environment.client("resume", TICKET).returncode == 0
        environment.daemon.stop()
        story.restore()
        accepted = story.accept()
        environment.daemon.start()
        evidence.fired()

        status = json.loads(environment.client("-o", "json", "status", TICKET).stdout)
        assert accepted.returncode == 0, accepted.stderr
        assert (status["halt_cause"], status["failure"]["code"]) == ("in_doubt", "record_is_older")
        assert environment.client("resume", TICKET).returncode in (3, 8)
        assert story.traces == 1


@pytest.mark.tier1
def test_who_does_not_hear_the_witness_does_a_step_twice(tmp_path: Path, evidence: Evidence) -> None:
    """Row 60: the negative control, a daemon that does not look beside the checkout."""
    story = OlderRecord(tmp_path / "home", FORGETFUL)
    with story.environment as environment:
        _restored(story)
        environment.daemon.start()
        evidence.fired()
        environment.client("watch", TICKET)
        evidence.control("no witness of the record", red=story.traces == 2)


@pytest.mark.tier1
def test_a_fresh_clone_gets_a_witness_and_is_released_in(tmp_path: Path) -> None:
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        environment.daemon.stop()
        ops = environment.ops
        shutil.rmtree(ops.checkout)
        ops.git("clone", "--quiet", str(ops.origin), str(ops.checkout), cwd=tmp_path)
        environment.daemon.start()
        ops.merge_pull_request("t", NO_SCRIPT, "One script")
        finished = environment.client("run", "1300")
        assert (finished.returncode, story.witness.exists()) == (0, True), finished.stderr
        assert "has no witness of the record yet" in environment.daemon.log


@pytest.mark.tier1
def test_a_checkout_that_was_moved_takes_its_witness_along(tmp_path: Path) -> None:
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        environment.daemon.stop()
        moved = environment.ops.checkout.rename(tmp_path / "moved")
        text = environment.config.read_text(encoding="utf-8")
        environment.config.write_text(text.replace(str(environment.ops.checkout), str(moved)), encoding="utf-8")
        environment.daemon.start()
        assert environment.client("hold", "--reason", "the move").returncode == 0


@pytest.mark.tier1
@pytest.mark.parametrize("what", ["another record", "a witness that says nothing"])
def test_what_is_no_older_copy_is_accepted_as_well(tmp_path: Path, what: str) -> None:
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        environment.daemon.stop()
        if what == "another record":
            for file in environment.database.parent.glob("released.db*"):
                file.unlink()
        else:
            story.witness.write_bytes(b"\0\0\0\0")
        environment.daemon.start()
        refused = environment.client("hold", "--reason", "looking")
        environment.daemon.stop()
        accepted = story.accept()
        environment.daemon.start()
        assert (refused.returncode, accepted.returncode) == (3, 0), refused.stderr + accepted.stderr
        assert environment.client("hold", "--reason", "looking").returncode == 0


@pytest.mark.tier1
def test_a_record_that_lacks_nothing_is_not_accepted(tmp_path: Path) -> None:
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        environment.daemon.stop()
        told = story.accept()
        assert (told.returncode, "there is nothing to accept" in told.stderr) == (2, True)
