"""Failures of the checkout, of scripts and of the range: each is really produced, and its playbook is found first."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.bare_sites import BareSites
from support.playbook_matches import Repair, Seen, repaired, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.site import Site

APPLY = ("playbook", "apply")
HELLO = "#!/bin/sh\necho hello\n"
OWN = """\
- id: search-index-missing
  symptom: |
    no such index: <index>
  detection:
    - command: echo what is known of <index>
      expect: known of <index>
    - command: touch made-by-<ticket>
      expect: anything
  root_cause: The search service was set up anew, and nobody made its index.
  fix:
    adhoc: releasectl services run search make-index
"""


_DETECTION = ("release/own/1234", "detection_ran")


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


def _silent_port(site: Site) -> None:
    """Have the script talk to a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (site.ops.checkout / ".asd").mkdir()
    (site.ops.checkout / ".asd" / "port").write_text(str(port), encoding="ascii")
    _script("exec 3<>/dev/tcp/127.0.0.1/$(cat .asd/port)")(site)


def _listens(site: Site) -> None:
    port = int((site.ops.checkout / ".asd" / "port").read_text(encoding="ascii"))
    SERVERS.append(socket.create_server(("127.0.0.1", port)))


def _nothing(_site: Site) -> None:
    """Nothing is to be done by hand."""


def _committed_elsewhere(site: Site) -> None:
    site.git("checkout", "--", "README.md")


def _merged(site: Site) -> None:
    site.merge("1234", {"releases/1234-hello.sh": HELLO})


def _set_in_env(site: Site) -> None:
    (site.ops.checkout / ".env").write_text("NOBODY_SET_THIS=now\n", encoding="utf-8")


def _full(site: Site) -> None:
    """Give the script a disk of its own, which it fills."""
    disk = site.ops.checkout / ".asd" / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    _script("cat /dev/zero > .asd/disk/import")(site)


def _made_room(site: Site) -> None:
    subprocess.run(["/bin/umount", str(site.ops.checkout / ".asd" / "disk")], check=True)


class Case(NamedTuple):
    """A failure that is really produced, and what is done about it besides what its playbook runs."""

    fail: Callable[[Site], None]
    by_hand: Callable[[Site], None] = _nothing
    given: tuple[str, ...] = ()


SERVERS: list[socket.socket] = []
"""Closed with the module."""

FAILURES: dict[str, Case] = {
    "working-tree-dirty": Case(_dirty, _committed_elsewhere),
    "pulled-by-hand": Case(_pulled),
    "pull-request-not-merged": Case(_unmerged, _merged),
    "run-exit-5-with-drift": Case(_unmapped),
    "script-failed": Case(_script("echo 'the moon stands wrong' >&2\nexit 3")),
    "stale-credential": Case(
        _script("test -e .asd/key || { echo 'HTTP/1.1 403 Forbidden'; exit 22; }"), given=("service=wiki",)
    ),
    "script-variable-unset": Case(_script('set -u\necho "$NOBODY_SET_THIS"'), _set_in_env),
    "network-unreachable": Case(_silent_port, _listens),
    "disk-full": Case(_full, _made_room),
}
WIKI = {"packages/wiki/scripts/ensure-config.sh": "#!/bin/sh\nmkdir -p .asd\n> .asd/key\n"}


