"""A ticket that was mistyped once: its refusal is on record, and stands in nobody's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path


def test_a_refused_typo_does_not_claim_the_scripts_of_a_ticket(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        files = {"releases/7-add-index.sh": "#!/bin/sh\nexit 0\n"}
        environment.ops.merge_pull_request("ticket-7", files, "an index")
        environment.ops.git("switch", "--quiet", "--detach")
        assert environment.client("run", "7-add").returncode == 3
        environment.ops.git("switch", "--quiet", "main")

        finished = environment.client("run", "7")

    assert finished.returncode == 0, finished.stderr
