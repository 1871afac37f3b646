"""The service ``Webhooks``: where the messages of the daemon stand."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import grpc

from released.api import convert, requests
from released.api.hub import Hub, actor, answering
from released.domain.errors import InvalidInput, NotFound
from released.domain.webhook import url
from released.engine.courier import Courier
from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

logger = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]


class Webhooks(rpc.WebhooksServicer):
    """Shows the webhook, and sends its messages again."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def GetWebhook(self, request: pb.GetWebhookRequest, context: Context) -> pb.Webhook:  # noqa: ARG002 (gRPC's signature)
        """Tell where messages go and how the receiver answers."""
        async with answering(context):
            courier = self._courier()
            return await self._hub.blocking(lambda: self._webhook(courier))

    async def ReplayWebhook(self, request: pb.ReplayWebhookRequest, context: Context) -> pb.Webhook:
        """Send the messages of events since a time again."""
        async with answering(context):
            courier, since = self._courier(), _since(request)
            logger.info("%s has the webhook's messages since %s sent again", actor(context).name, since.isoformat())
            await self._hub.blocking(lambda: courier.send_again(since))
            return await self._hub.blocking(lambda: self._webhook(courier))

    def _courier(self) -> Courier:
        if self._hub.courier is None:
            raise NotFound(
                "webhook_missing",
                "This daemon has no webhook. Name one under `webhook` in its configuration, then start it again.",
            )
        return self._hub.courier

    def _webhook(self, courier: Courier) -> pb.Webhook:
        configured, contact = self._hub.configuration.webhook, courier.contact
        return pb.Webhook(
            url=url.shown(configured.url) if configured else "",
            position=courier.position,
            head=self._hub.store.head(),
            waiting=courier.waiting(),
            last_answer=convert.printable(contact.answer),
            last_answer_at=convert.timestamp(contact.at),
            failing_since=convert.timestamp(contact.failing_since),
        )


def _since(request: pb.ReplayWebhookRequest) -> dt.datetime:
    if not request.HasField("since"):
        raise InvalidInput("since_missing", "Nothing says from when on messages are to be sent again.")
    return requests.moment(request.since)
