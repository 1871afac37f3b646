"""The life-cycle picture of docs/architecture.md, drawn from the table that the machine is built of.

``make docs`` writes it; a test compares.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from released.domain.releases import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
_BEGIN, _END = "<!-- life cycle: begin, written by `make docs` -->", "<!-- life cycle: end -->"
_GENERATED = re.compile(f"(?<={re.escape(_BEGIN)}\n).*(?={re.escape(_END)})", re.DOTALL)


def section() -> str:
    """Draw the moves as a mermaid diagram, and list what leaves the status as it is."""
    moves = _triggers(row for row in lifecycle.RELEASE_TABLE if row["source"] != row["dest"])
    stays = _triggers(row for row in lifecycle.RELEASE_TABLE if row["source"] == row["dest"])
    drawn = [f"    {source} --> {dest} : {', '.join(names)}" for (source, dest), names in moves.items()]
    ends = [f"    {status} --> [*]" for status in lifecycle.ENDED]
    listed = [f"| {status} | {', '.join(names)} |" for (status, _), names in stays.items()]
    diagram = ["```mermaid", "stateDiagram-v2", f"    [*] --> {lifecycle.NEW}", *drawn, *ends, "```"]
    table = ["| in status | these events leave it as it is |", "| --- | --- |", *listed]
    return "\n".join(["", *diagram, "", *table, "", ""])


def generated_part(page: str) -> str:
    """Return what stands between the markers.

    Raises:
        AssertionError: a marker is missing.
    """
    found = _GENERATED.search(page)
    assert found, f"{PAGE} lacks the lines {_BEGIN} and {_END}"
    return found[0]


def renewed(page: str) -> str:
    """Return the page with the generated part made anew."""
    generated_part(page)
    return _GENERATED.sub(lambda _: section(), page)


def _triggers(rows: Iterable[lifecycle.Row]) -> dict[tuple[str, str], list[str]]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        grouped[row["source"], row["dest"]].append(row["trigger"])
    return grouped


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