@pytest.fixture(scope="module", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    names = (*FAILURES, "unknown", "own", "released", "strange")
    policies = {policy: {"playbooks": {"detect": policy}} for policy in ("never", "always")}
    sites = BareSites.create(tmp_path_factory.mktemp("playbooks"), {**{name: {} for name in names}, **policies})
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites
        daemon.end()
    finally:
        for server in SERVERS:
            server.close()
        sites.cleanup()


@pytest.fixture(scope="module", name="failures")
def _failures(sites: BareSites) -> Failures:
    return Failures(sites)


class Failures(dict[str, "Failed"]):
    """Each failure, by the playbook that should tell of it; produced when it is first asked for."""

    def __init__(self, sites: BareSites) -> None:
        super().__init__()
        self._sites = sites

    def __missing__(self, playbook: str) -> Failed:
        """Produce a failure."""
        self[playbook] = _failed(self._sites.site(playbook, WIKI), playbook, FAILURES[playbook])
        return self[playbook]


class Failed(NamedTuple):
    """A failure, what playbooks said of it, and what the first of them did."""

    seen: Seen
    repair: Repair


def _failed(site: Site, playbook: str, case: Case) -> Failed:
    case.fail(site)
    found = seen(site.client, "1234", site.client("run", "1234"))
    return Failed(found, repaired(site.client, "1234", playbook, lambda: case.by_hand(site), *case.given))


def _log(sites: BareSites) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(f"file:{sites.database}?mode=ro", uri=True)) as database:
        return list(database.execute("SELECT stream, type, payload FROM events ORDER BY position"))


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
def test_the_playbook_of_a_failure_is_found_first(failures: Failures, playbook: str) -> None:
    assert failures[playbook].seen.sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first_from_its_text_alone(failures: Failures, playbook: str) -> None:
    assert failures[playbook].seen.blind[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_detection_of_a_playbook_finds_what_it_expects(failures: Failures, playbook: str) -> None:
    assert failures[playbook].repair.detected


@pytest.mark.parametrize("playbook", FAILURES)
def test_a_playbook_is_applied_and_what_proves_it_passes(failures: Failures, playbook: str) -> None:
    applied = failures[playbook].repair.applied

    assert applied.returncode == 0, applied.stdout + applied.stderr


def test_of_a_script_that_fails_for_a_reason_nobody_knows_only_that_it_failed_is_known(
    failures: Failures,
) -> None:
    assert failures["script-failed"].seen == (["script-failed"], ["script-failed"])


def test_a_failure_that_nobody_knows_has_no_playbook(sites: BareSites) -> None:
    site = sites.site("unknown")
    site.git("checkout", "--quiet", "--detach")

    found = seen(site.client, "1234", site.client("run", "1234"))

    assert found == ([], [])
    assert "No playbook tells of the failure of ticket 1234." in site.client("playbook", "match", "1234").stderr


# --- applied -----------------------------------------------------------------------------------------------------


def test_what_is_applied_is_on_record_with_its_end(failures: Failures, sites: BareSites) -> None:
    assert failures["stale-credential"].repair.applied.returncode == 0

    told = sites.client("--env", "stale-credential", "events", "1234").stdout
    by_hand = [kind for stream, kind, _ in _log(sites) if stream == "environment/stale-credential"][-4:]

    assert "playbook stale-credential, fix: for hook in packages/wiki/scripts/ensure-config.*" in told
    assert by_hand == ["fix_started", "hook_ended", "fix_started", "hook_ended"]


def test_a_playbook_that_was_applied_counts_as_confirmed_and_once_the_release_goes_on_as_one_that_worked(
    failures: Failures, sites: BareSites
) -> None:
    assert failures["stale-credential"].repair.applied.returncode == 0
    name = ("--env", "stale-credential")
    went_on = sites.client(*name, "run", "1234", "--from=ticket", "--playbook", "stale-credential")

    shown = json.loads(sites.client(*name, "-o", "json", "playbook", "show", "stale-credential").stdout)

    assert went_on.returncode == 0
    assert shown["record"] == {"matched": 1, "confirmed": 1, "worked": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            (*APPLY, "script-failed", "1234"),
            2,
            "In the checkout of ticket 1234 one command is run, as shown above.",
        ),
        ((*APPLY, "stale-credential", "1234", "--yes"), 2, "say it with --set service=…"),
        (
            (*APPLY, "stale-credential", "1234", "--yes", "--set", "service=x;reboot"),
            2,
            "cannot stand for <service>",
        ),
        ((*APPLY, "no-such-playbook", "1234", "--yes"), 4, "There is no playbook 'no-such-playbook'."),
    ],
    ids=["nobody agreed", "a placeholder is not known", "a value is no plain word", "no such playbook"],
)
def test_what_is_not_applied(own: Site, arguments: tuple[str, ...], code: int, told: str) -> None:
    before = own.log()

    refused = own.client(*arguments)

    assert (refused.returncode, own.log()) == (code, before)
    assert told in " ".join(refused.stderr.split())


def test_programs_get_one_document_of_all_that_was_run(own: Site) -> None:
    told = own.document("playbook", "apply", "script-failed", "1234", "--yes")

    assert (told["playbook"], told["ticket"], told["done"]) == ("script-failed", "1234", True)
    assert [(command["kind"], command["rc"]) for command in told["commands"]] == [("verify", 0)]
    assert told["afterwards"][0].startswith("releasectl resume 1234 ")


# --- nothing is forgotten ----------------------------------------------------------------------------------------

SECRET = "hunter2-hunter2"  # noqa: S105 (one that is to be masked)


class Strange(NamedTuple):
    """A release that failed in a way that nobody had seen, and ended well."""

    site: Site
    before: str
    """Its status while it was halted."""
    ended: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module", name="strange")
def _strange(sites: BareSites) -> Strange:
    site = sites.site("strange")
    (site.ops.checkout / ".env").write_text(f"MOON_TOKEN={SECRET}\n", encoding="utf-8")
    script = '. ./.env\n[ -e .asd/mended ] || { echo "the moon of 1234 stands wrong: $MOON_TOKEN"; exit 3; }'
    _script(script)(site)
    assert site.client("run", "1234").returncode == 1
    site.client("playbook", "match", "1234", "--detect")
    before = site.client("status", "1234").stdout
    (site.ops.checkout / ".asd" / "mended").touch()
    ended = site.client("resume", "1234", "--reason", "turned the moon")
    assert ended.returncode == 0
    return Strange(site, before, ended)


