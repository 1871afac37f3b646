"""What a daemon that was killed while it wrote a derived file left in the workspace goes at the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNFINISHED = ".1234.env.0123456789abcdef0123456789abcdef.tmp"
NAME = "prod"


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> Iterator[BareSites]:
    made = BareSites.create(tmp_path / "sites", {NAME: {}})
    try:
        yield made
    finally:
        made.cleanup()


def test_the_next_start_removes_an_unfinished_file_and_nothing_else(sites: BareSites) -> None:
    folder = sites.site(NAME).ops.checkout / ".asd" / "workspace" / "releases"
    folder.mkdir(parents=True)
    for name in (UNFINISHED, ".notes.tmp"):
        (folder / name).write_bytes(b"TICKET=12")
    daemon = sites.daemon()

    daemon.start()
    daemon.end()

    assert [path.name for path in folder.iterdir()] == [".notes.tmp"]
