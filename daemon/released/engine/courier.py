"""Brings the webhook's messages to their receiver: in order, at least once, and in nobody's way.

It follows the log in a thread of its own. A message is settled once the receiver took it, refused it for good, or it is
too old; only then the next one is sent. What was sent and not noted before a crash is sent again, with the same id.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from released.domain import events as ev
from released.domain.webhook import delivery
from released.domain.webhook import message as webhook_message
from released.domain.webhook.delivery import Answer, Fate
from released.domain.webhook.message import Message
from released.engine.faults import SENT, Faults
from released.engine.instruments import Instruments
from released.store.errors import StoreStopped
from released.store.event_store import EventStore
from released.store.outbox import Outbox

logger = logging.getLogger(__name__)

_PAGE = 1000
_SETTLE_S = 0.2
"""How long a burst of events is let grow before it is looked at."""
_AFTER_ERROR_S = 60.0


class Receiver(Protocol):
    """Where messages go."""

    def post(self, message_id: str, sent_at: dt.datetime, body: bytes) -> Answer:
        """Try to deliver a message."""
        ...


@dataclass(frozen=True)
class Contact:
    """The last attempt, as far as this daemon made any."""

    answer: str = ""
    at: dt.datetime | None = None
    failing_since: dt.datetime | None = None


class Courier:
    """Starts, stops, and stops twice.

    Args:
        store: whose log is told.
        receiver: of the messages.
        masks: hide the secrets of each environment that is served; others are not told of.
        instruments: tell the time.
        faults: where a crash can be provoked.
        chance: spreads attempts; a number between 0 and 1.
    """

    def __init__(
        self,
        store: EventStore,
        receiver: Receiver,
        masks: Mapping[str, Callable[[str], str]],
        instruments: Instruments,
        faults: Faults,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.contact = Contact()
        self._store = store
        self._outbox = Outbox(store)
        self._receiver = receiver
        self._masks = masks
        self._instruments = instruments
        self._faults = faults
        self._chance = chance
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Follow the log from here on."""
        self._unsubscribe = self._store.subscribe(lambda _head: self._news.set())
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End; an attempt under way is not waited for any longer than this, and made again by the next daemon."""
        if not self._thread.is_alive():
            return
        self._unsubscribe()
        self._stopping.set()
        self._hurry.set()
        self._news.set()
        self._thread.join(timeout_s)

    @property
    def position(self) -> int:
        """Everything up to this position of the log is settled."""
        return self._outbox.position

    def waiting(self) -> int:
        """Count the messages that are not settled."""
        return sum(1 for _ in self._messages_after(self._outbox.position))

    def send_again(self, since: dt.datetime) -> None:
        """Send the messages of events since a time again, however old, and what waits at once."""
        self._outbox.ask_again(since)
        self._hurry.set()
        self._news.set()

    # --- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                self._catch_up()
            except StoreStopped:
                return
            except Exception:
                logger.exception("the webhook could not follow the log and will try again")
                self._stopping.wait(_AFTER_ERROR_S)
            else:
                self._news.wait()
                self._stopping.wait(_SETTLE_S)

    def _catch_up(self) -> None:
        """Settle everything up to the end of the log, however long that takes."""
        while not self._stopping.is_set():
            before = self._outbox.position
            page = self._store.read_all(before, _PAGE)
            if not page:
                return
            for recorded in page:
                if (message := self._message(recorded)) is not None:
                    if not self._settled(recorded, message, before):
                        break
                    before = recorded.position
            else:
                self._outbox.settle(before, page[-1].position, durably=len(page) == _PAGE)

    def _settled(self, recorded: ev.Recorded, message: Message, before: int) -> bool:
        """Bring a message to its end; false where it has none, because of a stop or because others come first."""
        for failures in itertools.count(1):
            self._hurry.clear()
            if self._stopping.is_set() or self._outbox.position != before:
                return False
            if self._is_too_old(recorded):
                logger.warning("the message %s (%s) is too old and is dropped", recorded.event_id, message.type)
                break
            answer = self._attempt(recorded, message)
            fate = delivery.fate(answer.code)
            self._tell(recorded, message, answer, fate)
            if fate is not Fate.RETRIED:
                self._faults(SENT, message.type)
                break
            self._hurry.wait(delivery.pause_s(failures, self._chance(), answer, self._instruments.now()))
        return self._outbox.settle(before, recorded.position, durably=True)

    def _attempt(self, recorded: ev.Recorded, message: Message) -> Answer:
        try:
            body = webhook_message.body(message, self._masks[message.data.environment])
            return self._receiver.post(recorded.event_id, self._instruments.now(), body)
        except Exception as error:
            logger.exception("the message %s could not be sent", recorded.event_id)
            return Answer(0, f"an unexpected {type(error).__name__}")

    def _tell(self, recorded: ev.Recorded, message: Message, answer: Answer, fate: Fate) -> None:
        now = self._instruments.now()
        since = None if fate is Fate.DELIVERED else self.contact.failing_since or now
        self.contact = Contact(answer.told, now, since)
        level = logging.INFO if fate is Fate.DELIVERED else logging.WARNING
        logger.log(level, "the message %s (%s) is %s: %s", recorded.event_id, message.type, fate.value, answer.told)

    def _is_too_old(self, recorded: ev.Recorded) -> bool:
        is_old = self._instruments.now() - recorded.at > delivery.KEPT_FOR
        return is_old and not self._outbox.is_asked_for(recorded.position)

    # --- messages ------------------------------------------------------------------------------------------------

    def _messages_after(self, position: int) -> Iterator[Message]:
        while page := self._store.read_all(position, _PAGE):
            yield from (message for recorded in page if (message := self._message(recorded)) is not None)
            position = page[-1].position

    def _message(self, recorded: ev.Recorded) -> Message | None:
        kind, _, rest = recorded.stream.partition("/")
        name = rest.partition("/")[0]
        if kind != "release" or name not in self._masks or not isinstance(recorded.event, webhook_message.TOLD):
            return None
        history = self._store.read(recorded.stream)[: recorded.version]
        return webhook_message.message(name, history)
