"""The flags that every command takes: which daemon, which environment, and in which form it answers."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from support.daemon_process import PATIENCE_S, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.bare_sites import BareSites
    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1160"
PRINTS = {f"releases/{TICKET}-a.sh": "#!/bin/sh\necho printed by the script\n"}
NOBODY = "unix:///nonexistent/released.sock"
COMMANDS = [("status", TICKET), ("list",), ("run", TICKET), ("doctor",), ("plan", "1161")]
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-7]")
"""Begins red, green and so on; bold is no colour."""


@pytest.fixture(scope="module", name="released")
def _released(new_site: Callable[[], Site]) -> Site:
    """Release a ticket."""
    site = new_site()
    site.merge(TICKET, PRINTS)
    assert site.client("run", TICKET).returncode == 0
    return site


@pytest.fixture(name="typed")
def _typed(bare_sites: BareSites) -> Callable[..., CompletedProcess[str]]:
    """Run the client with other variables."""

    def typed(*arguments: str, **variables: str) -> CompletedProcess[str]:
        return subprocess.run(
            [PROGRAMS / "releasectl", *arguments],
            env=bare_sites.client_environment() | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return typed


def config(home: Path, bare_sites: BareSites, env: str) -> dict[str, str]:
    """Write the client's configuration; give the variables with which it counts."""
    folder = home / "releasectl"
    folder.mkdir()
    profiles = {"default": bare_sites.address, "elsewhere": NOBODY}
    tables = (f'[profiles.{name}]\naddress = "{address}"\nenv = "{env}"\n' for name, address in profiles.items())
    (folder / "config.toml").write_text("\n".join(tables), encoding="utf-8")
    return {"XDG_CONFIG_HOME": str(home), "RELEASECTL_ADDRESS": ""}


# --- which daemon ------------------------------------------------------------------------------------------------


def test_a_daemon_is_found_in_the_default_profile(
    bare_sites: BareSites, released: Site, tmp_path: Path, typed: Terminal
) -> None:
    variables = config(tmp_path, bare_sites, released.name)

    assert typed("status", TICKET, **variables).returncode == 0


def test_a_profile_that_is_named_is_taken(
    bare_sites: BareSites, released: Site, tmp_path: Path, typed: Terminal
) -> None:
    told = typed("status", TICKET, "--profile", "elsewhere", **config(tmp_path, bare_sites, released.name))

    assert (told.returncode, NOBODY in told.stderr) == (6, True)


def test_the_variable_counts_more_than_the_default_profile(
    bare_sites: BareSites, released: Site, tmp_path: Path, typed: Terminal
) -> None:
    variables = config(tmp_path, bare_sites, released.name) | {"RELEASECTL_ADDRESS": NOBODY}

    assert typed("-e", released.name, "status", TICKET, **variables).returncode == 6


def test_the_flag_counts_more_than_the_variable(bare_sites: BareSites, released: Site, typed: Terminal) -> None:
    asked = ("status", TICKET, "-e", released.name, "--address", bare_sites.address)

    assert typed(*asked, RELEASECTL_ADDRESS=NOBODY).returncode == 0


def test_a_profile_that_does_not_exist_is_wrong_usage(
    bare_sites: BareSites, released: Site, tmp_path: Path, typed: Terminal
) -> None:
    told = typed("status", "--profile", "nowhere", **config(tmp_path, bare_sites, released.name))

    assert told.returncode == 2
    assert "there is no profile 'nowhere'; known: default, elsewhere." in told.stderr


def test_a_daemon_that_gives_no_answer_is_waited_for_so_long(tmp_path: Path, typed: Terminal) -> None:
    path = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        told = typed("status", "--timeout", "1s", RELEASECTL_ADDRESS=f"unix://{path}")

    assert told.returncode == 6
    assert "gave no answer within 1s (see --timeout)" in told.stderr


# --- in which form -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_shows_only_the_end(released: Site, flag: str) -> None:
    told = released.client("watch", TICKET, flag)

    assert len(told.stdout.splitlines()) == 1
    assert told.stdout.startswith(f"Ticket {TICKET} is released (")


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_verbose_shows_what_the_steps_print_and_which_daemon_is_asked(
    bare_sites: BareSites, site: Site, flag: str
) -> None:
    site.merge(TICKET, PRINTS)

    told = site.client("run", TICKET, flag)

    assert "  | printed by the script\n" in told.stdout
    assert f"daemon at {bare_sites.address}, environment {site.name}\n" in told.stderr


def test_without_it_what_the_steps_print_is_left_out(site: Site) -> None:
    site.merge(TICKET, PRINTS)

    assert "printed by the script" not in site.client("run", TICKET).stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_terminal_gets_colour(released: Site, terminal: Terminal, command: tuple[str, ...]) -> None:
    assert COLOR.search(terminal(released, *command).stdout)


@pytest.mark.parametrize(
    ("flags", "variables"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"})], ids=["--no-color", "NO_COLOR"]
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_who_wants_no_colour_gets_none(
    released: Site, terminal: Terminal, command: tuple[str, ...], flags: tuple[str, ...], variables: dict[str, str]
) -> None:
    assert not COLOR.search(terminal(released, *command, *flags, **variables).stdout)


def test_followed_by_a_program_a_release_is_one_object_per_event(released: Site) -> None:
    lines = released.client("watch", TICKET, "-o", "jsonl").stdout.splitlines()

    assert [json.loads(line)["version"] for line in lines] == list(range(1, len(lines) + 1))


def test_followed_by_a_program_a_release_is_one_document_at_the_end(released: Site) -> None:
    document = released.document("watch", TICKET)

    assert (document["state"], document["events"][0]["type"]) == ("released", "run_requested")


def test_nothing_but_data_goes_to_stdout(released: Site) -> None:
    told = released.client("run", TICKET, "--output", "jsonl")

    assert [json.loads(line)["error"]["reason"] for line in told.stdout.splitlines()] == ["already_released"]


def test_the_version_needs_no_daemon(typed: Terminal) -> None:
    told = typed("--version", RELEASECTL_ADDRESS=NOBODY)

    assert (told.returncode, told.stdout) == (0, f"releasectl {metadata.version('releasectl')}\n")