def test_a_failure_that_no_playbook_told_of_asks_for_one_once_it_is_over(strange: Strange) -> None:
    assert "playbook new" not in strange.before
    assert "releasectl playbook new 1234" in strange.ended.stdout
    assert "releasectl playbook new 1234" in strange.site.client("status", "1234").stdout


def test_a_draft_passes_lint_tells_of_its_failure_and_holds_no_secret(strange: Strange, tmp_path: Path) -> None:
    file = tmp_path / "release-moon.yaml"

    drafted = strange.site.client("playbook", "new", "1234", "-o", str(file))

    text = file.read_text(encoding="utf-8")
    assert drafted.returncode == 0, drafted.stderr
    assert strange.site.client("playbook", "lint", str(file)).returncode == 0
    assert "the moon of <ticket> stands wrong: <secret>" in text
    assert "turned the moon" in text
    assert SECRET not in text
    assert "script-failed-1234 (1.)" in strange.site.client("playbook", "test", str(file)).stdout


def test_a_secret_stands_for_nothing_in_a_command(strange: Strange) -> None:
    refused = strange.site.client(*APPLY, "stale-credential", "1234", "--yes", "--set", f"service={SECRET}")

    assert (refused.returncode, SECRET in str(strange.site.log())) == (2, False)
    assert "holds a secret of .env" in refused.stderr


def test_a_draft_takes_the_place_of_no_file(strange: Strange, tmp_path: Path) -> None:
    file = tmp_path / "kept.yaml"
    file.write_text("mine", encoding="utf-8")

    refused = strange.site.client("playbook", "new", "1234", "-o", str(file))

    assert (refused.returncode, file.read_text(encoding="utf-8")) == (2, "mine")


# --- the team's own ----------------------------------------------------------------------------------------------


def test_a_playbook_of_the_ops_repo_is_found_before_those_that_only_know_the_kind(own: Site) -> None:
    matched = own.client("-o", "json", "playbook", "match", "1234")

    ids = [match["playbook"]["id"] for match in json.loads(matched.stdout)["matches"]]
    assert ids == ["search-index-missing", "script-failed"]


def test_a_match_names_the_line_of_the_playbook_and_the_line_on_record(own: Site) -> None:
    said = own.client("playbook", "match", "1234").stdout

    assert "search-index-missing  recovery/playbooks/release-search.yaml:1\n" in said
    assert "found: no such index: <index>\n         in: no such index: articles\n" in said


# --- detection ---------------------------------------------------------------------------------------------------


def test_detection_runs_where_it_is_asked_for_and_changes_nothing(own: Site) -> None:
    before = own.snapshot()

    said = own.client("playbook", "match", "1234", "--detect").stdout

    assert own.snapshot() == before
    assert "      ✓ echo what is known of articles\n          │ what is known of articles\n" in said
    assert "      ✗ touch made-by-1234\n          │ touch: cannot touch 'made-by-1234': Read-only file system\n" in said


def test_what_detection_found_is_on_record_and_shown_from_then_on(own: Site) -> None:
    own.client("playbook", "match", "1234", "--detect")

    events = [json.loads(payload) for stream, kind, payload in own.log() if (stream, kind) == _DETECTION]
    ran = [event for event in events if event["playbook"] == "search-index-missing"]
    shown = own.document("playbook", "match", "1234")["matches"][0]["detection"]

    assert [check["matched"] for check in ran[-1]["checks"]] == [True, False]
    assert [check["exit_code"] for check in shown["checks"]] == [0, 1]
    assert shown["applies"] is False


def test_diagnose_tells_what_detection_found_and_offers_no_playbook_that_does_not_apply(own: Site) -> None:
    own.client("playbook", "match", "1234", "--detect")

    told = own.document("diagnose", "1234")
    typed = [command["argv"][1:3] for command in told["next"]]

    assert told["playbooks"][0]["detection"]["applies"] is False
    assert ["playbook", "apply"] not in typed
    assert "; it looked: that is not it\n" in own.client("diagnose", "1234").stdout


def test_where_the_configuration_forbids_it_no_detection_runs(sites: BareSites) -> None:
    site = sites.site("never")
    _dirty(site)
    site.client("run", "1234")

    assert site.document("playbook", "match", "1234", "--detect", code=3)["error"]["reason"] == "detection_off"


def test_where_the_configuration_says_always_detection_needs_no_asking(sites: BareSites) -> None:
    site = sites.site("always")
    _dirty(site)
    site.client("run", "1234")

    detection = site.document("playbook", "match", "1234")["matches"][0]["detection"]

    assert detection["applies"] is True
    assert detection["checks"][0]["untrusted_output"] == " M README.md\n"


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
    [(("show", "no-such-playbook"), "playbook_unknown"), (("match", "9999"), "ticket_unknown")],
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
