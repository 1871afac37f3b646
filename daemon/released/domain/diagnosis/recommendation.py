"""Resume or revert, and why (spec: Resume or revert?)."""

from __future__ import annotations

from released.domain.diagnosis.case import Case
from released.domain.diagnosis.certainty import is_touched
from released.domain.diagnosis.conclusion import Conclusion, Fault
from released.domain.diagnosis.document import Recommendation
from released.domain.durations import format_duration
from released.domain.releases import lifecycle

PATIENCE_S = 3600.0
"""An hour after the failure the fix is rather shipped tomorrow."""


def recommend(case: Case, conclusion: Conclusion) -> Recommendation:
    """Recommend one way on."""
    match case.kind:
        case "halted":
            return _of_halt(case, conclusion)
        case "in_doubt":
            return Recommendation("settle", "Only a person can know what took effect; then the release goes on.")
        case "refused" if case.state.status == lifecycle.RELEASED:
            return Recommendation("nothing", "The command was refused and changed nothing: what it released stands.")
        case "refused" | "nothing_to_do":
            return Recommendation("run", "Nothing was changed: mend the cause, then ask again.")
        case "running":
            return Recommendation("wait", "The release moves by itself, and no slower than usual.")
        case "overdue":
            return Recommendation(
                "wait", "It takes longer than usual: look at what the step prints before you stop it."
            )
        case _:
            return Recommendation("nothing", "It is over; nothing waits for a decision.")


def _of_halt(case: Case, conclusion: Conclusion) -> Recommendation:
    if conclusion.fault is Fault.VERSION:
        choice = "nothing" if case.state.is_way_back else "revert"
        return Recommendation(choice, "Only the version of released that began the phase can go on with it.")
    if case.state.is_way_back:
        return Recommendation("resume", "On the way back only going on leads to a whole state.")
    if conclusion.fault is Fault.PATIENCE:
        return Recommendation("resume", "What was released is not at fault.")
    if not is_touched(case.state):
        return Recommendation("resume", f"Nothing that is deployed was touched yet: {_mend(conclusion)}, then go on.")
    if case.about("migration"):
        return Recommendation("revert", "The migration left state that cannot be rolled forward through.")
    if conclusion.fault is Fault.RELEASED:
        return Recommendation("revert", "The bug is in what was released: take it back, and ship the fix tomorrow.")
    stood_s = _stood_s(case)
    if stood_s > PATIENCE_S:
        since = format_duration(stood_s)
        return Recommendation(
            "revert", f"It has stood halted for {since}: unless it can be mended now, ship it tomorrow."
        )
    whose = "The fault is not" if conclusion.fault is Fault.HOST else "Nothing says that the fault is"
    return Recommendation("resume", f"{whose} in what was released: {_mend(conclusion)}, then go on.")


def _mend(conclusion: Conclusion) -> str:
    return "mend the cause by a commit" if conclusion.fault is Fault.RELEASED else "mend the cause"


def _stood_s(case: Case) -> float:
    since = case.failure.recorded.at if case.failure else case.present.now
    return (case.present.now - since).total_seconds()
