"""A command's result outlives a reboot, and so has what it did; one without a result is lost in it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Command, Exited, Lost, Scripts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="slot")
def _slot(tmp_path: Path) -> Path:
    """Hand out the slot of a command that has ended."""
    slot = tmp_path / "slot"
    Scripts().run(slot, Command(("true",), tmp_path, dict(os.environ)))
    return slot


def reboot(slot: Path) -> None:
    """Make the record say that the command was started in an earlier boot."""
    record = slot / "started.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"boot_id": "an-earlier-boot"}))


def test_a_result_from_before_a_reboot_stands(slot: Path) -> None:
    before = Scripts().fate(slot)
    reboot(slot)

    assert isinstance(before, Exited)
    assert Scripts().fate(slot) == before


def test_a_command_without_result_is_lost_in_the_reboot_though_its_pid_is_in_use_again(slot: Path) -> None:
    (slot / "result.json").unlink()
    record = slot / "started.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"pid": os.getpid()}))
    reboot(slot)

    assert Scripts().fate(slot) == Lost()
