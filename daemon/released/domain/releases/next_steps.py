"""The exact commands that an operator may type next, for every state in which one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.domain.events import FixStarted
from released.domain.failure import PLANNED_OTHERWISE, NextCommand
from released.domain.ids import Phase
from released.domain.releases.touched import revert_loses_data

if TYPE_CHECKING:
    from released.domain.events import ByHand, RevertOptions, RunOptions
    from released.domain.releases.release import ReleaseState

CLIENT = "releasectl"
WHY = "<why>"
"""Stands for a reason, which is different each time: what is in angle brackets is refused where it is not replaced."""


def run(ticket: str, *options: str) -> tuple[NextCommand, ...]:
    """Start the ticket."""
    return (NextCommand((CLIENT, "run", ticket, *options), f"releases ticket {ticket}", "changes"),)


def run_with(ticket: str, options: RunOptions) -> tuple[NextCommand, ...]:
    """Start the ticket with all of these options; where a reason goes with them the operator types it anew."""
    return run(ticket, *_typed(options))


def plan(ticket: str, options: RunOptions) -> tuple[NextCommand, ...]:
    """See what a run with these options would do."""
    return (NextCommand((CLIENT, "plan", ticket, *_typed(options)), "shows what a run would do now"),)


def _typed(options: RunOptions) -> list[str]:
    flags = {
        "--include-reverted": options.include_reverted,
        "--allow-branch": options.allow_branch,
        "--verify-all": options.verify_all,
    }
    return [
        *(word for phase in options.skip for word in ("--skip", phase)),
        *(("--base", options.base) if options.base else ()),
        *(word for other in options.with_tickets for word in ("--with", other)),
        *(flag for flag, given in flags.items() if given),
        *(("--reason", _reason(options)) if options.reason or options.include_reverted else ()),
    ]


def _reason(options: RunOptions) -> str:
    return "<what mends them>" if options.include_reverted else WHY


def resume(ticket: str, phase: Phase | None = None, reason: str = "") -> NextCommand:
    """Go on with a halted release, from its first unfinished step or from a phase."""
    options = (*(("--from", phase) if phase else ()), *_reason_of(reason))
    effect = f"does phase {phase} again" if phase else "goes on with the first unfinished step"
    if phase is Phase.PREPARE:
        effect = "pulls again, and does what is new"
    return NextCommand((CLIENT, "resume", ticket, *options), effect, "changes")


def settle(ticket: str, step: str, *, done: bool) -> NextCommand:
    """Say what became of a step in doubt."""
    effect = "takes the step for done; then resume" if done else "has the step done again; then resume"
    settled = ("--as", "done" if done else "failed", "--reason", "<what you found>")
    return NextCommand((CLIENT, "resolve", ticket, step, *settled), effect, "changes")


def log(ticket: str, phase: str, step: str = "", *, follow: bool = False) -> NextCommand:
    """See what a phase or a step of it printed."""
    which = ("--step", step) if step else (f"--phase={phase}",)
    what = step or "the tools of that phase"
    return NextCommand((CLIENT, "logs", ticket, *which, *(("-f",) if follow else ())), f"shows what {what} printed")


def service_log(service: str) -> NextCommand:
    """See what the containers of a service print."""
    return NextCommand((CLIENT, "services", "logs", service), f"shows what the containers of {service} print")


def services() -> NextCommand:
    """See what runs."""
    return NextCommand((CLIENT, "services"), "shows what runs of each service, and whether it is healthy")


def ensure_config(service: str) -> NextCommand:
    """Have a service's credentials made anew where they are stale."""
    argv = (CLIENT, "services", "run", service, "ensure-config")
    return NextCommand(argv, f"makes the configuration of {service} anew, its keys too", "changes")


def kill(ticket: str) -> NextCommand:
    """Stop a release and its present step."""
    argv = (CLIENT, "cancel", ticket, "--kill", "--reason", WHY)
    return NextCommand(argv, "stops the present step and halts the release", "changes")


def end_step(state: ReleaseState) -> tuple[NextCommand, ...]:
    """End a step of a halted release whose command still runs: only a release that goes on hears of it."""
    why = why_after(state.halt.cause) if state.halt else ""
    return (resume(state.ticket, reason=why), kill(state.ticket))


def follow(ticket: str) -> tuple[NextCommand, ...]:
    """Follow a release that is under way."""
    return (NextCommand((CLIENT, "watch", ticket), f"follows ticket {ticket} until it ends"),)


def look_at(ticket: str) -> tuple[NextCommand, ...]:
    """See where a release stands."""
    return (NextCommand((CLIENT, "status", ticket), f"shows where ticket {ticket} stands"),)


def diagnose(ticket: str) -> tuple[NextCommand, ...]:
    """Learn what is the matter with a ticket."""
    effect = f"shows what is the matter with ticket {ticket}, and what to type"
    return (NextCommand((CLIENT, "diagnose", ticket), effect),)


def events_of(ticket: str) -> tuple[NextCommand, ...]:
    """See the record of a ticket."""
    return (NextCommand((CLIENT, "events", ticket), "shows all that is on record of it"),)


def history_of(service: str) -> tuple[NextCommand, ...]:
    """See the past runs that affected a service."""
    return (NextCommand((CLIENT, "history", "--service", service), f"lists the runs that affected {service}"),)


def look_at_environment() -> tuple[NextCommand, ...]:
    """See where an environment stands."""
    return (NextCommand((CLIENT, "status"), "shows where the environment stands"),)


def look_at_lock() -> tuple[NextCommand, ...]:
    """See who occupies the environment, and who keeps releases out."""
    return (NextCommand((CLIENT, "lock", "status"), "shows who occupies it, and who keeps releases out"),)


