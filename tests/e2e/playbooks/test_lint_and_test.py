"""Playbook files on trial: their faults, and which past failures they tell of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.site import Site


def test_lint_without_a_file_tells_the_faults_of_the_ops_repo_and_exits_with_1(own: Site) -> None:
    linted = own.client("playbook", "lint")

    assert linted.returncode == 1
    files = {line.partition(":")[0] for line in linted.stdout.splitlines()}
    assert files == {"recovery/playbooks/release-wrong.yaml"}


def test_lint_tells_every_fault_of_every_file_and_exits_with_1(own: Site, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("- id: A\n", encoding="utf-8")
    second.write_bytes(b"- id: \xff\n")

    linted = own.client("playbook", "lint", str(first), str(second))

    assert linted.returncode == 1
    assert [line.partition(": expected")[0] for line in linted.stdout.splitlines()] == [
        f"{first}:1: 0.id",
        f"{first}:1: 0.symptom",
        f"{first}:1: 0.root_cause",
        f"{first}:1: 0.fix",
        f"{second}:1: (document)",
    ]


def test_lint_of_good_files_exits_with_0(own: Site, search_file: Path) -> None:
    assert own.client("playbook", "lint", str(search_file)).returncode == 0


def test_a_file_is_tried_on_every_past_failure(own: Site, search_file: Path) -> None:
    assert own.client("run", "4321").returncode == 3

    tried = json.loads(own.client("-o", "json", "playbook", "test", str(search_file)).stdout)["failures"]

    hits = {failure["code"]: [(hit["id"], hit["rank"]) for hit in failure["hits"]] for failure in tried}
    assert hits.pop("script_failed") == [("search-index-missing", 1)]
    assert set(map(tuple, hits.values())) == {()}


def test_how_many_failures_are_told_of_is_said(own: Site, search_file: Path) -> None:
    said = own.client("playbook", "test", str(search_file))

    assert "search-index-missing (1.)" in said.stdout
    assert said.stderr.startswith("1 of ")


def test_a_file_with_a_fault_is_not_tried(own: Site, tmp_path: Path) -> None:
    file = tmp_path / "release-search.yaml"
    file.write_text("- id: A\n", encoding="utf-8")

    tried = own.client("playbook", "test", str(file))

    assert tried.returncode == 2
    assert f"[ERROR] {file}:1: 0.id: expected an id-in-kebab-case, got 'A'" in tried.stderr


def test_files_that_are_too_large_are_not_checked(own: Site, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yaml" for number in range(2)]
    for file in files:
        file.write_text("# " + "x" * 100_000, encoding="utf-8")

    linted = own.client("playbook", "lint", *map(str, files))

    assert linted.returncode == 2
    assert "[ERROR] More than 131072 bytes are not checked at once." in linted.stderr
