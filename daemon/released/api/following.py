"""Following a release: its record from a position on, then what happens, and the output of its steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from released.api import convert
from released.api.hub import Hub, News
from released.domain import release
from released.domain.ids import Phase
from released.domain.outcome import outcome
from released.domain.release import ReleaseState, StepState
from released.engine.estimates import median_durations_s
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


async def watch(hub: Hub, station: Station, request: pb.WatchRequest) -> AsyncIterator[pb.WatchItem]:
    """Follow a ticket from a version on, without gap or duplicate, until its release rests."""
    news = News(station.store)
    try:
        state = release.fold(await hub.blocking(lambda: station.events(request.ticket)))
        sent = request.after_version
        estimates = await hub.blocking(lambda: _estimates(station))
        tail = OutputTail(station, request.ticket)
        told = False
        while True:
            fresh = await hub.blocking(lambda: station.events(request.ticket, min(sent, state.version)))
            state = release.fold((one for one in fresh if one.version > state.version), state)
            for recorded in (one for one in fresh if one.version > sent):
                yield pb.WatchItem(event=convert.event(recorded))
                sent = recorded.version
            if not told:
                yield pb.WatchItem(recorded=pb.Recorded(estimates=estimates))
                told = True
            if not state.is_running:
                await hub.blocking(lambda: hub.projector.wait_for(station.store.head(), 5.0))
                yield pb.WatchItem(end=convert.end(state, outcome(state, str(station.world.root))))
                return
            if request.with_output:
                for chunk in tail.fresh(state):
                    yield pb.WatchItem(output=chunk)
            await news.wait(_OUTPUT_PAUSE_S if request.with_output else _EVENT_PAUSE_S)
    finally:
        news.close()


def _estimates(station: Station) -> list[pb.Estimate]:
    past = list_releases(station.store, station.name, "released", _ESTIMATED_FROM)
    medians = median_durations_s(station.events(one.ticket) for one in past)
    return [pb.Estimate(phase=phase, median_s=seconds) for phase, seconds in medians.items()]


class OutputTail:
    """The end of the running step's output, then what is added to it."""

    def __init__(self, station: Station, ticket: str) -> None:
        self._station = station
        self._ticket = ticket
        self._file: Path | None = None
        self._offset = 0

    def fresh(self, state: ReleaseState) -> Iterator[pb.OutputChunk]:
        """Give what the running step printed since the last call."""
        step = state.current_step
        if step is None:
            return
        file = output_file(self._station, state, step)
        if file != self._file:
            size = file.stat().st_size if file.exists() else 0
            self._file, self._offset = file, max(size - _TAIL, 0)
        while data := read_output(file, self._offset, _CHUNK):
            yield pb.OutputChunk(step=step.name, attempt=step.attempt, untrusted_data=data, offset=self._offset)
            self._offset += len(data)


def output_file(station: Station, state: ReleaseState, step: StepState) -> Path:
    """Name the output of a step's latest attempt."""
    folder = attempt_folder(station.name, state.ticket, state.run, step.name, step.attempt)
    return station.world.state_dir / folder / "output"


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
                file = output_file(station, state, step)
                while data := read_output(file, offsets.get(file, 0), _CHUNK):
                    offset = offsets.get(file, 0)
                    yield pb.OutputChunk(step=step.name, attempt=step.attempt, untrusted_data=data, offset=offset)
                    offsets[file] = offset + len(data)
            if not request.follow or not state.is_running:
                return
            await news.wait(_OUTPUT_PAUSE_S)
    finally:
        news.close()


def _wanted(state: ReleaseState, phase: Phase | None, name: str) -> list[StepState]:
    return [
        step
        for step in state.steps.values()
        if step.attempt > 0 and (phase is None or step.phase == phase) and name in ("", step.name)
    ]
