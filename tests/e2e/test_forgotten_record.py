"""A store that was lost, with the folders of its releases left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "#!/bin/sh\necho ran >> .asd/witness\n"


def test_a_script_of_which_only_an_old_folder_is_left_is_run(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        ops = environment.ops
        base = ops.head()
        ops.merge_pull_request("ticket-1234", {"releases/1234-trace.sh": SCRIPT}, "a script that leaves a trace")
        assert environment.client("run", "1234").returncode == 0
        environment.daemon.stop()
        for file in (tmp_path / "state").glob("released.db*"):
            file.unlink()
        ops.git("reset", "--hard", "--quiet", base)
        environment.daemon.start()

        again = environment.client("run", "1234")

        assert again.returncode == 0, again.stderr
        assert (ops.checkout / ".asd" / "witness").read_text() == "ran\nran\n"
