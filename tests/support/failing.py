"""Releases that fail: in each phase, and in ways that nobody knows."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.surroundings import Surroundings
from support.given_when_then import phase_done, prepared, requested, started, step_begun, step_done


def halt(phase: Phase, step: str | None, failure: Failure, seen: Surroundings | None = None) -> list[ev.Event]:
    """Build a step that fails, and the halt after it."""
    began: list[ev.Event] = [step_begun(step), ev.StepFailed(step, 1, failure)] if step else []
    return [*began, ev.Halted(phase, "failed", step, failure, seen)]


def in_prepare(failure: Failure) -> list[ev.Event]:
    """Build a release of web that halts in prepare."""
    return [requested(), started(Phase.PREPARE, "web.backup"), *halt(Phase.PREPARE, "web.backup", failure)]


def in_migrate(failure: Failure, step: str = "web.healthy", seen: Surroundings | None = None) -> list[ev.Event]:
    """Build a release of web that halts in migrate."""
    recreated = step_done("web.recreate", ev.Recreated("web", {"web": "id"})) if step == "web.healthy" else []
    begun = started(Phase.MIGRATE, "web.image", "web.recreate", "web.healthy")
    return [requested(), *prepared(), begun, *recreated, *halt(Phase.MIGRATE, step, failure, seen)]


def in_ticket(failure: Failure) -> list[ev.Event]:
    """Build a release of web that halts in ticket."""
    migrated = phase_done(Phase.MIGRATE, {"web.recreate": ev.Recreated("web", {"web": "id"})})
    begun = started(Phase.TICKET, "1234-work.sh")
    return [requested(), *prepared(), *migrated, begun, *halt(Phase.TICKET, "1234-work.sh", failure)]


def in_verify(failure: Failure) -> list[ev.Event]:
    """Build a release of web that halts in verify."""
    migrated = phase_done(Phase.MIGRATE, {"web.recreate": ev.Recreated("web", {"web": "id"})})
    before = [requested(), *prepared(), *migrated, ev.PhaseSkipped(Phase.TICKET, "none")]
    return [*before, started(Phase.VERIFY, "web.verify"), *halt(Phase.VERIFY, "web.verify", failure)]


UNKNOWN = {
    "project_ambiguous": in_migrate(Failure("project_ambiguous", "Two projects have web. Recreate it."), "web.image"),
    "not_recreated": in_migrate(Failure("not_recreated", "The containers of web are the old ones."), "web.image"),
    "recreate_failed": in_migrate(Failure("recreate_failed", "web could not be recreated: no."), "web.image"),
    "engine_unreachable": in_migrate(Failure("engine_unreachable", "The engine does not answer (x)."), "web.image"),
    "engine_refused": in_prepare(Failure("engine_refused", "The engine answered: no.")),
    "script_timeout": in_ticket(Failure("script_timeout", "releases/1234-work.sh ran longer than its limit (9 s).")),
    "script_changed": in_ticket(Failure("script_changed", "releases/1234-work.sh is not what it was. Restore it.")),
    "internal_error": in_ticket(Failure("internal_error", "1234-work.sh met an unexpected OSError: x")),
    "volume_differs": in_prepare(Failure("volume_differs", "What was read back differs.")),
    "never_seen_before": in_verify(Failure("never_seen_before", "Something new happened.", evidence="who knows")),
}
"""Ten failures with codes that no row of the table of causes has, and no playbook knows, by their code."""
