"""The cause of a failure in one sentence, where the fault lies, what only a person can mend (spec: What goes wrong).

One function per row of that table; a failure that no row knows is told in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from released.domain.diagnosis.case import Case
from released.domain.diagnosis.document import Cause
from released.domain.failure import PLANNED_OTHERWISE
from released.domain.ids import Phase

_HTTP = re.compile(r"http-health: HTTP (\d+)")
_UNREACHABLE = ("connection refused", "no such host", "i/o timeout", "TLS handshake timeout")


class Fault(StrEnum):
    """Where the fault lies: that decides whether a release goes on or back."""

    RELEASED = "released"
    """In what was released: only a commit mends it."""
    HOST = "host"
    """In what the release needs and does not bring: ``.env``, credentials, network, disk, the checkout."""
    PATIENCE = "patience"
    """Nowhere: it was only looked at too early."""
    VERSION = "version"
    """In the daemon: another version of it began what this one cannot go on with."""
    UNKNOWN = "unknown"


class Conclusion(NamedTuple):
    """What is concluded."""

    cause: Cause
    fault: Fault
    by_hand: tuple[str, ...] = ()


def conclude(case: Case) -> Conclusion:
    """Name the cause."""
    row = _ROWS.get(case.code)
    return row(case) if row else _in_its_own_words(case)


def _in_its_own_words(case: Case) -> Conclusion:
    first, _, rest = case.message.partition("\n")
    sentence, dot, more = first.partition(". ")
    by_hand = tuple(part for part in (f"{more}\n{rest}".strip(),) if part)
    whole = f"{sentence[:-1]}." if sentence.endswith(":") else sentence + dot.rstrip()
    return Conclusion(Cause(case.code, whole), Fault.UNKNOWN, by_hand)


# --- prepare -----------------------------------------------------------------------------------------------------


def _dirty(case: Case) -> Conclusion:
    paths = case.about("path")
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")  # noqa: PLR2004 (as named)
    ask = (
        f"Look at {named}, and ask whoever touched it: it is often work that should be committed. Commit and push it, "
        "or take it away; never stash it blindly."
    )
    return Conclusion(Cause(case.code, f"The production checkout differs from HEAD: {named}."), Fault.HOST, (ask,))


def _nothing_to_release(case: Case) -> Conclusion:
    if before := case.about("commit"):
        sentence = f"Somebody pulled by hand: HEAD stood at {before[0]} before, and is the tip of the branch now."
        return Conclusion(Cause("pulled_by_hand", sentence), Fault.HOST)
    sentence = "The branch brings nothing that is not here already."
    return Conclusion(Cause(case.code, sentence), Fault.UNKNOWN, ("Merge the pull request of the ticket, or a fix.",))


def _env_variable_missing(case: Case) -> Conclusion:
    names = ", ".join(case.about("variable"))
    told = Cause(case.code, f"The commit to be released needs {names}, which .env of this host does not set.")
    return Conclusion(told, Fault.HOST, (f"Set {names} in {_dotenv(case)}.",))


def _nothing_to_do(case: Case) -> Conclusion:
    told = Cause(case.code, "No changed path affects a service, and the ticket has no script.")
    ask = "Where a changed path should affect a service, map it under paths in the configuration, and restart released."
    return Conclusion(told, Fault.HOST, (ask,))


def _backup(case: Case) -> Conclusion:
    first = next(iter(case.message.splitlines()), "")
    if case.about("disk"):
        return Conclusion(Cause("disk_full", first), Fault.HOST, ("Make room on the disk of the backups.",))
    ask = "Make what the manifest wants saved available (volume, disk, permissions), or correct backup in the manifest."
    return Conclusion(Cause(case.code, first), Fault.HOST, (ask,))


# --- migrate -----------------------------------------------------------------------------------------------------


def _image_pull(case: Case) -> Conclusion:
    image, answer = _first(case.about("image")) or "the image", _first(case.about("registry")) or "no usable answer"
    told = Cause(case.code, f"The registry does not give {image}: {answer}.")
    correct = f"correct image.name or image.tag of {image} in the manifest by a commit that is merged"
    if answer in _UNREACHABLE:
        return Conclusion(told, Fault.HOST, (f"See that the registry answers, or {correct}.",))
    return Conclusion(told, Fault.RELEASED, (f"Push that image, or {correct}.",))


def _image_build(case: Case) -> Conclusion:
    image = _first(case.about("image")) or "the image"
    ask = "Mend what it is built from, by a commit that is merged."
    return Conclusion(Cause(case.code, f"{image} cannot be built from the released sources."), Fault.RELEASED, (ask,))


def _source_drift(case: Case) -> Conclusion:
    ask = "Add what is missing (Compose file, containers), or take the package away as a whole; merge that."
    return Conclusion(Cause(case.code, case.message.partition(". ")[0] + "."), Fault.RELEASED, (ask,))


def _unhealthy(case: Case) -> Conclusion:
    service = case.service
    if case.present.is_well:
        return _race(case)
    if memory := case.about("memory"):
        told = Cause("out_of_memory", f"The kernel killed {memory[0]}: memory ran out.")
        return Conclusion(told, Fault.HOST, (f"Give {memory[0]} more memory, or let it need less.",))
    if names := ", ".join(case.about("variable")):
        told = Cause("variable_unset", f"{service} does not start: {names} is not set.")
        return Conclusion(told, Fault.HOST, (f"Set {names} in {_dotenv(case)}.",))
    if "still starting" in case.message:
        told = Cause("slow_start", f"{service} was still starting when the time for it was over.")
        ask = (
            f"Wait until {service} is healthy; then raise health.timeout in its manifest above the time that it needs."
        )
        return Conclusion(told, Fault.PATIENCE, (ask,))
    if ".running:" in case.message:
        return Conclusion(Cause("service_exits", f"{service} does not stay up in its new version."), Fault.RELEASED)
    return Conclusion(Cause(case.code, f"{service} runs in its new version and is not healthy."), Fault.RELEASED)


def _race(case: Case) -> Conclusion:
    code = "verify_race" if case.phase == Phase.VERIFY else "slow_start"
    sentence = f"{case.service} was not well when {case.phase} looked and is well now: it came up too slowly for it."
    return Conclusion(Cause(code, sentence), Fault.PATIENCE)


# --- ticket, and every hook --------------------------------------------------------------------------------------


def _script(case: Case) -> Conclusion:
    script = case.message.partition(" ")[0]
    if names := ", ".join(case.about("variable")):
        told = Cause("variable_unset", f"{script} uses {names}, which is not set.")
        read = (
            f"Set {names} in {_dotenv(case)}. A script is not given that file: where {script} does not read it "
            "(set -a; . ./.env; set +a), have it do so, by a commit that is merged."
        )
        return Conclusion(told, Fault.HOST, (read,))
    if refusal := _first(case.about("credential")):
        told = Cause("stale_credential", f"The target of {script} refuses its credential: {refusal}.")
        ask = () if configurable(case) else ("Make the credential anew that the script uses.",)
        return Conclusion(told, Fault.HOST, ask)
    if endpoints := ", ".join(case.about("endpoint") or case.about("network")):
        told = Cause("network_unreachable", f"{script} does not reach its target: {endpoints}.")
        return Conclusion(told, Fault.HOST, (f"See that the target answers from this host: {endpoints}.",))
    return _script_unexplained(case, script)


def _script_unexplained(case: Case, script: str) -> Conclusion:
    line = _first(case.about("line"))
    said, _, command = case.message.partition("To reproduce it:")
    told = Cause(case.code, f"{said.strip().rstrip('.')}{f', at {line}' if line else ''}.")
    reproduce = f" By hand it is:\n  {command.strip()}" if command else ""
    ask = f"Find out why from its output, and mend {script} or its target.{reproduce}"
    return Conclusion(told, Fault.UNKNOWN, (ask,))


def configurable(case: Case) -> tuple[str, ...]:
    """List the affected services that have a hook which makes their keys anew."""
    services = case.state.plan.services if case.state.plan else ()
    return tuple(service.name for service in services if service.ensure_config)


# --- verify ------------------------------------------------------------------------------------------------------


def _image_mismatch(case: Case) -> Conclusion:
    runs = _first(case.about("image")) or "another image"
    sentence = f"{case.service} runs {runs}, not what its manifest asks for: the recreate did not take the new image."
    return Conclusion(Cause(case.code, sentence), Fault.HOST)


def _http(case: Case) -> Conclusion:
    if case.present.is_well:
        return _race(case)
    found = _HTTP.search(case.message)
    answered = found[1] if found else "0"
    if answered != "0":
        sentence = f"{case.service} answers HTTP {answered} at its endpoint in its new version."
        return Conclusion(Cause(case.code, sentence), Fault.RELEASED)
    ports = ", ".join(case.about("port")) or "no port"
    told = Cause("http_no_answer", f"{case.service} runs, and nobody answers at its endpoint; published: {ports}.")
    ask = (
        "See in its log whether it listens yet, and where; make port mapping and health.endpoint agree. Where it only "
        "needs longer, raise health.timeout or verify.budget."
    )
    return Conclusion(told, Fault.UNKNOWN, (ask,))


# --- any phase ---------------------------------------------------------------------------------------------------


def _interrupted(case: Case) -> Conclusion:
    return Conclusion(Cause(case.code, case.message.partition("\n")[0]), Fault.PATIENCE)


def _planned_otherwise(case: Case) -> Conclusion:
    ask = "Where the other version of released is at hand, install it again and resume with it: it knows what is done."
    return Conclusion(Cause(case.code, case.message.partition(" Let ")[0]), Fault.VERSION, (ask,))


def _in_doubt(case: Case) -> Conclusion:
    ask = f"Look at what {case.step} was to change, and find out whether it took effect."
    return Conclusion(Cause(case.code, case.message.partition(" Look at")[0]), Fault.UNKNOWN, (ask,))


def _older_record(case: Case) -> Conclusion:
    ask = "Find out how far the release really came: the record is an older copy, and steps that it lacks were begun."
    return Conclusion(Cause(case.code, case.message.partition(" Look at")[0]), Fault.UNKNOWN, (ask,))


def _first(subjects: tuple[str, ...]) -> str:
    return next(iter(subjects), "")


def _dotenv(case: Case) -> str:
    return f"{case.present.repo}/.env"


_ROWS: Mapping[str, Callable[[Case], Conclusion]] = {
    "working_tree_dirty": _dirty,
    "nothing_to_release": _nothing_to_release,
    "env_variable_missing": _env_variable_missing,
    "nothing_to_do": _nothing_to_do,
    "backup_failed": _backup,
    "image_pull_failed": _image_pull,
    "image_build_failed": _image_build,
    "source_drift": _source_drift,
    "unhealthy": _unhealthy,
    "script_failed": _script,
    "image_mismatch": _image_mismatch,
    "http_health": _http,
    "step_in_doubt": _in_doubt,
    "record_is_older": _older_record,
    PLANNED_OTHERWISE: _planned_otherwise,
    **dict.fromkeys(("recovery_off", "recovery_too_late", "interrupted_too_often"), _interrupted),
}
