"""A halted release that goes on in a phase which turns out to have nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = ("--reason", "done by hand")


@pytest.mark.parametrize("skipped", [(), ("--skip", "verify", *BY_HAND)], ids=["without steps", "to be skipped"])
def test_a_release_that_goes_on_in_a_phase_with_nothing_to_do_is_released(
    tmp_path: Path, skipped: tuple[str, ...]
) -> None:
    with BareEnvironment(tmp_path) as environment:
        files = {"releases/1234-fails.sh": "#!/bin/sh\nexit 3\n"}
        environment.ops.merge_pull_request("ticket-1234", files, "a script that fails")
        assert environment.client("run", "1234", *skipped).returncode == 1

        resumed = environment.client("run", "1234", "--from=verify", *BY_HAND)

    assert resumed.returncode == 0, resumed.stderr
