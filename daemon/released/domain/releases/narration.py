"""Each event as one plain line for people."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.durations import format_duration


def line(event: ev.Event) -> str:
    """Say in one line what happened."""
    match event:
        case ev.PhaseStarted() | ev.PhaseCompleted() | ev.PhaseSkipped() | ev.Halted() | ev.Resumed() | ev.Recovered():
            return _phase_line(event)
        case ev.RunRequested() | ev.RevertRequested() | ev.Adopted():
            return _beginning(event)
        case ev.Reconciled() | ev.Reminded() | ev.FellSilent():
            return _seen_by_itself(event)
        case ev.NothingToDo():
            return "nothing to do"
        case ev.Released(run=run):
            return f"run {run}: released"
        case ev.Reverted(run=run):
            return f"run {run}: taken back"
        case ev.RevertUndone(run=run):
            return f"run {run}: the revert is taken back, released"
        case ev.DetectionRan(playbook=playbook, checks=checks):
            matched = sum(check.matched for check in checks)
            return f"detection of playbook {playbook}: {matched} of {len(checks)} commands found what it expects"
        case ev.PlaybookApplied(playbook=playbook, part=part, command=command):
            return f"playbook {playbook}, {part}: {command}"
        case ev.Refused() | ev.CancelRequested() | ev.StepResolved() | ev.Abandoned():
            return _operator_line(event)
        case _:
            return _step_line(event)


def _seen_by_itself(event: ev.Reconciled | ev.Reminded | ev.FellSilent) -> str:
    match event:
        case ev.Reconciled(settled=settled, missing=missing):
            return f"the host was restarted: {'; '.join((*settled, *missing)) or 'all is as the record says'}"
        case ev.Reminded(number=number, halted_since=since, phase=phase, cause=cause):
            return f"{phase}: still halted ({cause}) since {since:%Y-%m-%dT%H:%M:%SZ}, reminder {number}"
        case ev.FellSilent(since=since, limit_s=limit_s, step=step):
            where = f" at {step}" if step else ""
            return f"silent{where}: nothing recorded since {since:%H:%M:%SZ}, for more than {format_duration(limit_s)}"


def _beginning(event: ev.RunRequested | ev.RevertRequested | ev.Adopted) -> str:
    services = ", ".join(service.name for service in event.plan.services) or "no service"
    match event:
        case ev.RunRequested(run=run, plan=plan):
            warned = "".join(f"; warning: {warning}" for warning in plan.warnings)
            return f"run {run} of {plan.ticket}: {plan.base_sha[:12]}..{plan.merge_sha[:12]}, {services}{warned}"
        case ev.RevertRequested(plan=revert):
            what = "the revert" if revert.undoes else f"run {revert.run}"
            return f"taking {what} of {revert.ticket} back: {_code(revert.target_sha)}, {services}"
        case ev.Adopted(run=run, plan=plan, reason=reason):
            return f"run {run} of {plan.ticket}: done by hand, {plan.base_sha[:12]}..{plan.merge_sha[:12]}, {reason}"


def _operator_line(event: ev.Refused | ev.CancelRequested | ev.StepResolved | ev.Abandoned) -> str:
    match event:
        case ev.Refused(code=code, message=message):
            return f"refused ({code}): {_first(message)}"
        case ev.CancelRequested(reason=reason, kill=kill):
            return f"cancelled, {'with' if kill else 'after'} the present step: {reason}"
        case ev.StepResolved(step=step, done=done, reason=reason):
            return f"{step}: settled as {'done' if done else 'failed'}, {reason}"
        case ev.Abandoned(reason=reason):
            return f"given up: {reason}"


def _remark_line(event: ev.Noted | ev.LegalHoldPlaced | ev.LegalHoldLifted) -> str:
    match event:
        case ev.Noted(text=text):
            return f"note: {text}"
        case ev.LegalHoldPlaced(reason=reason):
            return f"legal hold: {reason}"
        case ev.LegalHoldLifted(reason=reason):
            return f"legal hold lifted: {reason}"


def _code(target: str | None) -> str:
    return f"tree of {target[:12]}" if target else "the code stays"


def _phase_line(
    event: ev.PhaseStarted | ev.PhaseCompleted | ev.PhaseSkipped | ev.Halted | ev.Resumed | ev.Recovered,
) -> str:
    match event:
        case ev.PhaseStarted(phase=phase, steps=steps):
            return f"{phase}: start, {len(steps)} steps"
        case ev.PhaseCompleted(phase=phase):
            return f"{phase}: done"
        case ev.PhaseSkipped(phase=phase, reason=reason):
            return f"{phase}: skipped, {reason}"
        case ev.Halted(phase=phase, cause=cause, failure=failure):
            return f"{phase}: halted ({cause}), {_first(failure.message)}"
        case ev.Resumed(phase=phase, reason=reason, playbook=playbook):
            told = ", ".join(filter(None, (reason, f"playbook {playbook}" if playbook else "")))
            return f"{phase}: resumed" + (f", {told}" if told else "")
        case ev.Recovered(phase=phase, step=step):
            return f"{phase}: the daemon was restarted and goes on" + (f" at {step}" if step else "")


def _step_line(event: ev.Event) -> str:
    match event:
        case ev.Noted() | ev.LegalHoldPlaced() | ev.LegalHoldLifted():
            return _remark_line(event)
        case ev.StepStarted(step=step, attempt=attempt):
            return f"  ▸ {step}" + (f" (attempt {attempt})" if attempt > 1 else "")
        case ev.StepSucceeded(step=step, result=result):
            return f"  ✓ {step}{_found(result)}"
        case ev.StepFailed(step=step, failure=failure):
            return f"  ✗ {step}: {_first(failure.message.removeprefix('✗ ').removeprefix(f'{step}: '))}"
        case ev.StepInterrupted(step=step):
            return f"  · {step}: interrupted, safe to do again"
        case _:
            return _environment_line(event)


def _environment_line(event: ev.Event) -> str:
    match event:
        case ev.LeaseTaken(epoch=epoch, holder=holder):
            return f"owned by {holder}, epoch {epoch}"
        case ev.RecordAccepted() | ev.Redacted() | ev.OutputExpired():
            return _record_line(event)
        case ev.LockTaken(ticket=ticket, run=run):
            return f"occupied by ticket {ticket}, run {run}"
        case ev.LockFreed(ticket=ticket, run=run):
            return f"free again after ticket {ticket}, run {run}"
        case ev.Held(reason=reason):
            return f"releases are kept out: {reason}"
        case ev.Unheld():
            return "releases may start again"
        case ev.ReturnStarted(from_branch=branch, target=target):
            return f"going back from branch {branch} to {target[:12]}"
        case ev.ReturnEnded(failure=failure):
            return f"did not go back: {_first(failure.message)}" if failure else "went back from the hotfix branch"
        case ev.HookStarted(executable=executable, reason=reason):
            return f"by hand: {executable.path}" + (f", {reason}" if reason else "")
        case ev.FixStarted(playbook=playbook, command=command):
            return f"by hand, playbook {playbook}: {command}"
        case ev.HookEnded(failure=failure):
            return f"by hand: failed, {_first(failure.message)}" if failure else "by hand: done"
        case _:
            return type(event).__name__


def _record_line(event: ev.RecordAccepted | ev.Redacted | ev.OutputExpired) -> str:
    match event:
        case ev.OutputExpired(before=before, folders=folders, bytes=size):
            return f"output from before {before:%Y-%m-%d} was removed: {len(folders)} runs, {size} bytes"
        case ev.RecordAccepted(reason=reason):
            return f"the record was accepted as it is: {reason}"
        case ev.Redacted(reason=reason, version=version, output=output):
            where = f"output {output.path}" if output else f"event {version}"
            return f"a secret was taken out of {where}: {reason}"


def _found(result: ev.Result | None) -> str:
    match result:
        case ev.BackedUp(stamp=stamp, bytes=size):
            return f": {stamp}, {size} bytes, read back"
        case ev.CheckoutMoved(head=head):
            return f": at {head[:12]}"
        case ev.ImageReady(reference=reference, image_id=image_id) if image_id:
            return f": {reference} is {image_id[7:19]}"
        case ev.DataRestored(stamp=stamp):
            return f": {stamp}"
        case ev.Pushed(commit=commit, refused=refused):
            return f": {commit[:12]}" + (f" was not pushed, {_first(refused)}" if refused else "")
        case ev.Recreated(containers=containers):
            return f": {', '.join(containers)}"
        case _:
            return ""


def _first(message: str) -> str:
    return message.splitlines()[0] if message else ""
