"""The exact next commands, in the order in which they are typed; those with a condition only where it holds."""

from __future__ import annotations

from collections.abc import Iterator

from released.domain.diagnosis.case import Case
from released.domain.diagnosis.conclusion import Conclusion, Fault, configurable
from released.domain.failure import NextCommand
from released.domain.ids import Phase
from released.domain.releases import next_steps

_FROM_PREPARE = ("image_pull_failed", "image_build_failed", "source_drift")
_OF_A_SCRIPT = ("variable_unset", "stale_credential", "network_unreachable", "script_failed")
_OF_A_SERVICE = ("unhealthy", "service_exits", "slow_start", "out_of_memory", "http_no_answer", "http_health")
_REASONS = {
    "verify_race": "it was only slow, and is well now",
    "slow_start": "it was only slow, and is well now",
    "image_mismatch": "another image ran",
    "stale_credential": "the credential was made anew",
    "variable_unset": "the variable is set",
    "network_unreachable": "the target answers again",
}
_FIXED = "a fix was merged since"
_TOMORROW = "the fix ships tomorrow"


def way_on(case: Case, conclusion: Conclusion, choice: str) -> tuple[NextCommand, ...]:
    """List the commands that carry out what is recommended, then those for whom it is otherwise."""
    match case.kind:
        case "halted" if conclusion.fault is Fault.VERSION:
            return next_steps.by_another_version(case.state)
        case "halted" if choice == "revert":
            return (*_look(case, conclusion), *next_steps.take_back(case.state), *_instead_of_revert(case, conclusion))
        case "halted":
            return (*_look(case, conclusion), *_go_on(case, conclusion), *_instead_of_resume(case, conclusion))
        case "in_doubt":
            return tuple(_out_of_doubt(case)) if case.step else next_steps.after_doubt(case.state)
        case "refused":
            return tuple(_after_refusal(case, conclusion))
        case "nothing_to_do":
            return next_steps.run(case.ticket)
        case "running":
            return next_steps.follow(case.ticket)
        case "overdue":
            return (*_look_at_running(case), next_steps.kill(case.ticket).provided("it hangs"))
        case _:
            return tuple(_at_the_end(case))


# --- halted ------------------------------------------------------------------------------------------------------


def _look(case: Case, conclusion: Conclusion) -> Iterator[NextCommand]:
    code = conclusion.cause.code
    if code in _OF_A_SERVICE and case.service:
        yield next_steps.service_log(case.service)
    elif code == "network_unreachable":
        yield next_steps.services()
    elif conclusion.fault is Fault.UNKNOWN:
        yield next_steps.log(case.ticket, case.phase, case.step if case.state.step(case.step) else "")


def _go_on(case: Case, conclusion: Conclusion) -> Iterator[NextCommand]:
    code = conclusion.cause.code
    if code == "stale_credential":
        yield from (next_steps.ensure_config(service) for service in configurable(case))
    if code == "head_moved":
        yield from (offered for offered in case.recorded_next if offered.argv[0] == "git")
    yield next_steps.resume(case.ticket, _from(case, conclusion), _REASONS.get(code, _why(case)))


def _why(case: Case) -> str:
    halt = case.state.halt
    return next_steps.why_after(halt.cause) if halt else ""


def _from(case: Case, conclusion: Conclusion) -> Phase | None:
    """Name the phase to go on from, where it is not simply the first unfinished step."""
    code = conclusion.cause.code
    if case.state.is_way_back:
        return None
    if code in _FROM_PREPARE:
        return Phase.PREPARE
    if code == "image_mismatch":
        return Phase.MIGRATE
    if code in _OF_A_SCRIPT and case.phase == Phase.TICKET:
        return Phase.TICKET
    return Phase.VERIFY if code == "verify_race" else None


def _instead_of_resume(case: Case, conclusion: Conclusion) -> Iterator[NextCommand]:
    if case.state.is_way_back:
        return
    if _from(case, conclusion) is not Phase.PREPARE and conclusion.fault is not Fault.PATIENCE:
        yield next_steps.resume(case.ticket, Phase.PREPARE, _why(case)).provided(_FIXED)
    yield next_steps.take_back(case.state)[0].provided(_TOMORROW)


def _instead_of_revert(case: Case, conclusion: Conclusion) -> Iterator[NextCommand]:
    yield from (command.provided("the cause is mended here and now") for command in _go_on(case, conclusion))
    yield next_steps.resume(case.ticket, Phase.PREPARE, _why(case)).provided(_FIXED)


def _out_of_doubt(case: Case) -> Iterator[NextCommand]:
    yield next_steps.log(case.ticket, case.phase, case.step)
    yield next_steps.settle(case.ticket, case.step, done=True).provided("it took effect")
    yield next_steps.settle(case.ticket, case.step, done=False).provided("it did not, or may be done again")
    yield next_steps.resume(case.ticket)


# --- not halted --------------------------------------------------------------------------------------------------


def _after_refusal(case: Case, conclusion: Conclusion) -> Iterator[NextCommand]:
    """Give what was offered; to start again comes last, unless that was offered itself."""
    offered = case.recorded_next
    if conclusion.cause.code == "pulled_by_hand":
        back, *based = offered
        yield back
        yield from next_steps.run(case.ticket)
        yield from (command.provided("the checkout is to stay where it is") for command in based)
        return
    yield from (command for command in offered if command.danger == "none")
    for command in offered:
        if command.danger != "none":
            yield command.provided(command.condition or "that is what you want")
    if case.phase == Phase.PREPARE and case.state.run == 0:
        (again,) = next_steps.run(case.ticket)
        mended = "the branch itself takes them back since"
        yield again.provided(mended) if conclusion.cause.code == "brings_back_reverted" else again


def _look_at_running(case: Case) -> Iterator[NextCommand]:
    step = case.state.current_step
    yield next_steps.log(case.ticket, case.phase, step.name if step else "")
    yield from next_steps.follow(case.ticket)


def _at_the_end(case: Case) -> Iterator[NextCommand]:
    yield from next_steps.look_at(case.ticket)
    if case.kind == "reverted":
        yield next_steps.run(case.ticket)[0].provided(_FIXED)
    else:
        yield next_steps.take_back(case.state)[0].provided("it is to be taken back")
