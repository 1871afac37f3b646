"""Runs the detection commands of the playbooks that tell of a failure, in a sandbox, and records what they found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from released.adapters.commands.sandbox import Ran, Sandbox
from released.adapters.commands.searching import search
from released.adapters.docker.window import window
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.playbooks.detection import pattern_of
from released.domain.playbooks.matching import Match
from released.domain.playbooks.placeholders import Values, fill, fill_expectation, recorded_values
from released.domain.playbooks.playbook import Detection
from released.domain.playbooks.recorded_failure import RecordedFailure
from released.domain.releases import release
from released.domain.requests import refuse_reused
from released.engine.instruments import id_of_detection
from released.engine.station import Station
from released.phases.world import World
from released.store.errors import Conflict, DuplicateEvent
from released.store.event_store import NewEvent, StreamWrite

_MOST = 3
"""Playbooks whose detection is run: those behind them are hardly the cause."""
_TAIL_BYTES = 2048


def wanted(station: Station, *, asked: bool) -> bool:
    """Tell whether detection commands run now.

    Raises:
        Refused: ``detection_off``, they were asked for where the configuration forbids them.
    """
    policy = station.world.settings.playbooks.detect
    if asked and policy == "never":
        raise Refused(
            "detection_off",
            f"Detection commands do not run in {station.name}: the configuration says playbooks.detect: never.",
        )
    return asked or policy == "always"


def detect(
    station: Station,
    failure: RecordedFailure,
    matches: Sequence[Match],
    request_id: str,
    actor: ev.Actor,
    hidden: Sequence[Path],
) -> None:
    """Run the detection of the best matches of a failure, and record what it found.

    Sent twice with one request id, it is run and recorded once.

    Args:
        station: the environment.
        failure: of a ticket of it.
        matches: the playbooks that tell of it, the best first.
        request_id: made by the client.
        actor: who asks.
        hidden: files and folders that commands are not to see.

    Raises:
        Refused: ``sandbox_missing``.
        InvalidInput: the request's id was used for another ticket.
    """
    stream = failure.recorded.stream
    with window(station.world.settings.docker) as engine:
        sandbox = Sandbox(station.world.root, tuple(hidden), engine)
        for match in [one for one in matches if one.playbook.detection][:_MOST]:
            event_id = id_of_detection(station.name, request_id, match.playbook.id)
            if (given := station.store.find(event_id)) is not None:
                refuse_reused(given, "playbook match", stream)
                continue
            values = values_of(station, failure, match)
            ran = ev.DetectionRan(
                request_id,
                match.playbook.id,
                failure.recorded.version,
                tuple(_check(station.world, sandbox, one, values) for one in match.playbook.detection),
            )
            _record(station, stream, event_id, ran, actor)


def values_of(station: Station, failure: RecordedFailure, match: Match) -> Values:
    """Gather what a playbook's placeholders stand for in a failure."""
    ticket = failure.recorded.stream.removeprefix(ev.release_stream(station.name, ""))
    state = release.fold(station.events(ticket)[: failure.recorded.version])
    settings = station.world.settings
    place = {"ticket": ticket, "remote": settings.remote, "branch": settings.branch, "environment": station.name}
    return {**place, **recorded_values(state, failure.facts.services, match.found)}


def _check(world: World, sandbox: Sandbox, detection: Detection, values: Values) -> ev.DetectionCheck:
    filled, expected = fill(detection.command, values), fill_expectation(detection.expect, values)
    command = world.mask(filled.command)
    if missing := dict.fromkeys((*filled.missing, *expected.missing)):
        names = ", ".join(f"<{name}>" for name in missing)
        return ev.DetectionCheck(command, failed=f"The record does not say what {names} stands for.")
    ran = sandbox.run(filled.command, network=detection.network)
    found, failed = _judged(expected.command, ran)
    return ev.DetectionCheck(command, ran.exit_code, found, _tail(world.mask(ran.output)), failed=failed)


def _judged(expected: str, ran: Ran) -> tuple[bool, str]:
    """Tell whether it was found, or why nobody can tell."""
    if ran.ended_for:
        return False, f"It was ended: {ran.ended_for}."
    pattern = pattern_of(expected)
    try:
        return (expected in ran.output if pattern is None else search(pattern, ran.output)), ""
    except TimeoutError as error:
        return False, f"Nobody can tell: {error}."


def _tail(output: str) -> str:
    encoded = output.encode()
    return output if len(encoded) <= _TAIL_BYTES else encoded[-_TAIL_BYTES:].decode(errors="ignore").partition("\n")[2]


def _record(station: Station, stream: str, event_id: str, ran: ev.DetectionRan, actor: ev.Actor) -> None:
    instruments = station.instruments
    while station.store.find(event_id) is None:
        with suppress(Conflict, DuplicateEvent):
            new = NewEvent(event_id, instruments.now(), actor, ran)
            version = len(station.store.read(stream))
            station.store.append([StreamWrite(stream, version, (new,))], station.fence)
