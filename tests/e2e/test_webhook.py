"""The webhook of a running daemon: it tells of a halted release, survives kill -9, and is in nobody's way."""

from __future__ import annotations

import re
import socket
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.bare_sites import BareSites
from support.canary import files_with
from support.webhook_receiver import SECRET, WebhookReceiver, is_signed, listening, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.site import Site

CANARY, TOKEN = "canary-of-dotenv", "canary-of-the-query"
SCRIPT = "#!/bin/sh\n. ./.env\necho the password is $DOOR_PASSWORD\ntest -e .asd/mended\n"


@dataclass
class Place:
    """An environment whose daemon has a webhook, and what was seen there."""

    sites: BareSites
    site: Site
    daemon: Daemon
    port: int
    receiver: WebhookReceiver = field(default_factory=WebhookReceiver)
    told: dict[str, Any] = field(default_factory=dict)

    def status(self) -> Any:  # noqa: ANN401 (JSON)
        return self.site.document("webhook", "status")

    def halt(self, *options: str) -> int:
        """Run the ticket, which halts; give the client's exit code."""
        self.site.merge("1234", {"releases/1234-10-script.sh": SCRIPT})
        return self.site.client("run", "1234", *options).returncode

    def event_ids(self, kind: str) -> list[str]:
        """Give the ids of the ticket's events of one type, straight from the database."""
        with closing(sqlite3.connect(f"file:{self.sites.database}?mode=ro", uri=True)) as database:
            return [row[0] for row in database.execute("SELECT event_id FROM events WHERE type = ?", (kind,))]

    def mend(self) -> int:
        """Let the release go on; give the client's exit code."""
        (self.site.ops.checkout / ".asd" / "mended").touch()
        return self.site.client("resume", "1234", "--reason", "mended").returncode


@contextmanager
def place(home: Path) -> Iterator[Place]:
    """Furnish an environment; its daemon does not run yet, and nobody listens where the webhook goes."""
    sites = BareSites.create(home, {"prod": {}})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = yaml.safe_load(sites.config.read_text())
    url = f"http://127.0.0.1:{port}/hook?token={TOKEN}"
    configuration["webhook"] = {"url": url, "secret_file": str(secret_file(home))}
    sites.config.write_text(yaml.safe_dump(configuration))
    site, daemon = sites.site("prod"), sites.daemon()
    (site.ops.checkout / ".env").write_text(f"DOOR_PASSWORD={CANARY}\n")
    try:
        yield Place(sites, site, daemon, port)
    finally:
        daemon.end()
        sites.cleanup()


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Release a ticket while the receiver is dead; it halts, goes on, and then the receiver comes back."""
    with place(tmp_path_factory.mktemp("webhook")) as here:
        here.daemon.start()
        here.told["run"], here.told["resume"] = here.halt(), here.mend()
        here.told["dead"] = here.status()
        here.told["dead, for people"] = here.site.client("webhook", "status").stdout
        here.told["doctor"] = here.site.client("doctor").stdout
        with listening(here.receiver, here.port):
            here.site.client("webhook", "replay", "--since", "1h ago")
            here.receiver.await_requests(2)
            here.site.client("webhook", "replay", "--since", "1h ago")
            here.receiver.await_requests(4)
            here.daemon.stop()
        yield here


def test_a_dead_receiver_holds_neither_the_release_nor_its_resume(story: Place) -> None:
    assert (story.told["run"], story.told["resume"]) == (1, 0)


def test_while_it_is_dead_status_says_what_waits_and_since_when_it_fails(story: Place) -> None:
    dead = story.told["dead"]
    assert (dead["waiting"], dead["position"] < dead["head"]) == (2, True)
    assert dead["last_answer"].startswith("ConnectError")
    assert dead["failing_since"] <= dead["last_answer_at"]
    assert re.search(r"waiting +2 messages\n", story.told["dead, for people"])


def test_doctor_says_that_its_receiver_fails(story: Place) -> None:
    assert re.search(
        r"warning +webhook: The webhook's receiver fails since .*; 2 messages wait\.", story.told["doctor"]
    )


def test_the_url_is_shown_without_its_query(story: Place) -> None:
    assert story.told["dead"]["url"] == f"http://127.0.0.1:{story.port}/…"


def test_once_it_is_back_it_hears_of_the_halt_and_of_the_end(story: Place) -> None:
    assert story.receiver.types()[:2] == ["release.halted", "release.released"]


def test_every_message_is_signed(story: Place) -> None:
    assert all(is_signed(received) for received in story.receiver.received)


def test_a_replay_sends_the_same_messages_with_the_same_ids(story: Place) -> None:
    received = [(one.id, one.body) for one in story.receiver.received]
    assert received[2:] == received[:2]


def test_an_id_is_that_of_the_event_on_record(story: Place) -> None:
    halted = story.receiver.received[0]
    assert halted.told["data"]["next"][0] == ["releasectl", "resume", "1234", "--reason", "<why>"]
    (event_id,) = story.event_ids("halted")
    assert halted.id == event_id


def test_no_secret_is_in_a_message_in_the_record_or_in_the_log(story: Place) -> None:
    log, bodies = story.daemon.log, b"".join(one.body for one in story.receiver.received).decode()
    assert not [secret for secret in (CANARY, TOKEN, SECRET) for text in (log, bodies) if secret in text]
    assert [files_with(secret, [story.sites.home / "state"]) for secret in (CANARY, TOKEN, SECRET)] == [[], [], []]


def test_what_was_sent_right_before_kill_9_is_sent_again_with_the_same_id(tmp_path: Path) -> None:
    with place(tmp_path / "killed") as here, listening(here.receiver, here.port):
        here.daemon.start(fault="after-send:release.halted")
        here.halt("--detach")  # a client that follows would wait for the next daemon
        assert here.daemon.wait_dead() == -9
        here.daemon.start()

        first, second = here.receiver.await_requests(2)

    assert (first.id, first.body) == (second.id, second.body)


def test_a_daemon_without_a_webhook_says_so(tmp_path: Path) -> None:
    sites = BareSites.create(tmp_path / "none", {"prod": {}})
    daemon = sites.daemon()
    try:
        daemon.start()
        asked = [sites.client("webhook", "status"), sites.client("webhook", "replay", "--since", "1h")]
    finally:
        daemon.end()
        sites.cleanup()

    assert [(one.returncode, "This daemon has no webhook" in one.stderr) for one in asked] == [(4, True)] * 2
