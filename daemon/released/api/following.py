"""Following a release: its record from a position on, then what happens, and the output of its steps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from released.api import convert
from released.api.diagnoses import diagnosis
from released.api.hub import Hub, News
from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import release
from released.domain.releases.outcome import FAILED, IN_DOUBT
from released.domain.releases.release import ReleaseState
from released.domain.releases.step_state import StepState
from released.engine.diagnosing import diagnosed
from released.engine.estimates import median_durations_s
from released.engine.playbooks.unknown_failures import told
from released.engine.slots import attempt_folder
from released.engine.station import Station
from released.store.outputs import read_output
from released.store.release_list import list_releases
from releasepb.v1 import releases_pb2 as pb

_OUTPUT_PAUSE_S = 0.25
"""How often the output of a running step is looked at while somebody watches."""
_EVENT_PAUSE_S = 30.0
_CHUNK = 65536
_TAIL = 4096
_ESTIMATED_FROM = 10
_PROJECTION_S = 5.0
_DIAGNOSIS_S = 10.0
"""How long whoever waits for the end of a release is let wait for the diagnosis."""

logger = logging.getLogger(__name__)


async def watch(hub: Hub, station: Station, request: pb.WatchRequest) -> AsyncIterator[pb.WatchItem]:
    """Follow a ticket from a version on, without gap or duplicate, until its release rests."""
    news, record = News(station.store), Record(station, request.ticket, request.after_version)
    try:
        estimates = await hub.blocking(lambda: _estimates(station))
        for recorded in await hub.blocking(record.fresh):
            yield pb.WatchItem(event=convert.event(recorded))
        yield pb.WatchItem(recorded=pb.Recorded(estimates=estimates))
        tail = OutputTail(station, record.state) if request.with_output else None
        while record.state.is_running:
            for chunk in tail.fresh(record.state) if tail else ():
                yield pb.WatchItem(output=chunk)
            await news.wait(_OUTPUT_PAUSE_S if tail else _EVENT_PAUSE_S)
            for recorded in await hub.blocking(record.fresh):
                for chunk in tail.rest(record.state, recorded.event) if tail else ():
                    yield pb.WatchItem(output=chunk)
                yield pb.WatchItem(event=convert.event(recorded))
        # Who is told that it is over finds the derived files written.
        await hub.blocking(lambda: hub.projector.wait_for(station.store.head(), _PROJECTION_S))
        yield pb.WatchItem(end=await told_end(hub, station, record.state))
    finally:
        news.close()


async def told_end(hub: Hub, station: Station, state: ReleaseState) -> pb.End:
    """Tell how it came out, and what is the matter where it did not end well, if that is to be had soon."""
    outcome = await hub.blocking(lambda: told(station, state))
    end = convert.end(state, outcome)
    if outcome.exit_code in (FAILED, IN_DOUBT):
        try:
            # Looks that wait for somebody outside share few threads: a hung remote must not keep the end from anybody.
            async with asyncio.timeout(_DIAGNOSIS_S):
                found = await hub.patiently(station, lambda: diagnosed(station, state.ticket))
            end.diagnosis.CopyFrom(diagnosis(found, station.name))
        except Exception:
            logger.exception("%s: the end of %s is told without a diagnosis", station.name, state.ticket)
    return end


class Record:
    """A ticket's record, read as it grows."""

    def __init__(self, station: Station, ticket: str, after: int) -> None:
        self._station = station
        self._ticket = ticket
        self._after = after
        self.state = ReleaseState()

    def fresh(self) -> list[ev.Recorded]:
        """Read what was recorded since the last call, and from the version on that was asked for."""
        events = self._station.events(self._ticket, self.state.version)
        self.state = release.fold(events, self.state)
        return [recorded for recorded in events if recorded.version > self._after]


def medians_s(station: Station) -> dict[Phase, float]:
    """Give what each phase took in past releases of the environment, in seconds."""
    past = list_releases(station.store, station.name, "released", _ESTIMATED_FROM)
    return median_durations_s(station.events(one.ticket) for one in past)


def _estimates(station: Station) -> list[pb.Estimate]:
    return [pb.Estimate(phase=phase, median_s=seconds) for phase, seconds in medians_s(station).items()]


class OutputTail:
    """What the steps of a release print from now on, and before it the end of what the running one printed so far."""

    def __init__(self, station: Station, state: ReleaseState) -> None:
        self._station = station
        self._offsets: dict[Path, int] = {}
        step = state.current_step
        file = output_file(station, state, step.name, step.attempt) if step else None
        if file and file.exists():
            self._offsets[file] = max(file.stat().st_size - _TAIL, 0)

    def fresh(self, state: ReleaseState) -> Iterator[pb.OutputChunk]:
        """Give what the running step printed since the last call."""
        step = state.current_step
        return self._chunks(state, step.name, step.attempt) if step else iter(())

    def rest(self, state: ReleaseState, event: ev.Event) -> Iterator[pb.OutputChunk]:
        """Give what the step whose outcome is told printed at last, be it all that it printed."""
        match event:
            case ev.StepSucceeded() | ev.StepFailed() | ev.StepInterrupted():
                return self._chunks(state, event.step, event.attempt)
            case _:
                return iter(())

    def _chunks(self, state: ReleaseState, step: str, attempt: int) -> Iterator[pb.OutputChunk]:
        file = output_file(self._station, state, step, attempt)
        offset = self._offsets.get(file, 0)
        while data := read_output(file, offset, _CHUNK):
            yield pb.OutputChunk(step=step, attempt=attempt, untrusted_data=data, offset=offset)
            offset += len(data)
            self._offsets[file] = offset


def output_file(station: Station, state: ReleaseState, step: str, attempt: int) -> Path:
    """Name the output of an attempt of a step in the latest run."""
    return station.world.state_dir / attempt_folder(station.name, state.ticket, state.run, step, attempt) / "output"


async def read_steps(
    hub: Hub, station: Station, request: pb.ReadOutputRequest, phase: Phase | None
) -> AsyncIterator[pb.OutputChunk]:
    """Read the output of a run's steps in order, and follow it where that is asked for."""
    news = News(station.store)
    offsets: dict[Path, int] = {}
    try:
        while True:
            state = await hub.blocking(lambda: station.release(request.ticket))
            for step in _wanted(state, phase, request.step):
                file = output_file(station, state, step.name, step.attempt)
                if file not in offsets and (notice := _no_longer_kept(step, file)):
                    yield pb.OutputChunk(step=step.name, attempt=step.attempt, untrusted_data=notice)
                    offsets[file] = 0
                while data := read_output(file, offsets.get(file, 0), _CHUNK):
                    offset = offsets.get(file, 0)
                    yield pb.OutputChunk(step=step.name, attempt=step.attempt, untrusted_data=data, offset=offset)
                    offsets[file] = offset + len(data)
            if not request.follow or not state.is_running:
                return
            await news.wait(_OUTPUT_PAUSE_S)
    finally:
        news.close()


def _no_longer_kept(step: StepState, file: Path) -> bytes:
    """Say that what a step printed has expired; nothing where it is there, or was never printed."""
    if step.output is None or not step.output.bytes or file.exists():
        return b""
    return f"[released: {step.output.bytes} bytes of output are not kept any more]\n".encode()


def _wanted(state: ReleaseState, phase: Phase | None, name: str) -> list[StepState]:
    return [
        step
        for step in state.steps.values()
        if step.attempt > 0 and (phase is None or step.phase == phase) and name in ("", step.name)
    ]
