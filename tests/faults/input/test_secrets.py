"""Secrets of ``.env`` that a script prints in every way it can, and one in the URL of the remote: where they end up."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from support import canary
from support.bare_sites import BareSites
from support.file_watch import await_content
from support.webhook_receiver import WebhookReceiver, listening, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen

    from support.evidence import Evidence
    from support.site import Site

PASSWORD = "canary-9d1f7a"  # noqa: S105 (made up, and to be found nowhere)
LONGER = f"{PASSWORD}-and-more-of-it"
IN_URL = "canary-of-the-remote"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
SCRIPT = r"""#!/bin/bash
. ./.env
printf %s "${DOOR_PASSWORD:0:9}"
printf half >.asd/half
: <.asd/gate
printf '%s\n' "${DOOR_PASSWORD:9}"
echo "https://bot:$DOOR_PASSWORD@door.example/"
echo "longer: $LONGER_TOKEN"
echo "encoded: $(printf %s "$DOOR_PASSWORD" | base64)"
echo "curl: (22) POST -u bot:$DOOR_PASSWORD" >&2
printf 'Traceback (most recent call last):\nValueError: bad password %s\n' "$DOOR_PASSWORD" >&2
exit 1
"""


@dataclass
class Told:
    """All that anybody was told."""

    site: Site
    printed: dict[str, str] = field(default_factory=dict)
    """Command to what the client printed."""
    command_lines: list[bytes] = field(default_factory=list)
    """Of every process of the host, while the script ran."""
    messages: list[bytes] = field(default_factory=list)
    """What the webhook's receiver got."""

    def type(self, *commands: str) -> None:
        """Type commands at once, and keep what is printed."""
        with ThreadPoolExecutor() as people:
            for command, answer in zip(commands, people.map(self._typed, commands), strict=True):
                self.printed[command] = answer

    def _typed(self, command: str) -> str:
        answer = self.site.client(*shlex.split(command))
        return answer.stdout + answer.stderr


@pytest.fixture(scope="module", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    sites = BareSites.create(
        tmp_path_factory.mktemp("secrets"), {"prod": {"git": {"allow_protocols": ["http", "file"]}}}
    )
    (sites.home / "bin" / "base64").symlink_to(str(shutil.which("base64")))
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(scope="module", name="told")
def _told(sites: BareSites) -> Told:
    """Halt a release by a script that prints its secrets, and look at it in every way."""
    site, receiver = sites.site("prod"), WebhookReceiver()
    told = Told(site)
    (site.ops.checkout / ".env").write_text(f"DOOR_PASSWORD={PASSWORD}\nLONGER_TOKEN={LONGER}\n")
    gate = site.ops.checkout / ".asd" / "gate"
    gate.parent.mkdir()
    os.mkfifo(gate)
    site.merge("1", {"releases/1-door.sh": SCRIPT})
    with listening(receiver) as url:
        _configure_webhook(sites, url)
        daemon = sites.daemon()
        daemon.start()
        run = sites.start_client("run", "1")
        await_content(gate.with_name("half"), b"half")
        told.command_lines += _command_lines()
        gate.write_bytes(b"")
        told.printed["run"] = _end(run)
        told.type(*LOOKS)
        told.type(*REMARKS)
        _name_a_secret_in_the_remote(site)
        told.type(*MEETS_THE_REMOTE)
        told.messages += [one.body for one in receiver.await_requests(1)]
        daemon.stop()
        told.printed["the daemon's log"] = daemon.log
    return told


def _configure_webhook(sites: BareSites, url: str) -> None:
    document = yaml.safe_load(sites.config.read_text())
    document["webhook"] = {"url": url, "secret_file": str(secret_file(sites.home))}
    sites.config.write_text(yaml.safe_dump(document))


def _command_lines() -> list[bytes]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process that ends meanwhile
            found.append(place.read_bytes())
    return found


def _end(client: Popen[str]) -> str:
    printed, complaints = client.communicate()
    return printed + complaints


LOOKS = (
    *("status", "status 1", "list", "logs 1", "watch 1", "diagnose 1", "playbook match 1", "playbook new 1", "drift"),
    *("-o json status 1", "-o json events 1", "-o jsonl logs 1", "-o json diagnose 1", "doctor", "webhook status"),
)
REMARKS = (
    f"note 1 'it was {PASSWORD}, or {LONGER}'",
    f"resume 1 --from nowhere --reason {PASSWORD}",
    f"lock release --yes --reason '{PASSWORD} leaked'",
)
MEETS_THE_REMOTE = ("run 2", "plan 3", "-o json doctor")


def _name_a_secret_in_the_remote(site: Site) -> None:
    site.git("remote", "set-url", "origin", f"http://bot:{IN_URL}@127.0.0.1:1/ops.git")


@pytest.mark.parametrize("secret", [PASSWORD, IN_URL])
def test_a_secret_is_in_no_file_no_answer_no_message_and_no_command_line(
    sites: BareSites, told: Told, secret: str, evidence: Evidence
) -> None:
    """Row 51: split over two writes, in a URL, a traceback, a longer secret, a command's complaint, a remark."""
    checkout = told.site.ops.checkout
    files = canary.files_with(secret, [sites.home / "state", checkout / ".asd"])
    printed = [command for command, text in told.printed.items() if secret in text]
    sent = [body for body in (*told.messages, *told.command_lines) if secret.encode() in body]
    places = [checkout / ".env", checkout / ".git" / "config"]

    evidence.fired()
    evidence.add(canary_scans=len(told.printed) + len(told.messages) + len(told.command_lines))
    evidence.add(canary_hits=len(files) + len(printed) + len(sent))
    assert (files, printed, sent) == ([], [], [])
    assert canary.files_with(secret, [checkout]) == [str(place) for place in places if secret in place.read_text()]


def test_what_surrounds_a_secret_is_told(told: Told, evidence: Evidence) -> None:
    """Row 51: the halted release still says what failed, with each secret as three stars."""
    printed = told.printed["logs 1"]

    assert "***\nhttps://bot:***@door.example/\nlonger: ***\n" in printed
    assert "ValueError: bad password ***" in told.printed["diagnose 1"]
    assert f"encoded: {ENCODED}" in printed  # as docs/ops-repo.md says
    evidence.fired()
