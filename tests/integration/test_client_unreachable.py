"""The client as a process where no daemon answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

RELEASECTL = str(Path(sys.executable).with_name("releasectl"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="rel-") as name:
        yield Path(name)


def releasectl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "RELEASECTL_ADDRESS": f"unix://{folder}/r.sock"}
    return subprocess.run(  # its exit code is what is looked at
        [RELEASECTL, *arguments],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "command",
    [
        "run 1",
        "resume 1",
        "status",
        "list",
        "watch 1",
        "logs 1",
        "events 1",
        "rebuild",
        "services logs web",
        "services run web hook",
        "drift",
        "doctor",
    ],
)
def test_every_command_exits_6_and_says_what_to_start_where_no_daemon_is(folder: Path, command: str) -> None:
    done = releasectl(folder, *command.split())
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith(f"[ERROR] The daemon is not reachable at unix://{folder}/r.sock: there is no socket.")
    assert "released serve --config" in done.stderr


def test_a_socket_that_nobody_listens_at_is_named_as_such(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(folder / "r.sock"))
        done = releasectl(folder, "status")
    assert done.returncode == 6
    assert "nobody listens" in done.stderr


def test_an_unreachable_daemon_is_one_object_in_json(folder: Path) -> None:
    done = releasectl(folder, "run", "1", "-o", "json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["reason"]) == (6, 6, "daemon_unreachable")
    assert done.stderr == ""


@pytest.fixture
def deaf_daemon(folder: Path) -> Iterator[None]:
    """Takes connections and hangs up at once, as a daemon does that is killed again and again."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "r.sock"))
        listening.listen()
        thread = threading.Thread(target=_hang_up, args=(listening,))
        thread.start()
        yield
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _hang_up(listening: socket.socket) -> None:
    while True:
        try:
            caller, _ = listening.accept()
        except OSError:
            return
        caller.close()


@pytest.mark.usefixtures("deaf_daemon")
def test_a_run_whose_fate_is_unknown_says_how_to_find_out(folder: Path) -> None:
    done = releasectl(folder, "run", "1", "--request-id", "request-0001", "--timeout", "500ms")
    assert done.returncode == 6
    assert "It may have taken the command (request id request-0001)" in done.stderr
    assert "releasectl status 1" in done.stderr


def test_version_shows_the_client_before_it_misses_the_daemon(folder: Path) -> None:
    done = releasectl(folder, "version")
    assert done.returncode == 6
    assert done.stdout.startswith("releasectl  ")


def test_a_wrong_ticket_exits_2_without_a_daemon(folder: Path) -> None:
    assert releasectl(folder, "run", "a/b").returncode == 2


def test_help_needs_neither_daemon_nor_a_readable_configuration(folder: Path) -> None:
    config = folder / ".config" / "releasectl" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("broken [")
    done = releasectl(folder, "run", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--verify-all" in done.stdout


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_help_and_version_do_not_wait_for_grpc(flag: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "releasectl.main", flag],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"grpc", "google.protobuf", "rich", "rich.console"}


def test_a_reader_that_goes_away_ends_the_client_without_a_traceback(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [RELEASECTL, "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        text=True,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
