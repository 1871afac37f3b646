"""A checkout whose repository is damaged before anything begins."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.evidence import Evidence

SCRIPT = {"releases/1234-a.sh": "#!/bin/sh\necho ran\n"}
READING = (("status",), ("list",), ("events", "1234"))


def _no_objects(git: Path) -> None:
    shutil.rmtree(git / "objects")


def _empty_objects(git: Path) -> None:
    """What a power cut leaves of files that were not flushed."""
    for file in (one for one in (git / "objects").rglob("*") if one.is_file()):
        file.chmod(0o644)
        file.write_bytes(b"")


def _garbage_in_head(git: Path) -> None:
    (git / "HEAD").write_bytes(b"\0\xff garbage\n")


def _garbage_in_index(git: Path) -> None:
    (git / "index").write_bytes(b"DIRC garbage")


@pytest.mark.tier1
@pytest.mark.parametrize("damage", [_no_objects, _empty_objects, _garbage_in_head, _garbage_in_index])
@pytest.mark.parametrize("when", ["at the start", "while it serves"])
def test_nothing_is_released_in_a_damaged_clone_and_nothing_in_it_is_repaired(
    tmp_path: Path, damage: Callable[[Path], None], when: str, evidence: Evidence
) -> None:
    """Row 22: a run is refused with the reason; what is on record is shown; the files stay as they were found."""
    with BareEnvironment(tmp_path / "home") as environment:
        environment.ops.merge_pull_request("t", SCRIPT, "One script")
        environment.client("note", "1234", "looking at it")  # which is refused, and on record
        if when == "at the start":
            environment.daemon.stop()
        git = environment.ops.checkout / ".git"
        damage(git)
        before = _bytes(git)
        evidence.fired()
        if when == "at the start":
            environment.daemon.start()

        refused = environment.client("-o", "json", "run", "1234")
        shown = [environment.client(*command).returncode for command in READING]

        error = json.loads(refused.stdout)["error"]
        assert (refused.returncode, error["reason"]) == (3, "git_failed"), error
        assert error["message"]
        assert shown[1:] == [0, 0]
        assert _bytes(git) == before


def _bytes(git: Path) -> dict[str, bytes]:
    """Give what git keeps, but for our own folder."""
    files = (one for one in git.rglob("*") if one.is_file() and one.parent.name != "released")
    return {str(one.relative_to(git)): one.read_bytes() for one in files}
