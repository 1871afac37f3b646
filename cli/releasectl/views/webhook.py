"""How the webhook's messages arrive, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.text import Text

from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.tables import show
from releasectl.text.times import seconds_stamp
from releasectl.views.status import Fact, facts_table
from releasepb.v1 import releases_pb2 as pb


def print_webhook(webhook: pb.Webhook, settings: Settings) -> None:
    """Print where messages go, how many wait, and what the receiver answered last."""
    show(Group(Text("webhook", style="bold"), facts_table(_facts(webhook))), settings)


def _facts(webhook: pb.Webhook) -> Iterable[Fact]:
    yield "url", one_line(webhook.url)
    yield "settled", f"up to event {webhook.position} of {webhook.head} in the log"
    yield "waiting", Text(_messages(webhook.waiting), style="yellow" if webhook.waiting else "")
    if webhook.last_answer:
        yield "last answer", f"{one_line(webhook.last_answer)}, {seconds_stamp(webhook.last_answer_at)}"
    if webhook.HasField("failing_since"):
        yield "failing", Text(f"since {seconds_stamp(webhook.failing_since)}", style="red")


def _messages(count: int) -> str:
    return {0: "nothing", 1: "1 message"}.get(count, f"{count} messages")
