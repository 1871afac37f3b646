"""Control groups of commands lie beside those of others, whose names may begin alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.shim import cgroup, records

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="parent")
def _parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have groups be made in a plain folder: which of them are taken away does not depend on the kernel."""
    monkeypatch.setattr(cgroup, "_mounted_at", lambda: str(tmp_path))
    monkeypatch.setattr(cgroup, "_own", lambda: "/")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["released-backup", "released-", "released-1-2-3", "released-web-4194999", "backup-1-2"]
)
def test_a_group_of_somebody_else_is_left_alone(parent: Path, name: str) -> None:
    (parent / name).mkdir()

    made = cgroup.make(7, 8)

    assert made == f"{parent}/released-7-8"
    assert (parent / name).exists()


def test_a_group_whose_shim_is_dead_is_taken_away(parent: Path) -> None:
    (parent / f"released-{os.getpid()}-1").mkdir()

    cgroup.make(7, 8)

    assert [one.name for one in parent.iterdir()] == ["released-7-8"]


def test_a_group_whose_shim_lives_stays(parent: Path) -> None:
    own = "released-{pid}-{start_time}".format(**records.identity())
    (parent / own).mkdir()

    cgroup.make(7, 8)

    assert (parent / own).exists()
