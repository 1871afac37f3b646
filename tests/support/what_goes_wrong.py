"""The table "What goes wrong": what diagnose must conclude from each failure, and which story makes it happen.

One command must tell it all: each row is checked against a single answer of ``diagnose``.
"""

from __future__ import annotations

from typing import NamedTuple

CHECKOUT, SERVICES, INTERRUPTIONS = "checkout and scripts", "services", "interruptions"


class Row(NamedTuple):
    """One row."""

    phase: str
    failure: str
    concludes: str
    story: str
    name: str
    """Of the failure in its story."""
    code: str
    """Of the cause."""
    told: tuple[str, ...]
    """What the answer holds of it, somewhere: in a value, or as the name of a field that is not empty."""
    way: tuple[str, ...]
    """The first commands that change anything, each by some of its words in their order."""

    def __str__(self) -> str:
        return f"{self.phase}: {self.failure} ({self.name})"


ROWS = (
    Row(
        "prepare",
        "dirty working tree",
        "the files, who and when if known; look first, it is often legitimate work to commit: never a blind stash",
        CHECKOUT,
        "dirty",
        "working_tree_dirty",
        ("README.md", "root, 20", "often work that should be committed", "never stash it blindly"),
        ("run 1234",),
    ),
    Row(
        "prepare",
        "pulled by hand before",
        "the pre-pull commit, `git reset --hard <sha>` or `--base`, then run again",
        CHECKOUT,
        "pulled",
        "pulled_by_hand",
        ("HEAD stood at", "--base"),
        ("git reset --hard",),
    ),
    Row(
        "prepare",
        "backup failed",
        "which service and type, the tool's stderr, free disk space",
        SERVICES,
        "backup",
        "backup_failed",
        ("backup of web", "no such thing as its volume web-more", "free_bytes"),
        ("resume 1234",),
    ),
    Row(
        "migrate",
        "service not up after recreate",
        "health log and last container log lines; a race or real",
        SERVICES,
        "unhealthy",
        "unhealthy",
        ("untrusted_health_log: exit 1", "untrusted_log: waits to be told", "not healthy"),
        ("revert 1234",),
    ),
    Row(
        "migrate",
        "image pull failure",
        "image, tag, registry answer; correct the tag in the manifest",
        SERVICES,
        "pull",
        "image_pull_failed",
        ("127.0.0.1:1/x:2", "connection refused", "correct image.name or image.tag"),
        ("resume 1234 --from prepare",),
    ),
    Row(
        "migrate",
        "affected service without migrate step",
        "source drift",
        SERVICES,
        "drift",
        "source_drift",
        ("web is affected by this release, but no step can be made for it", "Compose file"),
        ("resume 1234 --from prepare",),
    ),
    Row(
        "ticket",
        "script exit ≠ 0",
        "script, line where bash can tell, last output, how to reproduce it by hand and rerun just this phase",
        CHECKOUT,
        "script",
        "script_failed",
        ("releases/1234-work.sh", "the moon stands wrong", " releases/1234-work.sh --yes"),
        ("resume 1234 --from ticket",),
    ),
    Row(
        "ticket",
        "stale credential in the script's target (`Forbidden`)",
        "regenerate the key (the service's `ensure-config`), then resume from ticket",
        SERVICES,
        "credential",
        "stale_credential",
        ("403 Forbidden",),
        ("services run web ensure-config", "resume 1234 --from ticket"),
    ),
    Row(
        "ticket",
        "variable unset or stale in `.env`",
        "the variable; resume from ticket",
        CHECKOUT,
        "variable",
        "variable_unset",
        ("SEARCH_URL", "1234-work.sh: line 4", "/.env"),
        ("resume 1234 --from ticket",),
    ),
    Row(
        "ticket",
        "network unreachable",
        "the host and port; resume from ticket",
        CHECKOUT,
        "network",
        "network_unreachable",
        ("127.0.0.1:",),
        ("resume 1234 --from ticket",),
    ),
    Row(
        "verify",
        "unhealthy, but healthy 30 s later",
        "verify race: resume from verify",
        SERVICES,
        "race",
        "verify_race",
        ("is well now",),
        ("resume 1234 --from verify",),
    ),
    Row(
        "verify",
        "image mismatch",
        "the recreate did not take the new image: a pull is missing; resume from migrate",
        SERVICES,
        "mismatch",
        "image_mismatch",
        ("the recreate did not take the new image",),
        ("resume 1234 --from migrate",),
    ),
    Row(
        "migrate",  # migrate waits for the endpoint, too, so that it meets this before verify does
        "HTTP 0",
        "up but not answering: container log, port mapping; then `health.timeout` / `verify.budget`, or a real fix",
        SERVICES,
        "silent",
        "http_no_answer",
        ("nobody answers", "->8080/tcp", "health.timeout or verify.budget"),
        ("resume 1234",),
    ),
    Row(
        "verify",
        "HTTP 0",
        "up but not answering: container log, port mapping; then `health.timeout` / `verify.budget`, or a real fix",
        SERVICES,
        "fell silent",
        "http_no_answer",
        ("nobody answers", "->8080/tcp", "health.timeout or verify.budget"),
        ("resume 1234",),
    ),
    Row(
        "ticket",
        "host rebooted / daemon killed",
        "which steps are certain, which one is in doubt, what recovery did or will do",
        INTERRUPTIONS,
        "interrupted",
        "recovery_off",
        ("over: prepare done", "its outcome is not on record", "is not done again unless a person says so"),
        ("resume 1234",),
    ),
)


def rows_of(story: str) -> list[Row]:
    """Give the rows that a story makes happen."""
    return [row for row in ROWS if row.story == story]
