"""The live tree of a release: phases, the steps of the phase that matters, and what its running step prints.

Finished phases take one line each, so that the place where something happens is always in sight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import set_cell_size
from rich.text import Text

from releasectl.text.durations import format_duration
from releasectl.text.symbols import style, symbol
from releasectl.text.terminal import fit
from releasectl.views.progress import PhaseSpan, Progress, StepSpan

TAIL_LINES = 3
_STATUS_WIDTH = 13
_TIME_WIDTH = 7
_HINT_WIDTH = 20
_NARROWEST_NAME = 24
_WIDEST = 110
_SHORT_SHA = 10
_FEWEST_STEPS = 3


@dataclass(frozen=True)
class Tree:
    """A run at a moment, ready to be drawn.

    Attributes:
        progress: the run.
        now: the moment up to which running things have taken their time.
        estimates_s: what phases usually take, in seconds.
        tail: the last lines that the running step printed, clean.
        notice: a sentence about the connection, empty where all is well.
    """

    progress: Progress
    now: dt.datetime
    estimates_s: Mapping[str, float] = field(default_factory=dict)
    tail: Sequence[str] = ()
    notice: str = ""

    def lines(self, columns: int, rows: int) -> list[Text]:
        """Draw lines of at most so many columns; steps that are out of the way are summed up to fit into the rows."""
        width = min(columns, _WIDEST)
        head = [*self._heading(width), Text()]
        foot = [Text(fit(f"▸ {self.notice}", width), style="yellow")] if self.notice else []
        room = rows - len(head) - len(foot) - len(self.progress.phases) - 1
        body = [line for phase in self.progress.phases.values() for line in self._phase(phase, width, room)]
        return [*head, *body, *foot]

    def _heading(self, width: int) -> Iterator[Text]:
        progress = self.progress
        yield _row(f"ticket {progress.ticket}", progress.state, progress.took_s(self.now), "", width, "bold")
        place = f" in {progress.environment}" if progress.environment else ""
        run = f"run {progress.run}{place}" if progress.run else ""
        span = f"{progress.base_sha[:_SHORT_SHA]} → {progress.merge_sha[:_SHORT_SHA]}" if progress.merge_sha else ""
        facts = [part for part in (run, span, ", ".join(progress.services)) if part]
        yield Text(fit("   ".join(facts), width), style="dim")

    def _phase(self, phase: PhaseSpan, width: int, room: int) -> Iterator[Text]:
        name = f"{symbol(phase.status)} {phase.name}"
        yield _row(name, phase.status, phase.took_s(self.now), self._phase_hint(phase), width, style(phase.status))
        if phase is self.progress.current:
            yield from self._steps(phase, width, room)

    def _phase_hint(self, phase: PhaseSpan) -> str:
        estimate_s = self.estimates_s.get(phase.name)
        if phase.status in ("pending", "running") and estimate_s and self.progress.ended_at is None:
            return f"of about {format_duration(estimate_s)}" if phase.status == "running" else _about(estimate_s)
        if phase.status == "done" and phase is not self.progress.current:
            return _count(len(phase.steps))
        return phase.note.removesuffix(f" in {phase.name}")

    def _steps(self, phase: PhaseSpan, width: int, room: int) -> Iterator[Text]:
        steps = list(phase.steps.values())
        first, last = _window(steps, max(room - TAIL_LINES - 2, _FEWEST_STEPS))
        if first:
            yield Text(f"  ✓ {first} more done", style="dim")
        for step in steps[first:last]:
            yield from self._step(step, width)
        if last < len(steps):
            yield Text(f"  · {len(steps) - last} more to come", style="dim")

    def _step(self, step: StepSpan, width: int) -> Iterator[Text]:
        hint = f"attempt {step.attempt}" if step.attempt > 1 else ""
        status = "" if step.status == "pending" else step.status
        yield _row(
            f"  {symbol(step.status)} {step.name}", status, step.took_s(self.now), hint, width, style(step.status)
        )
        for line in step.lines:
            yield Text(fit(f"      {line}", width), style="red" if step.status == "failed" else "dim")
        if step.status == "running":
            for line in self.tail[-TAIL_LINES:]:
                yield Text(fit(f"    │ {line.expandtabs(4)}", width), style="dim")


def _row(name: str, status: str, took_s: float | None, hint: str, width: int, look: str) -> Text:
    """Lay out a name, its status in words, its time (right-aligned) and a hint."""
    name_width = max(width - _STATUS_WIDTH - _TIME_WIDTH - _HINT_WIDTH - 3, _NARROWEST_NAME)
    time = "" if took_s is None else format_duration(took_s)
    text = Text(set_cell_size(fit(name, name_width), name_width), style=look)
    text.append(f" {status.replace('_', ' '):<{_STATUS_WIDTH}}", style=style(status))
    text.append(f"{time:>{_TIME_WIDTH}}", style="not bold default")
    text.append(f"  {hint}", style="not bold dim")
    text.rstrip()
    return _cut(text, width)


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


def _window(steps: Sequence[StepSpan], room: int) -> tuple[int, int]:
    """Choose which steps to show: those around the one that runs or failed, or the last ones."""
    if len(steps) <= room:
        return 0, len(steps)
    busy = next((index for index, step in enumerate(steps) if step.status != "done"), len(steps) - 1)
    first = min(max(busy - room // 2, 0), len(steps) - room)
    return first, first + room


def _about(seconds: float) -> str:
    return f"about {format_duration(seconds)}"


def _count(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'}"
