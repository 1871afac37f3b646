"""Which playbooks tell of a failure, best first: pure, from what was recorded (spec: Playbooks).

What counts is the symptom: its lines are looked for in the recorded texts. A line weighs what it tells: its letters
and digits, the fewer playbooks know it the more. Phase, code and services only sort what was found by its symptom; a
failure without any of its lines in the texts matches nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from released.domain.ids import Phase
from released.domain.playbooks.playbook import Playbook
from released.domain.playbooks.symptom import SymptomLine, symptom_lines
from released.domain.printed import plain_lines

TELLING = 5.0
"""What the lines that were found must weigh together; below it they are words that any failure may print."""
SURE = 20.0
"""The weight that makes a score of one half."""
LONGEST = 60
"""Letters of a line beyond these add nothing."""
SPOKEN_FOR, SPOKEN_AGAINST = 1.25, 0.5
"""How much each of phase, code and services adds to the weight, and what a contradiction leaves of it."""

_SAID_ANYWAY = {
    **{f"release-run failed in phase {phase}. To roll back:": 0.1 for phase in Phase},
    "[ERROR]": 0.1,
    "To go on once the cause is mended:": 0.1,
    "releases/1-a.sh ended with exit code 1.": 0.35,
    "To reproduce it:": 0.1,
    "cd / && releases/1-a.sh --yes": 0.35,
    "✗ a.healthy: unhealthy (still starting)": 0.35,
    "✗ a.running: a is exited (exit code 1)": 0.35,
    "✗ http-health: HTTP 0 (a)": 0.35,
}
"""What the product says of every failure, or of a kind of them whatever the cause, and what that weighs."""
_ALWAYS = ("release-run failed in phase", "To go on once the cause is mended:", "releasectl ", "To reproduce it: cd ")


class Facts(NamedTuple):
    """What is on record of a failure; phase, code and services may be unknown, that is empty."""

    phase: str
    code: str
    services: tuple[str, ...]
    texts: tuple[str, ...]
    """Messages, evidence, output."""


class Found(NamedTuple):
    """A line of a symptom, and the first recorded line in which it was found."""

    symptom: str
    recorded: str


class Match(NamedTuple):
    """A playbook that tells of a failure, and why."""

    playbook: Playbook
    score: float
    """Between 0 and 1."""
    found: tuple[Found, ...]
    reasons: tuple[str, ...]
    """What else spoke for it or against it, as sentences."""


def said_anyway(line: str) -> bool:
    """Tell whether the product says a line of every failure, or of a kind of them whatever the cause."""
    return any(mark in line for mark in _ALWAYS)


def match(playbooks: Sequence[Playbook], facts: Facts) -> tuple[Match, ...]:
    """Give the playbooks that tell of a failure, the best first."""
    recorded = "\n".join(line for text in facts.texts for line in plain_lines(text))
    rarity = _Rarity(playbooks)
    matches = (_match(playbook, facts, recorded, rarity) for playbook in playbooks)
    return tuple(sorted((found for found in matches if found), key=lambda match: (-match.score, match.playbook.id)))


def _match(playbook: Playbook, facts: Facts, recorded: str, rarity: _Rarity) -> Match | None:
    found = {line: where for line in symptom_lines(playbook.symptom) if (where := _where(line, recorded)) is not None}
    weight = sum(min(line.letters, LONGEST) * rarity.of(line) for line in found)
    if weight < TELLING:
        return None
    circumstances = tuple(_circumstances(playbook, facts))
    weight *= math.prod(factor for factor, _ in circumstances)
    lines = tuple(Found(line.text, where.strip()) for line, where in found.items())
    return Match(playbook, round(weight / (weight + SURE), 3), lines, tuple(reason for _, reason in circumstances))


def _where(line: SymptomLine, recorded: str) -> str | None:
    if not line.is_found_in(recorded):  # then in no line of it either, which for a megabyte is long to look for
        return None
    return next((candidate for candidate in recorded.split("\n") if line.is_found_in(candidate)), None)


class _Rarity:
    """How much a line tells apart: 1 where one playbook knows it, less where many do or it is said anyway."""

    def __init__(self, playbooks: Sequence[Playbook]) -> None:
        self._symptoms = ["\n".join(playbook.symptom.splitlines()) for playbook in playbooks]
        self._known = Counter[SymptomLine]()

    def of(self, line: SymptomLine) -> float:
        if said := [weight for text, weight in _SAID_ANYWAY.items() if line.is_found_in(text)]:
            return min(said)
        if line not in self._known:
            self._known[line] = sum(_where(line, symptom) is not None for symptom in self._symptoms)
        return float(self._known[line] ** -0.5)


def _circumstances(playbook: Playbook, facts: Facts) -> Iterable[tuple[float, str]]:
    phases = set(playbook.tags) & set(Phase)
    if facts.phase and phases:
        yield _spoken(f"its tags name phase {' and '.join(sorted(phases))}", speaks_for=facts.phase in phases)
    if facts.code and facts.code.replace("_", "-") in playbook.tags:
        yield _spoken(f"its tags name the failure code {facts.code}", speaks_for=True)
    if facts.services and playbook.services:
        shared = set(facts.services) & set(playbook.services)
        yield _spoken(f"it is about {', '.join(playbook.services)}", speaks_for=bool(shared))


def _spoken(reason: str, *, speaks_for: bool) -> tuple[float, str]:
    return (SPOKEN_FOR, reason) if speaks_for else (SPOKEN_AGAINST, f"{reason}, which speaks against it")
