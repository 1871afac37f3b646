"""Questions about the past, to records of different length: the time of the whole command, and its ratio.

Usage: python tests/benchmarks/questions.py [EVENTS…]

The records are made up (``support.years``): fifteen services, years of releases. Each line gives the seconds in each
record, and the last as a multiple of the first: that is what the length of a record costs.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from released.domain import events as ev
from released.store import checkpoints
from released.store.history import History
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from support.bare_environment import BareEnvironment
from support.measure import seconds
from support.store import sqlite_store
from support.years import CODES, NAME, PEOPLE, SERVICES, Years

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

SIZES = (1_000, 100_000)
TIMES = 5
QUESTIONS = (
    "version",
    "status",
    "status --at {at}",
    "status {ticket}",
    "status {ticket} --at {at}",
    "list --limit 20",
    "list --limit 20 --at {at}",
    "services --at {at}",
    "history --limit 20",
    "history --limit 20 --service {service}",
    "history --limit 20 --code {code}",
    "history --limit 20 --state reverted",
    "history --limit 20 --by {person}",
    "events {ticket}",
    "logs {ticket}",
    "watch {ticket}",
    "replay {ticket}",
    "report {ticket} --markdown",
    "why {ticket} migrate",
    "blame {service}",
    "blame {service} --at {at}",
    "diff {ticket} {other}",
    "diagnose {ticket}",
    "playbook list",
)
"""What is typed; all of them look only."""


def main() -> None:
    """Print a table."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    columns = [answered(size) for size in sizes]
    sys.stdout.write(f"{'seconds in a record of … events':46}{''.join(f'{size:>11,}' for size in sizes)}\n")
    for question in columns[0]:
        took = [column[question] for column in columns]
        told = "".join(f"{one:11.2f}" for one in took)
        sys.stdout.write(f"{question:46}{told}{took[-1] / took[0]:8.1f} x\n")


def answered(size: int) -> dict[str, float]:
    """Make a record, and give the seconds that each question to it takes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = BareEnvironment(Path(folder))
        environment.database.parent.mkdir(mode=0o700)
        asked = questions(*made(environment, size))
        try:
            start_s = seconds(environment.daemon.start)
            told = {
                line: median(seconds(partial(ask, environment, typed)) for _ in range(TIMES)) for line, typed in asked
            }
        finally:
            environment.daemon.end()
            environment.cleanup()
    return {"start of the daemon": start_s, **told}


def made(environment: BareEnvironment, size: int) -> tuple[Years, str]:
    """Write years of a record as a daemon leaves it, with the files of each ticket; give a moment in its middle too."""
    years = Years()
    with sqlite_store(environment.database) as store:
        years.fill(store, size)
        Projector(store, [ReleaseList(), History()]).catch_up()
        store.project(partial(_followed, position=store.head()))
        middle = store.read(ev.release_stream(NAME, years.tickets[len(years.tickets) // 2]))[-1].at
    files = environment.ops.checkout / ".asd" / "workspace" / "releases"
    files.mkdir(parents=True)
    for ticket in years.tickets:
        for kind in ("env", "log"):
            (files / f"{ticket}.{kind}").touch()
    return years, middle.isoformat()


def _followed(connection: Connection, position: int) -> None:
    checkpoints.save(connection, [f"files/{NAME}", f"anchors/{NAME}"], position)


def questions(years: Years, at: str) -> list[tuple[str, Sequence[str]]]:
    """Give each command as it is shown, and as it is typed."""
    names = {
        "ticket": years.tickets[len(years.tickets) // 2],
        "other": years.tickets[-1],
        "service": SERVICES[3],
        "code": CODES[0],
        "person": PEOPLE[0],
        "at": at,
    }
    return [(line, line.format(**names).split()) for line in QUESTIONS]


def ask(environment: BareEnvironment, typed: Sequence[str]) -> None:
    """Run the client."""
    finished = environment.client(*typed)
    assert finished.returncode in (0, 1, 4), finished.stderr  # as the release came out, or it has no such thing


if __name__ == "__main__":
    main()
