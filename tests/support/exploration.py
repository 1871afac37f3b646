"""Every sequence of crashes of a simulated release, up to a number of them.

A daemon knows nothing but the record and the world. So two sequences that leave the same record and the same world
behind have one future, and only the first of them is lived on: that is how every triple is covered in seconds. What
counts as the same is compared byte by byte (``Simulation.left_behind``): each event, each trace, each process; only
times and ids of events are left out, which no daemon decides on within ``recovery.resume_within``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from support.crash_claims import complaints, deaths, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from support.evidence import Evidence
    from support.simulation import Simulation

Crashes = tuple[str, ...]
"""Where one daemon after the other died, and how."""


@dataclass
class Exploration:
    """What came of all sequences of crashes."""

    sequences: list[int] = field(default_factory=list)
    """How many there are of one crash, of two, and so on."""
    lives: int = 0
    """How many daemons lived after a crash."""
    wrong: dict[Crashes, list[str]] = field(default_factory=dict)
    """What is wrong at the end, by the first sequence that leads there."""

    def note(self, evidence: Evidence) -> None:
        """Note the figures, and what is wrong."""
        names = ("crash_points", "crash_pairs", "crash_triples")
        evidence.fired(sum(self.sequences))
        evidence.add(**dict(zip(names, self.sequences, strict=False)), runs=self.lives)
        evidence.invariants(chain.from_iterable(self.wrong.values()))


@dataclass
class _Found:
    """A daemon that lived after a sequence of crashes."""

    crashes: Crashes
    life: Simulation


def explore(life: Simulation, most: int) -> Exploration:
    """Let daemons die wherever a life comes to, again where the next one comes to, up to so many times.

    Args:
        life: in which no daemon died.
        most: how many crashes there are at most.
    """
    explored = Exploration()
    leads_to: dict[bytes, list[bytes]] = {}
    edge, ways = {b"": _Found((), life)}, Counter({b"": 1})
    known: set[bytes] = set()
    for _ in range(most):
        edge = _one_crash_further(edge, leads_to, known)
        ways = _sequences(ways, leads_to)
        explored.sequences.append(ways.total())
        explored.lives += len(edge)
        explored.wrong |= {one.crashes: wrong for one in edge.values() if (wrong := _complaints(one.life, life))}
    return explored


def _one_crash_further(
    edge: Mapping[bytes, _Found], leads_to: dict[bytes, list[bytes]], known: set[bytes]
) -> dict[bytes, _Found]:
    """Let one more daemon die, and live on from what nobody has lived on from yet."""
    fresh: dict[bytes, _Found] = {}
    for start, found in edge.items():
        leads_to[start] = []
        for name, crashed in _crashes(found.life):
            left = crashed.left_behind
            leads_to[start].append(left)
            if left not in known:
                known.add(left)
                fresh[left] = _Found((*found.crashes, name), crashed.live())
    return fresh


def _sequences(ways: Counter[bytes], leads_to: Mapping[bytes, Sequence[bytes]]) -> Counter[bytes]:
    """Count the sequences that lead to each state, one crash further."""
    further: Counter[bytes] = Counter()
    for start, number in ways.items():
        for left in leads_to[start]:
            further[left] += number
    return further


def _crashes(life: Simulation) -> Iterator[tuple[str, Simulation]]:
    for moment in life.moments:
        for death in deaths(moment.place):
            yield f"{name_of(moment.place)}-{death}", moment.after(death)


def _complaints(simulation: Simulation, uninterrupted: Simulation) -> list[str]:
    """List what is wrong at the end; where three daemons died in one step, an operator has it tried again."""
    halt = simulation.state.halt
    if halt is not None and halt.failure.code == "interrupted_too_often":
        simulation.resume()
    return complaints(simulation, uninterrupted)
