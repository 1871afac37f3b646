"""Failures of the checkout, of scripts and of the range: each is really produced, and its playbook is found first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.playbook_matches import Seen, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.site import Site

HELLO = "#!/bin/sh\necho hello\n"
OWN = """\
- id: search-index-missing
  symptom: |
    no such index: <index>
  root_cause: The search service was set up anew, and nobody made its index.
  fix:
    adhoc: releasectl services run search make-index
"""


def _dirty(site: Site) -> None:
    (site.ops.checkout / "README.md").write_text("work of a colleague\n", encoding="utf-8")


def _pulled(site: Site) -> None:
    site.merge("1234", {"releases/1234-hello.sh": HELLO})
    site.git("pull", "--quiet", "--ff-only")


def _unmerged(_site: Site) -> None:
    """Nothing is on the branch that is not here."""


def _unmapped(site: Site) -> None:
    site.merge("1234", {"shared/theme/colours.css": "a {}\n"})


def _script(lines: str) -> Callable[[Site], None]:
    def prepare(site: Site) -> None:
        site.merge("1234", {"releases/1234-work.sh": f"#!/bin/bash\n{lines}\n"})

    return prepare


FAILURES: dict[str, Callable[[Site], None]] = {
    "working-tree-dirty": _dirty,
    "pulled-by-hand": _pulled,
    "pull-request-not-merged": _unmerged,
    "run-exit-5-with-drift": _unmapped,
    "script-failed": _script("echo 'the moon stands wrong' >&2\nexit 3"),
    "stale-credential": _script("echo 'HTTP/1.1 403 Forbidden'\nexit 22"),
    "script-variable-unset": _script('set -u\necho "$NOBODY_SET_THIS"'),
    "network-unreachable": _script("exec 3<>/dev/tcp/127.0.0.1/1"),
}


@pytest.fixture(scope="module", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    names = (*FAILURES, "unknown", "own", "released")
    sites = BareSites.create(tmp_path_factory.mktemp("playbooks"), {name: {} for name in names})
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites
        daemon.end()
    finally:
        sites.cleanup()


@pytest.fixture(scope="module", name="failures")
def _failures(sites: BareSites) -> dict[str, Seen]:
    return {name: _failed(sites.site(name), fail) for name, fail in FAILURES.items()}


def _failed(site: Site, fail: Callable[[Site], None]) -> Seen:
    fail(site)
    return seen(site.client, "1234", site.client("run", "1234"))


@pytest.fixture(scope="module", name="own")
def _own(sites: BareSites) -> Site:
    """Give an ops repo with two playbook files, one of which is wrong, and a failure that the other one tells of."""
    site = sites.site("own")
    script = "#!/bin/sh\necho 'no such index: articles'\nexit 3\n"
    files = {
        "releases/1234-work.sh": script,
        "recovery/playbooks/release-search.yaml": OWN,
        "recovery/playbooks/release-wrong.yaml": "- id: wrong\n  sympton: x\n",
        "recovery/playbooks/notes.yaml": "no playbook: by its name\n",
    }
    site.merge("1234", files)
    assert site.client("run", "1234").returncode == 1
    return site


# --- each failure and its playbook -------------------------------------------------------------------------------


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first(failures: dict[str, Seen], playbook: str) -> None:
    assert failures[playbook].sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first_from_its_text_alone(failures: dict[str, Seen], playbook: str) -> None:
    assert failures[playbook].blind[:1] == [playbook]


def test_of_a_script_that_fails_for_a_reason_nobody_knows_only_that_it_failed_is_known(
    failures: dict[str, Seen],
) -> None:
    assert failures["script-failed"] == (["script-failed"], ["script-failed"])


def test_a_failure_that_nobody_knows_has_no_playbook(sites: BareSites) -> None:
    site = sites.site("unknown")
    site.git("checkout", "--quiet", "--detach")

    found = seen(site.client, "1234", site.client("run", "1234"))

    assert found == ([], [])
    assert "No playbook tells of the failure of ticket 1234." in site.client("playbook", "match", "1234").stderr


# --- the team's own ----------------------------------------------------------------------------------------------


def test_a_playbook_of_the_ops_repo_is_found_before_those_that_only_know_the_kind(own: Site) -> None:
    matched = own.client("-o", "json", "playbook", "match", "1234")

    ids = [match["playbook"]["id"] for match in json.loads(matched.stdout)["matches"]]
    assert ids == ["search-index-missing", "script-failed"]


def test_a_match_names_the_line_of_the_playbook_and_the_line_on_record(own: Site) -> None:
    said = own.client("playbook", "match", "1234").stdout

    assert "search-index-missing  recovery/playbooks/release-search.yaml:1\n" in said
    assert "found: no such index: <index>\n         in: no such index: articles\n" in said


def test_a_playbook_file_that_is_wrong_hides_no_other_and_is_told(own: Site) -> None:
    listed = own.client("playbook", "list")

    assert "search-index-missing" in listed.stdout
    assert "not read: recovery/playbooks/release-wrong.yaml:2: 0.sympton: expected a known key (symptom?)" in (
        listed.stderr
    )


def test_playbooks_are_those_of_head_and_not_of_the_work_tree(own: Site) -> None:
    file = own.ops.checkout / "recovery" / "playbooks" / "release-search.yaml"
    file.write_text(OWN.replace("search-index-missing", "not-committed"), encoding="utf-8")

    listed = own.client("playbook", "list").stdout

    own.git("checkout", "--", "recovery")
    assert "search-index-missing" in listed
    assert "not-committed" not in listed


def test_lint_without_a_file_tells_the_faults_of_the_ops_repo_and_exits_with_1(own: Site) -> None:
    linted = own.client("playbook", "lint")

    assert linted.returncode == 1
    files = {line.partition(":")[0] for line in linted.stdout.splitlines()}
    assert files == {"recovery/playbooks/release-wrong.yaml"}


# --- what may be asked -------------------------------------------------------------------------------------------


def test_show_tells_the_whole_playbook(own: Site) -> None:
    shown = own.client("playbook", "show", "search-index-missing").stdout

    assert "root cause\n  The search service was set up anew, and nobody made its index.\n" in shown
    assert "fix now\n  releasectl services run search make-index\n" in shown


def test_show_as_a_document_has_the_fields_of_the_file(own: Site) -> None:
    shown = json.loads(own.client("-o", "json", "playbook", "show", "verify-race").stdout)

    assert shown["origin"] == "built-in/release-verify-race.yaml:2"
    assert shown["tags"] == ["release", "verify", "unhealthy"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("show", "no-such-playbook"), "playbook_unknown"), (("match", "4321"), "ticket_unknown")],
)
def test_what_nobody_knows_is_not_found(own: Site, arguments: tuple[str, str], reason: str) -> None:
    answer = own.client("-o", "json", "playbook", *arguments)

    assert answer.returncode == 4
    assert json.loads(answer.stdout)["error"]["reason"] == reason


def test_a_release_without_a_failure_has_nothing_to_match(sites: BareSites) -> None:
    site = sites.site("released")
    site.merge("1234", {"releases/1234-hello.sh": HELLO})
    assert site.client("run", "1234").returncode == 0

    answer = site.client("playbook", "match", "1234")

    assert answer.returncode == 4
    assert "No failure is on record of ticket 1234" in answer.stderr


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


def test_lint_of_good_files_exits_with_0(own: Site, tmp_path: Path) -> None:
    file = tmp_path / "release-search.yaml"
    file.write_text(OWN, encoding="utf-8")

    assert own.client("playbook", "lint", str(file)).returncode == 0


# --- the past ----------------------------------------------------------------------------------------------------


def test_a_file_is_tried_on_every_past_failure(own: Site, tmp_path: Path) -> None:
    assert own.client("run", "4321").returncode == 3
    file = tmp_path / "release-search.yaml"
    file.write_text(OWN, encoding="utf-8")

    tried = json.loads(own.client("-o", "json", "playbook", "test", str(file)).stdout)["failures"]

    hits = {failure["code"]: [(hit["id"], hit["rank"]) for hit in failure["hits"]] for failure in tried}
    assert hits.pop("script_failed") == [("search-index-missing", 1)]
    assert set(map(tuple, hits.values())) == {()}


def test_how_many_failures_are_told_of_is_said(own: Site, tmp_path: Path) -> None:
    file = tmp_path / "release-search.yaml"
    file.write_text(OWN, encoding="utf-8")

    said = own.client("playbook", "test", str(file))

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
