"""The recipes of ``release.just`` hand everything on to releasectl, untouched, and its exit code back.

What is tested is just: a stand-in for releasectl writes down what reaches it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.daemon_process import PROGRAMS

SCAFFOLD = Path(__file__).resolve().parents[2] / "cli" / "releasectl" / "scaffold"
NASTY = (
    "two  words",
    "it's",
    '"quoted"',
    "$(touch made)",
    "`touch made`",
    "$HOME",
    "a;touch made",
    "*",
    "\\",
    "",
    "é\n",
)
_STAND_IN = """\
#!{python}
import json, os, pathlib, sys
pathlib.Path("argv.json").write_text(json.dumps(sys.argv[1:]))
sys.exit(int(os.environ["EXIT_CODE"]))
"""


@dataclass(frozen=True)
class Handed:
    """What came of a recipe."""

    just: subprocess.CompletedProcess[str]
    folder: Path

    @property
    def arguments(self) -> list[str]:
        """The arguments that reached releasectl."""
        read: list[str] = json.loads((self.folder / "argv.json").read_text())
        return read


@pytest.fixture(name="ops")
def _ops(tmp_path: Path) -> Path:
    """Make an ops repo with the recipes, and nothing else."""
    for name in ("Justfile", "release.just"):
        shutil.copy(SCAFFOLD / name, tmp_path)
    stand_in = tmp_path / "bin" / "releasectl"
    stand_in.parent.mkdir()
    stand_in.write_text(_STAND_IN.format(python=sys.executable))
    stand_in.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "handed"),
    [
        (["release-run", "1234"], ["run", "1234"]),
        (
            ["release-run", "1234", "--from=ticket", "--reason", "why"],
            ["run", "1234", "--from=ticket", "--reason", "why"],
        ),
        (["release-revert", "1234", "--skip-data", "--yes"], ["revert", "1234", "--skip-data", "--yes"]),
        (["release-state", "1234"], ["status", "1234"]),
        (["release-return-to-main"], ["return-to-main"]),
        (["status", "wiki"], ["services", "wiki"]),
        (["logs", "wiki", "-f"], ["services", "logs", "wiki", "-f"]),
    ],
)
def test_a_recipe_is_a_command_of_releasectl(ops: Path, typed: list[str], handed: list[str]) -> None:
    assert _just(ops, *typed).arguments == handed


@pytest.mark.parametrize("recipe", [["release-run", "1"], ["release-revert", "1"], ["logs", "wiki"]])
def test_flags_arrive_as_they_were_typed(ops: Path, recipe: list[str]) -> None:
    handed = _just(ops, *recipe, *NASTY)

    assert handed.arguments[-len(NASTY) :] == list(NASTY)
    assert not (ops / "made").exists()


@pytest.mark.parametrize("recipe", ["release-run", "release-revert", "release-state", "status", "logs"])
def test_a_ticket_or_service_arrives_as_it_was_typed(ops: Path, recipe: str) -> None:
    nasty = "".join(NASTY)

    assert _just(ops, recipe, nasty).arguments[-1] == nasty
    assert not (ops / "made").exists()


@pytest.mark.parametrize("code", [0, 3, 130])
@pytest.mark.parametrize(
    "recipe",
    ["release-run 1", "release-revert 1", "release-state 1", "release-return-to-main", "status wiki", "logs wiki"],
)
def test_the_exit_code_is_that_of_releasectl_and_just_adds_no_word(ops: Path, recipe: str, code: int) -> None:
    just = _just(ops, *recipe.split(), exit_code=code).just

    assert (just.returncode, just.stdout, just.stderr) == (code, "", "")


def test_every_recipe_is_listed_with_what_it_does(ops: Path) -> None:
    recipes = json.loads(_just(ops, "--dump", "--dump-format", "json").just.stdout)["recipes"]

    assert {name for name, recipe in recipes.items() if recipe["doc"]} == {
        "default",
        "release-run",
        "release-revert",
        "release-state",
        "release-return-to-main",
        "status",
        "logs",
    }


def test_without_a_recipe_the_recipes_are_listed(ops: Path) -> None:
    assert "release-run TICKET *FLAGS" in _just(ops).just.stdout


def test_a_recipe_without_its_ticket_reaches_nobody(ops: Path) -> None:
    just = _just(ops, "release-run").just

    assert just.returncode == 1
    assert "just release-run TICKET [FLAGS...]" in just.stderr
    assert not (ops / "argv.json").exists()


def _just(ops: Path, *arguments: str, exit_code: int = 0) -> Handed:
    path = f"{ops / 'bin'}:{PROGRAMS}:{os.environ['PATH']}"
    finished = subprocess.run(
        [PROGRAMS / "just", *arguments],
        cwd=ops,
        env=os.environ | {"PATH": path, "EXIT_CODE": str(exit_code)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Handed(finished, ops)
