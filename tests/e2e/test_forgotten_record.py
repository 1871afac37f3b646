"""A store that was lost, with the folders of its releases left behind."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment
from support.daemon_process import PROGRAMS

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
        accepted = take_as_it_is(environment)
        environment.daemon.start()

        again = environment.client("run", "1234")

        assert accepted.returncode == 0, accepted.stderr
        assert again.returncode == 0, again.stderr
        assert (ops.checkout / ".asd" / "witness").read_text() == "ran\nran\n"


def take_as_it_is(environment: BareEnvironment) -> subprocess.CompletedProcess[str]:
    """Begin a record anew although the checkout's witness knows of another one."""
    command = ("db", "accept", "--config", str(environment.config), "--environment", "prod", "--reason", "it is lost")
    return subprocess.run([PROGRAMS / "released", *command], capture_output=True, text=True, check=False)
