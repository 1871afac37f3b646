"""A shell that completes gets words, quickly, and never an error."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from releasectl.lifecycle import PHASES, REVERT, STATES
from releasectl.main import COMMANDS
from support.daemon_process import PROGRAMS
from support.shell_completion import ask, offered, run, told

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "unix:///nonexistent/released.sock"
TOO_LONG_S = 5.0
"""Far beyond the client's patience, far below a call's usual deadline."""
_SHOW_IMPORTS = """\
import sys
from releasectl.arguments import completion
from releasectl.main import releasectl
completion.answer(releasectl)
print("imported", *sorted(name for name in sys.modules if name == "grpc" or name.startswith("releasectl.commands.")))
"""


def test_every_command_is_offered() -> None:
    assert offered(NOBODY, "") == list(COMMANDS)


def test_only_commands_that_begin_as_typed_are_offered() -> None:
    assert offered(NOBODY, "rese") == []
    assert offered(NOBODY, "reso") == ["resolve"]


def test_flags_are_offered() -> None:
    assert offered(NOBODY, "run", "--ver") == ["--verify-all"]


@pytest.mark.parametrize("words", [["run", "1", "--from"], ["run", "1", "--skip"], ["logs", "1", "--phase"]])
def test_phases_are_offered_where_one_is_wanted(words: list[str]) -> None:
    assert offered(NOBODY, *words, "") == [*PHASES, REVERT]


def test_states_are_offered_where_one_is_wanted() -> None:
    assert offered(NOBODY, "list", "--state", "") == list(STATES)


def test_bash_which_makes_three_words_of_a_flag_with_its_value_gets_the_value() -> None:
    assert offered(NOBODY, "run", "1", "--from", "=", "mi") == ["migrate"]
    assert offered(NOBODY, "run", "1", "--from", "=") == [*PHASES, REVERT]


@pytest.mark.parametrize(("shell", "answer"), [("zsh", "plain\n--from=migrate\n_"), ("fish", "plain,--from=migrate")])
def test_a_shell_that_leaves_a_flag_and_its_value_together_gets_both(shell: str, answer: str) -> None:
    assert told(shell, NOBODY, "run", "1", "--from=mi") == answer


def test_zsh_and_fish_also_get_what_a_command_does() -> None:
    line = COMMANDS["unhold"][1]

    assert told("zsh", NOBODY, "unh") == f"plain\nunhold\n{line}"
    assert told("fish", NOBODY, "unh") == f"plain,unhold\t{line}"


def test_only_the_command_that_is_typed_is_imported() -> None:
    assert _imported("unhold", "--re").split() == ["grpc", "releasectl.commands.unhold"]


def test_no_command_is_imported_to_list_them() -> None:
    assert _imported("") == ""


@pytest.mark.parametrize("words", [["status", ""], ["run", "1", "--with", ""], ["-v", "status", ""]])
def test_without_a_daemon_nothing_is_offered_and_nothing_is_said(words: list[str]) -> None:
    answer = ask("bash", NOBODY, *words)

    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")


def test_an_address_that_cannot_be_one_is_no_error_either() -> None:
    answer = ask("bash", "tcp://nowhere", "status", "")

    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")


def test_a_shell_that_nobody_knows_gets_nothing() -> None:
    answer = ask("tcsh", NOBODY, "")

    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")


@pytest.mark.parametrize("backlog", [8, 0], ids=["never answers", "lets nobody in"])
def test_a_daemon_that_stands_still_is_not_waited_for(backlog: int) -> None:
    with _mute_daemon(backlog) as address:
        began = time.monotonic()
        answer = ask("bash", address, "status", "")
        took_s = time.monotonic() - began

    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")
    assert took_s < TOO_LONG_S


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_this_client(shell: str) -> None:
    printed = _client("completion", shell).stdout

    assert f"_RELEASECTL_COMPLETE={shell}_complete" in printed


def test_the_script_in_json_is_one_document() -> None:
    document = json.loads(_client("-o", "json", "completion", "bash").stdout)

    assert document == {"shell": "bash", "script": _client("completion", "bash").stdout}


def test_a_shell_that_is_not_supported_is_a_usage_error() -> None:
    refused = _client("completion", "tcsh")

    assert refused.returncode == 2
    assert "'tcsh' is not a shell: expected one of bash, zsh, fish." in refused.stderr


def _imported(*words: str) -> str:
    printed = run([sys.executable, "-c", _SHOW_IMPORTS], "bash", NOBODY, *words).stdout
    return printed.splitlines()[-1].removeprefix("imported").strip()


@contextmanager
def _mute_daemon(backlog: int) -> Iterator[str]:
    """Listen on a socket and accept nothing; one caller waits already, and the kernel lets ``backlog`` more in."""
    with (
        TemporaryDirectory(prefix="released-", dir="/tmp") as folder,
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as caller,
    ):
        path = f"{folder}/released.sock"
        server.bind(path)
        server.listen(backlog)
        caller.connect(path)
        yield f"unix://{path}"


def _client(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAMS / "releasectl", *arguments], capture_output=True, text=True, check=False)
