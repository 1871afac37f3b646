"""Programs that a repository, or whoever wrote its configuration, would have git run with the daemon's rights."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from support.asking_remote import asking_remote
from support.fresh_sites import served_sites
from support.git_traps import ELSEWHERE, HOOKS, PROGRAMS, PROMISED, TRANSPORTS, Field, Trap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from support.evidence import Evidence
    from support.site import Site

GROUPS = {"hooks": HOOKS, "programs": PROGRAMS, "elsewhere": ELSEWHERE}
REFUSED = 3
PROTOCOLS = ["https", "ssh", "file", "git", "http"]
"""All that may be allowed."""
_SUBMODULE = '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tupdate = checkout\n'


@pytest.fixture(scope="module", name="fresh")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    with served_sites(tmp_path_factory.mktemp("sites"), 8, git={"allow_protocols": PROTOCOLS}) as (_, fresh):
        yield fresh


def _trapped(field: Field, trap: Trap, site: Site) -> bool:
    """Tell whether a trap works: in a copy of the checkout, where a person does what springs it."""
    copy = site.ops.checkout.with_name("copy")
    shutil.copytree(site.ops.checkout, copy, symlinks=True)
    field.lay(trap, copy)
    sprung = field.spring(trap, copy)
    shutil.rmtree(copy)
    return sprung


def _sprung(field: Field, traps: Sequence[Trap], evidence: Evidence) -> list[str]:
    """Name the traps that were sprung, and note how many there are of both."""
    sprung = [trap.name for trap in traps if field.sprung(trap)]
    evidence.add(traps=len(traps), commands_run=len(sprung))
    return sprung


def _with_submodule(site: Site) -> None:
    """Give the repository a second commit, which brings a submodule."""
    linked = ("update-index", "--add", "--cacheinfo", f"160000,{site.ops.head()},sub")
    site.ops.git(*linked, cwd=site.ops.developer)
    (site.ops.developer / "sub").mkdir()
    site.ops.commit({".gitmodules": _SUBMODULE, "README.md": "two\n"}, "A submodule")
    site.git("pull", "--quiet")


@pytest.mark.parametrize("group", GROUPS)
def test_a_release_and_its_way_back_spring_no_trap(
    fresh: Callable[[], Site], tmp_path: Path, group: str, evidence: Evidence
) -> None:
    """Row 48: hooks, drivers, helpers and programs of the clone's configuration; a person springs each of them."""
    site, field, traps = fresh(), Field(tmp_path), GROUPS[group]
    _with_submodule(site)
    works = [trap.name for trap in traps if _trapped(field, trap, site)]
    for trap in traps:
        field.lay(trap, site.ops.checkout)
    site.merge("1", {"README.md": "new\n", "releases/1-a.sh": "#!/bin/sh\n"})

    released = site.client("run", "1")
    taken_back = site.client("revert", "1", "--push", "--yes")
    sprung = _sprung(field, traps, evidence)

    assert works == [trap.name for trap in traps]
    assert (released.returncode, taken_back.returncode) == (0, 0), released.stderr + taken_back.stderr
    assert sprung == []
    evidence.fired(len(works))


@pytest.fixture(scope="module", name="asking")
def _asking() -> Iterator[str]:
    """Give the URL of a server that wants a password."""
    with asking_remote() as url:
        yield url


def test_a_remote_that_would_have_a_program_run_is_refused(
    fresh: Callable[[], Site], tmp_path: Path, asking: str, evidence: Evidence
) -> None:
    """Row 48: transports, ssh, proxies and helpers that the clone's configuration names for its remote."""
    site, field = fresh(), Field(tmp_path, asking)
    configuration = (site.ops.checkout / ".git/config").read_bytes()
    works = [trap.name for trap in TRANSPORTS if _trapped(field, trap, site)]
    told = {}
    for trap in TRANSPORTS:
        field.lay(trap, site.ops.checkout)
        told[trap.name] = site.told("run", "1", code=REFUSED).reason
        (site.ops.checkout / ".git/config").write_bytes(configuration)
    sprung = _sprung(field, TRANSPORTS, evidence)

    assert works == [trap.name for trap in TRANSPORTS]
    assert set(told.values()) == {"fetch_failed"}
    assert sprung == []
    evidence.fired(len(works))


def test_what_is_missing_is_not_fetched_from_whoever_promised_it(
    fresh: Callable[[], Site], tmp_path: Path, evidence: Evidence
) -> None:
    """Row 48: a remote of the clone's configuration that promises what is missing, and names the program to get it."""
    site, field = fresh(), Field(tmp_path)
    site.ops.commit({"packages/web/manifest.yaml": "name: web\n"}, "A service")
    site.git("pull", "--quiet")
    blob = site.git("rev-parse", "HEAD:packages/web/manifest.yaml")
    (site.ops.checkout / ".git/objects" / blob[:2] / blob[2:]).unlink()
    works = _trapped(field, PROMISED, site)
    field.lay(PROMISED, site.ops.checkout)
    site.merge("1", {"releases/1-a.sh": "#!/bin/sh\n"})

    told = site.told("run", "1", code=REFUSED)
    sprung = _sprung(field, (PROMISED,), evidence)

    assert (works, told.reason, sprung) == (True, "git_failed", [])
    evidence.fired()


def test_only_the_checkout_is_moved_whatever_folder_its_configuration_names(
    fresh: Callable[[], Site], tmp_path: Path, evidence: Evidence
) -> None:
    """Row 48: a clone whose configuration says that its files lie elsewhere; a person's git writes there."""
    site = fresh()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    site.git("config", "core.worktree", str(elsewhere))
    site.git("checkout", "--", "README.md")
    misled = (elsewhere / "README.md").exists()
    shutil.copytree(site.ops.checkout, elsewhere, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    site.merge("1", {"README.md": "new\n", "releases/1-a.sh": "#!/bin/sh\n"})

    released = site.client("run", "1")

    assert misled
    assert (released.returncode, (elsewhere / "README.md").read_text()) == (0, "# ops\n"), released.stderr
    assert (site.ops.checkout / "README.md").read_text() == "new\n"
    evidence.fired()
