"""Messages of the webhook on their way from a real store over real HTTP, to receivers good and bad."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from released.adapters.webhook import Receiver
from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.webhook import delivery
from released.domain.webhook.delivery import Answer
from released.engine import courier as courier_module
from released.engine import faults
from released.engine.courier import Courier
from released.engine.instruments import Instruments
from released.store.event_store import NewEvent, StreamWrite
from support.clock import Clock
from support.store import ACTOR, AT, REQUESTED, STREAM, sqlite_store, write
from support.webhook_receiver import DRIP, HANG, PATIENCE_S, WebhookReceiver, is_signed, listening, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.store.event_store import EventStore

HALTED = ev.Halted(Phase.PREPARE, "failed", None, Failure("backup_failed", "The disk is full."))
ABANDONED = ev.Abandoned("request-9", "never mind")
ATTEMPT_S = 0.5


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pauses as they are decided, but let a unit of them be short."""
    monkeypatch.setattr(delivery, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(courier_module, "_SETTLE_S", 0.0)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


@pytest.fixture(name="receiver")
def _receiver() -> WebhookReceiver:
    return WebhookReceiver()


@pytest.fixture(name="url")
def _url(receiver: WebhookReceiver) -> Iterator[str]:
    with listening(receiver) as url:
        yield url


@pytest.fixture(name="secret")
def _secret(tmp_path: Path) -> Path:
    return secret_file(tmp_path)


class Watched(Receiver):
    """Says when an attempt is over."""

    def __init__(self, url: str, secret: Path, attempt_s: float = ATTEMPT_S) -> None:
        super().__init__(url, secret, attempt_s)
        self.tried = threading.Event()

    def post(self, message_id: str, sent_at: dt.datetime, body: bytes) -> Answer:
        try:
            return super().post(message_id, sent_at, body)
        finally:
            self.tried.set()


@contextmanager
def following(store: EventStore, to: Watched, clock: Clock | None = None) -> Iterator[Courier]:
    """Follow the log as a daemon does as long as the block runs."""
    masks = {"prod": lambda text: text.replace("backup_failed", "***")}
    instruments = Instruments(now=clock or Clock())
    courier = Courier(store, to, masks, instruments, faults.nothing)
    courier.start()
    try:
        yield courier
    finally:
        courier.stop(PATIENCE_S)


def record(store: EventStore, *events: ev.Event, ticket: str = "1234", environment: str = "prod") -> list[str]:
    """Put events of a ticket on record; give their ids."""
    stream = ev.release_stream(environment, ticket)
    return [one.event_id for one in store.append([write(stream, len(store.read(stream)), *events)])]


def halt(store: EventStore, ticket: str = "1234") -> str:
    """Have a release halt; give the id of the event."""
    return record(store, REQUESTED, HALTED, ticket=ticket)[-1]


def test_a_halt_reaches_the_receiver_signed_masked_and_named_by_its_event(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    with following(store, Watched(url, secret)):
        event_id = halt(store)
        (received,) = receiver.await_requests(1)

    assert (received.path, received.id, received.told["type"]) == ("/hook", event_id, "release.halted")
    assert received.told["data"]["code"] == "***"
    assert is_signed(received)


def test_of_what_is_no_answer_the_beginning_is_told(secret: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=_say, args=(rude, b"x" * 60_000 + b"\r\n\r\n"))
        thread.start()
        answer = Receiver(f"http://127.0.0.1:{rude.getsockname()[1]}/", secret, PATIENCE_S).post("id", AT, b"{}")
        thread.join()

    assert answer.told.startswith("RemoteProtocolError: illegal status line")
    assert len(answer.told) <= 200


@pytest.mark.parametrize("behaviour", [500, 503, 429, 302, HANG, DRIP])
def test_whatever_goes_wrong_the_message_comes_again_and_the_next_one_after_it(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path, behaviour: int | str
) -> None:
    receiver.next.extend([behaviour, behaviour])

    with following(store, Watched(url, secret)):
        first = halt(store)
        (second,) = record(store, ABANDONED)
        received = receiver.await_requests(4)

    assert [one.id for one in received] == [first, first, first, second]
    assert {one.path for one in received} == {"/hook"}


def test_a_message_that_is_refused_for_good_is_passed_over_and_that_is_said(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.next.append(410)

    with following(store, Watched(url, secret)):
        first = halt(store)
        (second,) = record(store, ABANDONED)
        received = receiver.await_requests(2)

    assert [one.id for one in received] == [first, second]
    assert f"the message {first} (release.halted) is refused: HTTP 410" in caplog.text


def test_what_nobody_took_is_sent_once_a_later_daemon_finds_the_receiver_back(
    store: EventStore, receiver: WebhookReceiver, secret: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dead = Watched(f"http://127.0.0.1:{port}/hook", secret)
    with following(store, dead):
        event_id = halt(store)
        assert dead.tried.wait(PATIENCE_S)

    with listening(receiver, port) as url, following(store, Watched(url, secret)):
        (received,) = receiver.await_requests(1)

    assert received.id == event_id


def test_what_was_taken_is_not_sent_by_a_later_daemon(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    with following(store, Watched(url, secret)):
        halt(store)
        receiver.await_requests(1)
    with following(store, Watched(url, secret)):
        (second,) = record(store, ABANDONED)
        received = receiver.await_requests(2)

    assert received[-1].id == second


def test_the_first_daemon_with_a_webhook_begins_at_the_end_of_the_log(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    halt(store)

    with following(store, Watched(url, secret)):
        record(store, ABANDONED)
        receiver.await_requests(1)

    assert receiver.types() == ["release.abandoned"]


def test_what_is_asked_for_again_comes_again_with_the_same_ids_however_old(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    ids = [halt(store), *record(store, ABANDONED)]
    clock = Clock()
    clock.now += delivery.KEPT_FOR * 2

    with following(store, Watched(url, secret), clock) as courier:
        courier.send_again(AT)
        receiver.await_requests(2)
        courier.send_again(AT)
        received = receiver.await_requests(4)

    assert [one.id for one in received] == ids * 2


def test_what_is_asked_for_again_comes_before_a_later_message_that_is_under_way(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    gate = threading.Event()
    receiver.next.extend([204, gate])

    with following(store, Watched(url, secret, PATIENCE_S)) as courier:
        first = halt(store)
        (second,) = record(store, ABANDONED)
        receiver.await_requests(2)
        courier.send_again(AT)
        gate.set()
        received = receiver.await_requests(4)

    assert [one.id for one in received] == [first, second, first, second]


def test_nothing_is_sent_again_that_is_older_than_what_was_asked_for(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    with following(store, Watched(url, secret)):
        halt(store)
        receiver.await_requests(1)
    with following(store, Watched(url, secret)) as courier:
        courier.send_again(AT + dt.timedelta(seconds=1))
        assert courier.waiting() == 0


def test_a_message_that_waited_for_a_week_is_dropped_and_that_is_said(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    with following(store, Watched(url, secret), clock):
        pass
    old = halt(store)
    clock.now += delivery.KEPT_FOR + dt.timedelta(seconds=1)
    fresh = NewEvent("fresh", clock.now, ACTOR, ABANDONED)
    store.append([StreamWrite(STREAM, 2, (fresh,))])

    with following(store, Watched(url, secret), clock):
        (received,) = receiver.await_requests(1)

    assert received.id == fresh.event_id
    assert f"the message {old} (release.halted) is too old and is dropped" in caplog.text


def test_an_environment_that_is_not_served_is_not_told_of(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    with following(store, Watched(url, secret)):
        record(store, REQUESTED, HALTED, environment="elsewhere")
        event_id = halt(store)
        (received,) = receiver.await_requests(1)

    assert received.id == event_id


def test_a_secret_that_cannot_be_used_is_read_anew_for_the_next_attempt(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret.chmod(0o644)

    to = Watched(url, secret)
    with following(store, to):
        halt(store)
        assert to.tried.wait(PATIENCE_S)
        secret.chmod(0o600)
        receiver.await_requests(1)

    assert "expected a file for its owner and group alone, got mode 0644" in caplog.text


def test_a_receiver_that_hangs_holds_up_nothing_that_is_recorded(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path
) -> None:
    receiver.next.append(HANG)

    with following(store, Watched(url, secret, PATIENCE_S)) as courier:
        halt(store)
        receiver.await_requests(1)
        record(store, ABANDONED)
        waiting = courier.waiting()
        receiver.closing.set()

    assert waiting == 2


def test_nothing_of_the_secret_or_of_the_urls_query_is_logged(
    store: EventStore, receiver: WebhookReceiver, url: str, secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.next.extend([500, 404])

    with caplog.at_level(logging.DEBUG), following(store, Watched(f"{url}?token=sesame", secret)):
        halt(store)
        receiver.await_requests(2)

    assert receiver.received[0].path == "/hook?token=sesame"
    ours = [line.getMessage() for line in caplog.records if line.name.startswith("released")]
    assert ours
    assert not [line for line in ours if "sesame" in line or secret.read_text().strip() in line]


def _say(server: socket.socket, words: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)  # what is not read when it is closed resets the connection
        connection.sendall(words)
