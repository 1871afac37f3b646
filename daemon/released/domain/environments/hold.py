"""Keeping releases out by hand: who may begin it and end it, what a start is told, and what one that goes on."""

from __future__ import annotations

import datetime as dt

from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState, Hold
from released.domain.errors import Refused
from released.domain.releases import next_steps
from released.domain.requests import reused


def refuse_held(environment: EnvironmentState, now: dt.datetime) -> None:
    """Refuse to start while a person keeps releases out.

    Raises:
        Refused: ``held``, with who, since when and why.
    """
    hold = environment.hold_at(now)
    if hold is not None:
        raise Refused("held", told(hold), next_steps.unhold())


def told(hold: Hold) -> str:
    """Tell who keeps releases out, since when, until when and why."""
    until = f" until {hold.until:%Y-%m-%dT%H:%M:%SZ}" if hold.until else ""
    since = f"{hold.since:%Y-%m-%dT%H:%M:%SZ}"
    return f"{hold.actor.name} keeps releases out of this environment since {since}{until}: {hold.reason}"


def told_resumed(hold: Hold) -> str:
    """Tell who lets a halted release go on that somebody keeps releases out: it began before, so it is not stopped."""
    return f"{told(hold)}\nThat keeps starts out; a release that began before goes on."


def admit_change(asked: ev.Held | ev.Unheld, environment: EnvironmentState, now: dt.datetime) -> None:
    """Refuse to take the place of another person's hold, to end one that is not there, and one that would be over.

    Raises:
        Refused: ``held_already``, with who, since when and why; ``not_held``; ``hold_over``.
    """
    hold = environment.hold_at(now)
    if isinstance(asked, ev.Held) and hold is not None:
        raise Refused("held_already", f"{told(hold)}\nEnd that first, then hold again.", next_steps.unhold())
    if isinstance(asked, ev.Held) and asked.until is not None and asked.until <= now:
        over = f"{asked.until:%Y-%m-%dT%H:%M:%SZ} is over already: it would keep nobody out. Give a later --until."
        raise Refused("hold_over", over)
    if isinstance(asked, ev.Unheld) and hold is None:
        raise Refused("not_held", "Nobody keeps releases out of this environment, so there is nothing to end.")


def refuse_overtaken(given: ev.Recorded, asked: ev.Held | ev.Unheld, environment: EnvironmentState) -> None:
    """Let a hold, or its end, be answered as done only while it stands: a request acts only once.

    Args:
        given: what is on record under the request's id.
        asked: what is asked for now.
        environment: as it stands.

    Raises:
        InvalidInput: ``request_id_reused``: the hold that the id belongs to had another reason.
        Refused: ``request_overtaken``: somebody lifted the hold since, or keeps releases out again.
    """
    if isinstance(asked, ev.Held) and isinstance(given.event, ev.Held) and given.event.reason != asked.reason:
        raise reused(given)
    hold = environment.hold
    stands = hold is not None and hold.since == given.at if isinstance(asked, ev.Held) else hold is None
    if not stands:
        done = "kept releases out" if isinstance(asked, ev.Held) else "let releases in"
        raise Refused(
            "request_overtaken",
            f"This request {done} at {given.at:%Y-%m-%dT%H:%M:%SZ}, and somebody changed that since. A request acts "
            "only once; to act again, leave --request-id out.",
            next_steps.look_at_lock(),
        )
