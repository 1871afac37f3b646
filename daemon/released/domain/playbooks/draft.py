"""A playbook in its fixed form, drafted from the record of a failure that nobody had seen before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent

from released.domain import events as ev
from released.domain.playbooks.matching import Facts, said_anyway
from released.domain.playbooks.symptom import symptom_lines
from released.domain.printed import plain_lines

_LINES = 3
"""Of a symptom: the last ones that were printed tell most."""
_TELLING = 5
_COMMIT = re.compile(r"\b[0-9a-f]{12,40}\b")
_HEAD = """\
# Drafted from the record of ticket {ticket}, event {version}. Review each line, give it an id that says what fails,
# and file it as recovery/playbooks/release-<topic>.yaml of the ops repo, in the change that mends the cause.
"""


def draft(
    ticket: str, failure: ev.Recorded, facts: Facts, events: Sequence[ev.Recorded], by_hand: Iterable[str]
) -> str:
    """Write the file.

    Args:
        ticket: whose failure it is.
        failure: the event that tells of it.
        facts: what is on record of it, the output of its step too.
        events: of the ticket.
        by_hand: commands of hooks that were run by hand since.
    """
    later = [recorded.event for recorded in events if recorded.version > failure.version]
    name = _kebab(f"{facts.code}-{ticket}")
    tags = ["release", *([facts.phase] if facts.phase else []), _kebab(facts.code)]
    return "".join(
        (
            _HEAD.format(ticket=ticket, version=failure.version),
            f"- id: {name}\n",
            _block("  symptom", _symptom(ticket, facts)),
            *_detection(recorded.event for recorded in events),
            _block(
                "  root_cause", _said(later) or ["Nobody said it on the record: say which layer is at fault, and why."]
            ),
            "  fix:\n",
            "    bootstrap_script: the file and function to be mended for good\n",
            _block("    bootstrap_change", ["Say what mends it for good."]),
            _block("    adhoc", _repair(later, facts, name, by_hand)),
            "  verify:\n    - releasectl status <ticket>\n",
            f"  services: {json.dumps(list(facts.services))}\n",
            f"  tags: {json.dumps(tags)}\n",
        )
    )


def _symptom(ticket: str, facts: Facts) -> list[str]:
    """Take what only this failure printed, its last lines first; else what the product says of it."""
    printed = [line for text in reversed(facts.texts) for line in reversed(_lines(text))]
    telling = list(dict.fromkeys(line for line in printed if _letters(line) >= _TELLING and not said_anyway(line)))
    chosen = telling[:_LINES][::-1] or _lines(facts.texts[0])[:1]
    return [_general(line, ticket) for line in chosen]


def _general(line: str, ticket: str) -> str:
    """Put wildcards for what is another one each time."""
    known = _COMMIT.sub("<commit>", line).replace("***", "<secret>")
    return re.sub(rf"\b{re.escape(ticket)}\b", "<ticket>", known)


def _detection(events: Iterable[ev.Event]) -> Iterator[str]:
    """Give the commands that were run to look, with what they printed."""
    ran = [
        check for event in events if isinstance(event, ev.DetectionRan) for check in event.checks if not check.failed
    ]
    checks = {check.command: next(iter(_lines(check.output)), "") for check in ran}
    if checks:
        yield "  detection:\n"
    for command, line in checks.items():
        yield f"    - command: {json.dumps(command)}\n      expect: {json.dumps(line or '/^/')}\n"


def _said(events: Iterable[ev.Event]) -> list[str]:
    """List what people said of it since."""
    found: list[str] = []
    for event in events:
        match event:
            case (
                ev.Resumed(reason=text) | ev.Noted(text=text) | ev.StepResolved(reason=text) | ev.Abandoned(reason=text)
            ):
                found += _lines(text)
            case ev.RevertRequested(options=options):
                found += _lines(options.reason)
            case _:
                pass
    return list(dict.fromkeys(found))


def _repair(events: Sequence[ev.Event], facts: Facts, name: str, by_hand: Iterable[str]) -> list[str]:
    applied = [event.command for event in events if isinstance(event, ev.PlaybookApplied) and event.part == "fix"]
    said = [f"# {line}" for line in _said(events)]
    go_on = f" --from={facts.phase} --playbook {name}" if facts.phase and facts.code != "nothing_to_do" else ""
    done = list(dict.fromkeys((*applied, *by_hand, *said)))
    return [*(done or ["# Say what repaired it"]), f"releasectl run <ticket>{go_on}"]


def _block(key: str, lines: Iterable[str]) -> str:
    depth = " " * (len(key) - len(key.lstrip()) + 2)
    return f"{key}: |\n{indent(chr(10).join(lines), depth)}\n"


def _lines(text: str) -> list[str]:
    """Give the lines that can be written in YAML, without the empty ones."""
    plain = ("".join(c if c.isprintable() else " " for c in line).strip() for line in plain_lines(text))
    return [line for line in plain if line]


def _letters(line: str) -> int:
    return sum(each.letters for each in symptom_lines(line))


def _kebab(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
