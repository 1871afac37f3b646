"""Two releases held against each other: commits, images, configuration, scripts, durations, checks and outputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from released.domain import events as ev
from released.domain.durations import format_duration
from released.domain.ids import Phase
from released.domain.releases import release
from released.domain.releases.plan import ReleasePlan, ServicePlan
from released.domain.releases.release import ReleaseState, required

EXECUTABLES = ("pre_start_init", "post_start_init", "ensure_config", "post_data_restore", "post_restore_fixes")
"""The fields of a service's plan that hold what is run for it; they have a section of their own."""
_WORTH_TELLING_S = 5.0
"""A step that takes less on either side says little by how long it takes."""

Facts = dict[tuple[str, str], str]
"""By section and subject; what is not there has no key."""


class Difference(msgspec.Struct, frozen=True):
    """One thing in which two releases differ; empty on the side that lacks it."""

    section: str
    """commits, images, configuration, scripts, outcome, durations, checks or outputs."""
    subject: str
    left: str
    right: str


def compare(left: Sequence[ev.Recorded], right: Sequence[ev.Recorded]) -> tuple[Difference, ...]:
    """Tell in what the latest runs of two tickets differ.

    Args:
        left: the record of one ticket; it was run.
        right: the record of the other, likewise.
    """
    before, after = facts(left), facts(right)
    return tuple(
        Difference(section, subject, before.get((section, subject), ""), after.get((section, subject), ""))
        for section, subject in dict.fromkeys((*before, *after))
        if before.get((section, subject)) != after.get((section, subject))
    )


def facts(events: Sequence[ev.Recorded]) -> Facts:
    """List what there is to compare of a ticket's latest run, in the order in which it is told."""
    state = release.fold(events)
    plan = required(state.plan)
    sections = {
        "commits": _commits(plan),
        "images": _images(state),
        "configuration": (one for service in plan.services for one in _configuration(service)),
        "scripts": _scripts(plan),
        "outcome": _outcome(state),
        "durations": _durations(state),
        "checks": _checks(state),
        "outputs": _outputs(state),
    }
    return {(section, subject): value for section, found in sections.items() for subject, value in found if value}


def _commits(plan: ReleasePlan) -> Iterator[tuple[str, str]]:
    yield from (("base", plan.base_sha), ("merge", plan.merge_sha), ("branch", plan.branch))


def _images(state: ReleaseState) -> Iterator[tuple[str, str]]:
    for one in state.results(ev.ImageReady, Phase.MIGRATE):
        yield one.service, " ".join((one.reference, one.image_id, *one.digests)).strip()


def _configuration(service: ServicePlan) -> Iterator[tuple[str, str]]:
    """Flatten what a manifest says, but for the image and the executables, which have sections of their own."""
    known: dict[str, Any] = msgspec.to_builtins(service)
    for told_elsewhere in ("name", "image", *EXECUTABLES):
        known.pop(told_elsewhere)
    yield f"{service.name}.image", service.image.reference if service.image else ""
    yield from ((f"{service.name}.{path}", value) for path, value in _flat("", known))


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(f"{path}.{key}" if path else str(key), inner)
        case list() if any(isinstance(one, dict) for one in value):
            for number, inner in enumerate(value, start=1):
                yield from _flat(f"{path}[{number}]", inner)
        case list():
            yield path, ", ".join(str(one) for one in value)
        case _:
            yield path, "" if value is None else str(value)


def _scripts(plan: ReleasePlan) -> Iterator[tuple[str, str]]:
    hooks = (hook for one in plan.services for name in EXECUTABLES for hook in getattr(one, name))
    yield from ((executable.path, executable.blob) for executable in (*hooks, *plan.scripts))


def _outcome(state: ReleaseState) -> Iterator[tuple[str, str]]:
    yield "state", state.status
    yield "failure", state.halt.failure.code if state.halt else ""
    yield "services", ", ".join(service.name for service in required(state.plan).services)
    for name, step in state.steps.items():
        yield f"attempts of {name}", str(step.attempt) if step.attempt > 1 else ""
    for override in state.overrides:
        yield f"override {override.kind}", f"{override.detail} ({override.reason})"


def _durations(state: ReleaseState) -> Iterator[tuple[str, str]]:
    for name, step in state.steps.items():
        if step.started_at and step.ended_at:
            yield name, _told(step.ended_at - step.started_at)


def _told(took: dt.timedelta) -> str:
    seconds = took.total_seconds()
    return format_duration(seconds) if seconds >= _WORTH_TELLING_S else ""


def _checks(state: ReleaseState) -> Iterator[tuple[str, str]]:
    for name, step in state.steps.items():
        if isinstance(step.result, ev.Checked):
            yield name, "; ".join(step.result.lines)


def _outputs(state: ReleaseState) -> Iterator[tuple[str, str]]:
    for name, step in state.steps.items():
        if step.output is not None:
            yield name, f"{step.output.bytes} bytes, sha256 {step.output.sha256[:12]}"
