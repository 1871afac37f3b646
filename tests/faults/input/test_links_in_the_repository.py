"""Symbolic links of the ops repo that lead out of it: nothing out there is read, run or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.fresh_sites import served_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.evidence import Evidence
    from support.site import Site

pytestmark = pytest.mark.tier1

CONTENT = "canary-out-there"
LINKS = {
    "packages/web/manifest.yaml": "manifest.yaml",
    "packages/web/tpl.env": "tpl.env",
    "packages/web": ".",
    "packages": ".",
    "releases/1-b.sh": "1-b.sh",
    "releases": ".",
    "recovery/playbooks/release-x.yaml": "release-x.yaml",
    ".asd": ".",
    ".asd/workspace": ".",
    ".env": "tpl.env",
}
"""Path in the repository to what the link leads to, out of it."""


@pytest.fixture(scope="module", name="fresh")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    with served_sites(tmp_path_factory.mktemp("sites"), len(LINKS)) as (_, fresh):
        yield fresh


@pytest.fixture(name="outside")
def _outside(tmp_path: Path) -> Path:
    """Give a folder with what a link could lead to; its script leaves a mark."""
    for name in ("tpl.env", "manifest.yaml", "release-x.yaml"):
        (tmp_path / name).write_text(f"{CONTENT}=\n")
    script = tmp_path / "1-b.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    return tmp_path


def _state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", LINKS)
def test_a_link_out_of_the_repository_is_not_followed(
    fresh: Callable[[], Site], outside: Path, path: str, evidence: Evidence
) -> None:
    """Row 48: a manifest, template, script, folder, playbook, workspace or .env that is a link out of it."""
    site = fresh()
    link = site.ops.developer / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / LINKS[path])
    files = {} if path.startswith("releases") else {"releases/1-a.sh": "#!/bin/sh\n"}
    needed = {"packages/web/manifest.yaml": "name: web\n"} if path == "packages/web/tpl.env" else {}
    merge = site.merge("1", {"README.md": "new\n", **files, **needed})
    before = _state(outside)

    told = [site.client(*command) for command in (("run", "1"), ("playbook", "list"), ("status", "1"), ("drift",))]

    evidence.add(commands_run=int((outside / "ran").exists()))
    assert _state(outside) == before
    assert [one.args for one in told if CONTENT in one.stdout + one.stderr] == []
    evidence.fired(int(f"120000 {path}" in site.ops.git("ls-tree", "-r", "--format=%(objectmode) %(path)", merge)))