def new_playbook(ticket: str) -> NextCommand:
    """Draft a playbook of a failure that none tells of."""
    return NextCommand((CLIENT, "playbook", "new", ticket), "drafts a playbook of it, for review in the ops repo")


def detect(ticket: str) -> NextCommand:
    """Have the playbooks that tell best of a failure look whether they apply."""
    argv = (CLIENT, "playbook", "match", ticket, "--detect")
    return NextCommand(argv, "runs its detection commands, which change nothing, and records what they find")


def playbooks() -> tuple[NextCommand, ...]:
    """See which failures are known."""
    return (NextCommand((CLIENT, "playbook", "list"), "lists the playbooks that there are"),)


def apply(playbook: str, ticket: str) -> NextCommand:
    """Have a playbook repair a failure."""
    argv = (CLIENT, "playbook", "apply", playbook, ticket)
    return NextCommand(argv, "shows what it has one do, asks, and runs that", "changes")


def cancel(ticket: str) -> tuple[NextCommand, ...]:
    """Stop a release that is under way."""
    argv = (CLIENT, "cancel", ticket, "--reason", WHY)
    return (NextCommand(argv, "stops it after the present step", "changes"),)


def revert(ticket: str, *, loses_data: bool = True) -> tuple[NextCommand, ...]:
    """Take a release back; where nobody looked what that restores, data may be lost."""
    effect = f"takes ticket {ticket} back; shows first what that loses"
    return (NextCommand((CLIENT, "revert", ticket), effect, "data-loss" if loses_data else "changes"),)


def take_back(state: ReleaseState) -> tuple[NextCommand, ...]:
    """Take a release back of which the record says what that restores."""
    return revert(state.ticket, loses_data=revert_loses_data(state))


def plan_revert(ticket: str, options: RevertOptions) -> tuple[NextCommand, ...]:
    """See what a revert with these options would do."""
    flags = {"--skip-git": options.skip_git, "--skip-data": options.skip_data, "--push": options.push}
    words = [
        *(flag for flag, given in flags.items() if given),
        *(word for name in options.with_data for word in ("--with-data", name)),
    ]
    return (NextCommand((CLIENT, "revert", ticket, "--dry-run", *words), "shows what a revert would do now"),)


def return_to_main() -> NextCommand:
    """Go back from a hotfix branch."""
    return NextCommand(
        (CLIENT, "return-to-main"), "goes back to the branch, where that has all that is deployed", "changes"
    )


def unhold() -> tuple[NextCommand, ...]:
    """Let releases start again."""
    return (NextCommand((CLIENT, "unhold"), "lets releases start again", "changes"),)


def attach_to_hook(started: ByHand) -> tuple[NextCommand, ...]:
    """Follow a hook that runs by hand, its request acts only once; of a playbook's command see the ticket."""
    if isinstance(started, FixStarted):
        return look_at(started.ticket)
    argv = (CLIENT, "services", "run", started.service, started.executable.name, "--request-id", started.request_id)
    return (NextCommand(argv, "follows the hook until it ends"),)


def after_halt(state: ReleaseState, cause: str = "") -> tuple[NextCommand, ...]:
    """Go on with a halted release, or look closer.

    Args:
        state: of the release.
        cause: of a halt that is not on record yet.
    """
    cause = cause or (state.halt.cause if state.halt else "")
    if cause == "in_doubt":
        return after_doubt(state)
    if state.halt and state.halt.failure.code == PLANNED_OTHERWISE:
        return by_another_version(state)
    ticket, phase, why = state.ticket, state.phase or Phase.PREPARE, why_after(cause)
    if state.is_way_back:
        return (resume(ticket, reason=why), log(ticket, phase))
    return (
        resume(ticket, reason=why),
        NextCommand(
            (CLIENT, "run", ticket, f"--from={phase}", *_reason_of(why)), f"does phase {phase} again", "changes"
        ),
        *(take_up_a_fix(ticket, why) if phase is not Phase.PREPARE else ()),
        *take_back(state),
        log(ticket, phase),
    )


def by_another_version(state: ReleaseState) -> tuple[NextCommand, ...]:
    """Leave a phase to the version that began it: this one would halt again in it, or do things twice."""
    way_out = () if state.is_way_back else take_back(state)
    return (*way_out, log(state.ticket, state.phase or Phase.PREPARE))


def while_halted(state: ReleaseState) -> tuple[NextCommand, ...]:
    """After a command that a halted release does not take: why it is halted, the refusal does not say."""
    return (*after_halt(state), *diagnose(state.ticket))


def why_after(cause: str) -> str:
    """Give what stands for the reason to go on: a failure wants one, what a person stopped does not."""
    return WHY if cause == "failed" else ""


def take_up_a_fix(ticket: str, why: str = "") -> tuple[NextCommand, ...]:
    """Pull again: only prepare does, so that a fix that was merged after the halt reaches no other phase."""
    argv = (CLIENT, "run", ticket, "--from=prepare", *_reason_of(why))
    return (NextCommand(argv, "takes up a fix that was merged since", "changes"),)


def _reason_of(why: str) -> tuple[str, ...]:
    return ("--reason", why) if why else ()


def after_doubt(state: ReleaseState) -> tuple[NextCommand, ...]:
    """Decide on a step of which nobody can know from here whether it took effect."""
    ticket, phase = state.ticket, state.phase or Phase.PREPARE
    step = (state.current_step.name if state.current_step else "") or (state.halt.step or "" if state.halt else "")
    if not step:  # the record does not know which one
        return (log(ticket, phase), resume(ticket, phase, WHY))
    return (log(ticket, phase), settle(ticket, step, done=True), settle(ticket, step, done=False))
