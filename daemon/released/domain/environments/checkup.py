"""What is looked at on a host before anything goes wrong: judged here, gathered elsewhere.

``failed`` is what would have a release refused, or its record lost; ``warning`` is what deserves attention.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from released.domain.durations import format_duration

_MIB, _GIB = 1024**2, 1024**3
_NO_SPACE = 200 * _MIB
_LITTLE_SPACE = 2 * _GIB
_LITTLE_SHARE = 0.1
_BEHIND_RECORD_S = 1.0
_APART_S = 5.0
_WORLD_READABLE = 0o004
_NOT_PRIVATE = 0o077


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """``repository``, ``engine``, ``compose``, ``images``, ``disk``, ``clock``, ``permissions``, ``store``,
    ``workspace`` or ``webhook``."""
    status: Literal["ok", "warning", "failed"]
    finding: str
    """A sentence."""
    fix: str = ""
    """What to do or to type; empty where all is well."""


def ok(name: str, finding: str) -> Check:
    """Say that all is well."""
    return Check(name, "ok", finding)


def warning(name: str, finding: str, fix: str) -> Check:
    """Say what deserves attention."""
    return Check(name, "warning", finding, fix)


def failed(name: str, finding: str, fix: str = "") -> Check:
    """Say what would have a release refused, or its record lost."""
    return Check(name, "failed", finding, fix)


def space(place: str, path: str, free_bytes: int, total_bytes: int) -> Check:
    """Judge the free space of a place; a release writes backups, images and its record."""
    finding = f"{path} ({place}) has {free_bytes / _GIB:.1f} GiB of {total_bytes / _GIB:.1f} GiB free."
    fix = f"Free some space there; to see what takes it: du -xh {path} | sort -h | tail"
    if free_bytes < _NO_SPACE:
        return failed("disk", finding, fix)
    if free_bytes < max(_LITTLE_SPACE, _LITTLE_SHARE * total_bytes):
        return warning("disk", finding, fix)
    return ok("disk", finding)


def clock_after_record(now: dt.datetime, newest: dt.datetime | None) -> Check:
    """Judge the clock by the record: it cannot be earlier than what has happened already."""
    if newest is None:
        return ok("clock", "Nothing is on record that the clock could contradict.")
    behind_s = (newest - now).total_seconds()
    if behind_s > _BEHIND_RECORD_S:
        finding = f"The clock is {format_duration(behind_s)} behind the newest event on record ({newest:%FT%TZ})."
        return failed("clock", finding, "Set the clock, and have it kept right: timedatectl set-ntp true")
    return ok("clock", "The clock is not behind the record.")


def clock_of_engine(now: dt.datetime, engine: dt.datetime) -> Check:
    """Judge the clock by the engine's: they are on one host."""
    apart_s = abs((engine - now).total_seconds())
    if apart_s > _APART_S:
        finding = f"The engine's clock differs by {format_duration(apart_s)}, though both are on one host."
        return warning("clock", finding, "Have the clock kept right: timedatectl set-ntp true")
    return ok("clock", "The engine's clock agrees.")


def checkout_on_record(root: str, head: str, last: str | None, *, contained: bool) -> Check:
    """Judge whether the checkout stands where the record left it.

    Args:
        root: the checkout.
        head: where it stands.
        last: where the record has it; ``None`` where it knows nothing.
        contained: whether ``head`` contains that.
    """
    if last is None or head == last:
        return ok("repository", f"{root} stands where the record has it.")
    finding = f"{root} stands at {head[:12]}, the record has it at {last[:12]}: it was moved by hand."
    back = f"git -C {root} reset --hard {last}"
    if not contained:
        return warning("repository", finding, back)
    adopt = f"releasectl adopt TICKET --base {last} --merge {head} --reason TEXT"
    return warning("repository", finding, f"Was it released by hand? {adopt}. Else go back, and run the ticket: {back}")


def private_folder(path: str, mode: int) -> Check:
    """Judge the mode of a folder that holds backups, and with them secrets."""
    if mode & _NOT_PRIVATE:
        return failed("permissions", f"{path} may be entered by others (mode {mode:04o}).", f"chmod 700 {path}")
    return ok("permissions", f"{path} is for the daemon's user alone.")


def secret_file(path: str, mode: int) -> Check:
    """Judge the mode of a file that holds secrets."""
    if mode & _WORLD_READABLE:
        return failed(
            "permissions", f"{path} holds secrets and can be read by all (mode {mode:04o}).", f"chmod o= {path}"
        )
    return ok("permissions", f"{path} cannot be read by others.")


def socket_mode(path: str, mode: int, configured: int, group: str) -> Check:
    """Judge who may talk to the daemon."""
    if mode != configured:
        finding = f"{path} has mode {mode:04o}, the configuration says {configured:04o}."
        return failed("permissions", finding, f"chmod {configured:04o} {path}")
    if mode & 0o007:
        finding = f"{path} is open to every user of this host (mode {mode:04o})."
        return warning("permissions", finding, "Set 'mode' of this listener to '0660', and its group; start again.")
    return ok("permissions", f"{path} is open to its group, {group}, only (mode {mode:04o}).")


def engine_version(version: str) -> Check:
    """Judge the engine's version."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    if major.isdigit() and minor.isdigit() and (int(major), int(minor)) < (20, 10):
        return warning(
            "engine", f"The engine is version {version}; it was never tried below 20.10.", "Install a newer one."
        )
    return ok("engine", f"The engine answers, version {version}.")


def store_settings(journal_mode: str, synchronous: int) -> Check:
    """Judge whether an event that was acknowledged survives a power cut."""
    if (journal_mode, synchronous) != ("wal", 2):
        finding = f"The store runs with journal_mode={journal_mode}, synchronous={synchronous}: events could be lost."
        return failed("store", finding, "Start released again; it sets what it needs (wal, 2) or says why it cannot.")
    return ok("store", "The store flushes every commit (WAL, synchronous=FULL).")


def store_read_only(why: str) -> Check:
    """Say that nothing can be recorded."""
    return failed("store", f"Nothing can be recorded: {why}", "releasectl status")


def store_integrity(path: str, complaint: str) -> Check:
    """Judge what SQLite says of its file; ``ok`` is its word for all is well."""
    if complaint != "ok":
        return failed(
            "store", f"{path} is damaged: {complaint}", "Stop released, keep a copy of the file, put a backup back."
        )
    return ok("store", f"{path} is intact.")


def receiver(answer: str, failing_since: dt.datetime | None, waiting: int) -> Check:
    """Judge how the webhook's messages arrive: no release is refused for that, but nobody may hear that it halts."""
    if failing_since is not None:
        finding = f"The webhook's receiver fails since {failing_since:%FT%TZ} ({answer}); {waiting} messages wait."
        return warning("webhook", finding, "Mend the receiver; it is tried again by itself.")
    return ok("webhook", "The webhook's receiver took the last message." if answer else "No message was sent so far.")
