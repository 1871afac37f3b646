"""Whether messages of the webhook arrive, as far as this daemon has sent any."""

from __future__ import annotations

from released.domain.environments import checkup
from released.domain.environments.checkup import Check
from released.engine.courier import Courier


def receiver(courier: Courier) -> Check:
    """Look at what the receiver answered last."""
    contact = courier.contact
    return checkup.receiver(contact.answer, contact.failing_since, courier.waiting())
