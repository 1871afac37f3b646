"""What a good release leaves behind: in the checkout, on the engine, in files, and on the screens of who watches."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from support.git_daemon import serve_over_git
from support.stack_files import SECRET_NAME
from support.stack_images import docker
from support.stories import TELL_SECRET, events, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

FACTS = ("TICKET", "BASE_SHA", "MERGE_SHA", "SERVICES", "BACKUPS", "CONTAINER_PREFIX")
PHASES = ("prepare", "migrate", "ticket", "verify")
TELL_FACTS = "#!/bin/sh\n" + "".join(f'echo "{name}=${name}"\n' for name in FACTS) + 'echo "arguments=$*"\n'
ODD_LINES = b"# kept as it is  \r\nODD='two words' # and a comment\n\nWINDOWS=yes\r\nLAST='no end of line'"
FOREIGN = "written by the old tool\n"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
NO_LOGIN = 2**32 - 1


@dataclass(frozen=True)
class GoodRelease:
    """Ticket 1234 went through; it changed ``web`` and ``front``, which depends on it though its priority is lower."""

    stack: Stack
    base: str
    merge: str
    ids_before: dict[str, str]
    images_before: dict[str, str]
    dotenv_before: bytes
    volume_before: dict[str, bytes]
    run: subprocess.CompletedProcess[str]
    record: list[dict[str, Any]]

    @property
    def stamp(self) -> str:
        """The stamp of web's backup."""
        return str(next(data["result"]["stamp"] for data in of_type(self.record, "step_succeeded") if data["result"]))

    @property
    def backup(self) -> Path:
        """The folder of web's backup."""
        return self.stack.state_dir / "backups" / "prod" / "web" / self.stamp

    def output_of(self, step: str) -> str:
        """Read what a step printed."""
        return self.stack.client("logs", "1234", "--step", step).stdout

    def client(self, *arguments: str) -> str:
        """Run the client, which must succeed, and give what it printed to stdout."""
        finished = self.stack.client(*arguments)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 (a document of any shape)
        """Run the client for one JSON document."""
        return json.loads(self.client("-o", "json", *arguments))

    def jsonl(self, *arguments: str) -> list[Any]:
        """Run the client for one object per line."""
        return [json.loads(line) for line in self.client("-o", "jsonl", *arguments).splitlines()]


@pytest.fixture(scope="module", name="release")
def _release(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[GoodRelease]:
    with served(tmp_path_factory.mktemp("good") / "stack", first_images) as (stack, _):
        _prepare_the_ground(stack)
        base, merge = stack.ops.head(), stack.merge("1234", _changes(stack))
        before = stack.containers.ids(), _images(stack), (stack.ops.checkout / ".env").read_bytes(), _volume(stack)
        run = stack.client("run", "1234", "--yes")
        assert run.returncode == 0, run.stdout + run.stderr
        yield GoodRelease(stack, base, merge, *before, run, events(stack, "1234"))


def _prepare_the_ground(stack: Stack) -> None:
    with (stack.ops.checkout / ".env").open("ab") as dotenv:
        dotenv.write(ODD_LINES)
    foreign = stack.workspace / "releases" / "1234.log"
    foreign.parent.mkdir(parents=True)
    foreign.write_text(FOREIGN)
    writing = "umask 077; echo precious >/data/kept; mkdir /data/deep; ln -s ../kept /data/deep/link"
    docker("exec", stack.names.container("web"), "sh", "-c", writing)


def _changes(stack: Stack) -> dict[str, str]:
    files = {**stack.new_version("web", "2"), **stack.new_version("front", "2")}
    files["packages/web/src/main.sh"] = f'echo "${SECRET_NAME}"\n{files["packages/web/src/main.sh"]}'
    manifest = files["packages/front/manifest.yaml"]
    files["packages/front/manifest.yaml"] = manifest.replace("priority: 20", "priority: 1")
    files["packages/front/scripts/pre_start_init.10-look.sh"] = TELL_FACTS
    return {
        **files,
        "releases/1234-20-second.sh": "echo second\n",  # neither executable nor with a first line: bash runs it
        "releases/1234-10-first.sh": TELL_FACTS + TELL_SECRET,
    }


def _images(stack: Stack) -> dict[str, str]:
    services = ("web", "front", "slow")
    said = docker("inspect", "--format", "{{.Image}}", *(stack.names.container(service) for service in services))
    return dict(zip(services, said.split(), strict=True))


def _volume(stack: Stack) -> dict[str, bytes]:
    """Read the volume of web through the engine, as a tar archive."""
    return _members(_output_of("docker", "cp", f"{stack.names.container('web')}:/data/.", "-"))


def _members(packed: bytes) -> dict[str, bytes]:
    """Map each entry of a tar archive to its type, mode, target and content."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {one.name.strip("./"): _entry(tar, one) for one in tar.getmembers()}


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isfile() else None
    return b"%s %o %s %s" % (member.type, member.mode, member.linkname.encode(), file.read() if file else b"")


def _unpacked(archive: Path) -> bytes:
    """Decompress with the plain tool that an operator has at hand, or its library where that is not installed."""
    if shutil.which("zstd"):
        return _output_of("zstd", "--decompress", "--stdout", str(archive))
    with archive.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def _output_of(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


# --- the checkout ------------------------------------------------------------------------------------------------


def test_the_checkout_stands_at_the_merge(release: GoodRelease) -> None:
    assert release.stack.ops.head() == release.merge


def test_the_checkout_is_clean_and_on_its_branch(release: GoodRelease) -> None:
    assert release.stack.ops.git("status", "--porcelain=v1", "--branch").startswith("## main...origin/main")
    assert release.stack.ops.git("status", "--porcelain=v1") == ""


def test_only_the_tag_changes_in_the_dotenv_file_and_every_other_byte_stays(release: GoodRelease) -> None:
    expected = release.dotenv_before.replace(b"WEB_IMAGE_TAG=1", b"WEB_IMAGE_TAG=2")
    expected = expected.replace(b"FRONT_IMAGE_TAG=1", b"FRONT_IMAGE_TAG=2")
    assert (release.stack.ops.checkout / ".env").read_bytes() == expected


# --- the engine --------------------------------------------------------------------------------------------------


def test_the_containers_of_exactly_the_affected_services_are_replaced(release: GoodRelease) -> None:
    after = release.stack.containers.ids()
    assert after.keys() == release.ids_before.keys()
    assert {name for name in after if after[name] != release.ids_before[name]} == {"web", "front"}


def test_every_service_runs_the_tag_of_its_manifest(release: GoodRelease) -> None:
    assert release.stack.containers.running_tags() == {"web": "2", "front": "2", "slow": "1"}


def test_the_images_that_ran_before_are_kept_under_a_tag(release: GoodRelease) -> None:
    kept = {
        service: docker(
            "image",
            "inspect",
            "--format",
            "{{.Id}}",
            f"released-kept:prod-1234-1-{release.stack.names.container(service)}",
        ).strip()
        for service in ("web", "front")
    }
    assert kept == {service: release.images_before[service] for service in ("web", "front")}


def test_services_are_recreated_in_the_order_of_their_dependencies(release: GoodRelease) -> None:
    recreated = [step for step in started_steps(release.record) if step.endswith(".recreate")]
    assert recreated == ["web.recreate", "front.recreate"]


def test_every_image_is_there_before_anything_is_stopped(release: GoodRelease) -> None:
    steps = started_steps(release.record)
    assert max(steps.index("web.image"), steps.index("front.image")) < steps.index("web.recreate")


def test_hooks_run_around_the_recreation_of_their_service(release: GoodRelease) -> None:
    mine = [step for step in started_steps(release.record) if step.startswith("front.")]
    assert mine == [
        "front.keep-images",
        "front.compose",
        "front.image",
        "front.pre_start_init.10-look.sh",
        "front.recreate",
        "front.healthy",
        "front.pin-tag",
        "front.post_start_init.10-warm.sh",
        "front.ensure-config.10-account.sh",
        "front.verify",
    ]


# --- backups -----------------------------------------------------------------------------------------------------


def test_a_plain_zstd_and_tar_give_the_content_of_the_volume_back(release: GoodRelease) -> None:
    archive = next(release.backup.glob("volume-*.tar.zst"))
    assert _members(_unpacked(archive)) == release.volume_before


def test_the_backup_of_the_configuration_holds_the_dotenv_file_as_it_was(release: GoodRelease) -> None:
    with tarfile.open(fileobj=io.BytesIO(_unpacked(release.backup / "config.tar.zst"))) as tar:
        saved = tar.extractfile(".env")
        assert saved
        assert saved.read() == release.dotenv_before


def test_the_backup_of_the_configuration_holds_the_package_as_it_was(release: GoodRelease) -> None:
    with tarfile.open(fileobj=io.BytesIO(_unpacked(release.backup / "config.tar.zst"))) as tar:
        saved = tar.extractfile("packages/web/manifest.yaml")
        assert saved
        assert (
            saved.read().decode() == release.stack.ops.git("show", f"{release.base}:packages/web/manifest.yaml") + "\n"
        )


def test_backups_are_for_the_daemons_own_user_only(release: GoodRelease) -> None:
    modes = {path.stat().st_mode & 0o077 for path in (release.backup, *release.backup.iterdir())}
    assert modes == {0}


# --- scripts and hooks -------------------------------------------------------------------------------------------


def _facts(release: GoodRelease) -> list[str]:
    return [
        "TICKET=1234",
        f"BASE_SHA={release.base}",
        f"MERGE_SHA={release.merge}",
        "SERVICES=web front",
        f"BACKUPS=web={release.stamp}",
        f"CONTAINER_PREFIX={release.stack.names.prefix}",
        "arguments=--yes",
    ]


def test_a_ticket_script_finds_the_facts_of_the_release_in_its_environment(release: GoodRelease) -> None:
    assert release.output_of("1234-10-first.sh").splitlines()[:7] == _facts(release)


def test_a_hook_finds_the_facts_of_the_release_in_its_environment(release: GoodRelease) -> None:
    assert release.output_of("front.pre_start_init.10-look.sh").splitlines() == _facts(release)


def test_a_secret_that_a_script_prints_is_masked(release: GoodRelease) -> None:
    assert release.output_of("1234-10-first.sh").splitlines()[7:] == ["the password is ***"]


def test_ticket_scripts_run_in_the_order_of_their_names(release: GoodRelease) -> None:
    scripts = [step for step in started_steps(release.record) if step.startswith("1234-")]
    assert scripts == ["1234-10-first.sh", "1234-20-second.sh"]


def test_a_script_that_is_not_executable_is_run_by_bash(release: GoodRelease) -> None:
    assert release.output_of("1234-20-second.sh") == "second\n"


# --- derived files -----------------------------------------------------------------------------------------------


def _expected_env(release: GoodRelease) -> str:
    return (
        f"TICKET=1234\nBASE_SHA={release.base}\nMERGE_SHA={release.merge}\n"
        f'SERVICES="web front"\nBACKUPS="web={release.stamp}"\n'
    )


def _expected_log(release: GoodRelease) -> str:
    words = {"phase_started": "start", "phase_completed": "done rc=0"}
    return "".join(
        f"{event['at'][:19]}Z ticket=1234 phase={event['data']['phase']} event={words[event['type']]}\n"
        for event in release.record
        if event["type"] in words
    )


def test_the_env_file_of_the_ticket_is_as_scripts_expect_it(release: GoodRelease) -> None:
    assert release.stack.derived("1234", "env") == _expected_env(release)


def test_the_env_file_of_the_ticket_can_be_sourced(release: GoodRelease) -> None:
    file = release.stack.workspace / "releases" / "1234.env"
    said = _output_of("sh", "-c", '. "$1"; echo "$SERVICES/$BACKUPS"', "sh", str(file))
    assert said.decode() == f"web front/web={release.stamp}\n"


def test_the_log_of_the_ticket_has_one_line_per_event_of_a_phase(release: GoodRelease) -> None:
    assert release.stack.derived("1234", "log") == _expected_log(release)


def test_the_log_of_the_ticket_goes_through_the_four_phases(release: GoodRelease) -> None:
    phases = re.findall(r"phase=(\w+) event=done rc=0\n", release.stack.derived("1234", "log"))
    assert tuple(phases) == PHASES


def test_a_file_that_somebody_else_wrote_is_set_aside(release: GoodRelease) -> None:
    assert release.stack.derived("1234", "log.before-released") == FOREIGN


def test_derived_files_that_were_deleted_come_back_byte_for_byte_by_rebuild(release: GoodRelease) -> None:
    folder = release.stack.workspace / "releases"
    for ending in ("env", "log"):
        (folder / f"1234.{ending}").unlink()
    release.client("rebuild")
    assert release.stack.derived("1234", "env") + release.stack.derived("1234", "log") == (
        _expected_env(release) + _expected_log(release)
    )


# --- what clients print ------------------------------------------------------------------------------------------


def test_a_run_in_a_pipe_prints_one_line_per_event_and_the_outcome(release: GoodRelease) -> None:
    *lines, outcome = release.run.stdout.splitlines()
    assert len(lines) == len(release.record)
    assert [line for line in lines if not re.fullmatch(rf"{STAMP}  \S.*|{STAMP}    \S.*", line)] == []
    assert outcome == f"Ticket 1234 is released ({release.base[:12]}..{release.merge[:12]})."


def test_a_run_that_ends_well_prints_nothing_to_stderr(release: GoodRelease) -> None:
    assert release.run.stderr == ""


def test_events_are_numbered_without_gap(release: GoodRelease) -> None:
    assert [event["version"] for event in release.record] == list(range(1, len(release.record) + 1))


def test_an_event_tells_its_place_time_type_and_who_caused_it(release: GoodRelease) -> None:
    shapes = {frozenset(event) for event in release.record}
    assert shapes == {frozenset(("version", "position", "at", "type", "actor", "uid", "login_uid", "event_id", "data"))}


def test_the_event_of_a_command_carries_uid_and_login_uid_from_the_kernel(release: GoodRelease) -> None:
    requested = release.record[0]
    login = int(Path("/proc/self/loginuid").read_text())
    assert (requested["type"], requested["uid"]) == ("run_requested", os.getuid())
    assert requested["login_uid"] == (None if login == NO_LOGIN else login)


def test_events_as_one_document_hold_the_same_objects(release: GoodRelease) -> None:
    assert release.json("events", "1234") == {"ticket": "1234", "events": release.record}


def test_events_for_people_have_one_line_each(release: GoodRelease) -> None:
    lines = release.client("events", "1234").splitlines()
    assert [line for line in lines if not re.fullmatch(rf" *\d+  {STAMP}  .+  \(\w+\)", line)] == []
    assert len(lines) == len(release.record)


def test_events_after_a_number_leave_the_earlier_ones_out(release: GoodRelease) -> None:
    assert release.jsonl("events", "1234", "--after", "5") == release.record[5:]


def test_a_release_that_is_over_is_replayed_to_who_watches_it(release: GoodRelease) -> None:
    assert release.jsonl("watch", "1234") == release.record


def test_watching_since_an_event_begins_with_it(release: GoodRelease) -> None:
    assert release.jsonl("watch", "1234", "--since", "7") == release.record[6:]


def test_watching_as_one_document_tells_outcome_and_events(release: GoodRelease) -> None:
    told = release.json("watch", "1234")
    assert (told["ticket"], told["state"], told["exit_code"]) == ("1234", "released", 0)
    assert told["events"] == release.record


def test_logs_title_the_output_of_each_step(release: GoodRelease) -> None:
    titles = re.findall(r"^==> (\S+) <==$", release.client("logs", "1234", "--phase", "ticket"), re.MULTILINE)
    assert titles == ["1234-10-first.sh", "1234-20-second.sh"]


def test_logs_as_one_document_mark_the_output_as_untrusted(release: GoodRelease) -> None:
    assert release.json("logs", "1234", "--step", "1234-20-second.sh") == {
        "ticket": "1234",
        "steps": [{"step": "1234-20-second.sh", "attempt": 1, "untrusted_output": "second\n"}],
    }


def test_logs_as_objects_give_one_per_line(release: GoodRelease) -> None:
    assert release.jsonl("logs", "1234", "--step", "1234-20-second.sh") == [
        {"step": "1234-20-second.sh", "attempt": 1, "untrusted_line": "second"}
    ]


def test_verify_prints_one_line_per_check(release: GoodRelease) -> None:
    lines = [re.sub(r" \([0-9a-f]{12}\)$", "", line) for line in release.output_of("web.verify").splitlines()]
    assert lines == [
        f"✓ web.image: {release.stack.names.image('web')}:2",
        f"✓ web.healthy: {release.stack.names.container('web')}",
        "✓ http-health: HTTP 200 (web)",
    ]


def test_status_of_a_ticket_shows_its_state_and_every_phase(release: GoodRelease) -> None:
    shown = release.client("status", "1234")
    assert shown.startswith("ticket 1234  ✓ released\n")
    assert "✓ prepare done   ✓ migrate done   ✓ ticket done   ✓ verify done\n" in shown


def test_status_of_a_ticket_as_a_document(release: GoodRelease) -> None:
    told = release.json("status", "1234")
    assert (told["environment"], told["version"], told["failure"]) == ("prod", len(release.record), None)
    assert told["summary"]["state"] == "released"
    assert told["summary"]["base_sha"] == release.base
    assert told["summary"]["merge_sha"] == release.merge
    assert told["summary"]["services"] == ["web", "front"]
    assert told["phases"] == [{"phase": phase, "status": "done"} for phase in PHASES]
    assert [(backup["service"], backup["stamp"]) for backup in told["backups"]] == [("web", release.stamp)]


def test_status_of_the_environment_shows_that_it_is_free_and_where_it_stands(release: GoodRelease) -> None:
    told = release.json("status")
    assert (told["name"], told["lock_ticket"], told["active"]) == ("prod", "", None)
    assert (told["repo"], told["branch"]) == (str(release.stack.ops.checkout), "main")
    assert told["head"] == release.stack.ops.head()


def test_the_list_has_a_line_for_the_release(release: GoodRelease) -> None:
    title, *rows = release.client("list").splitlines()
    assert title.split()[:4] == ["TICKET", "RUN", "STATE", "PHASE"]
    assert any(re.match(r"1234 +1 +✓ released +verify +\S+ \S+ +\S+ +web, front$", row) for row in rows)


def test_the_list_as_objects_has_the_release(release: GoodRelease) -> None:
    listed = next(one for one in release.jsonl("list", "--state", "released") if one["ticket"] == "1234")
    assert (listed["run"], listed["merge_sha"], listed["services"]) == (1, release.merge, ["web", "front"])


def test_services_show_what_runs_against_what_the_manifests_say(release: GoodRelease) -> None:
    names = release.stack.names
    found = {one["name"]: (one["image"], one["containers"][0]) for one in release.json("services")["services"]}
    for service, tag in {"web": "2", "front": "2", "slow": "1"}.items():
        wanted, container = found[service]
        assert wanted == container["image"] == f"{names.image(service)}:{tag}"
        assert (container["name"], container["health"]) == (names.container(service), "healthy")


def test_services_for_people_have_a_line_each(release: GoodRelease) -> None:
    title, *rows = release.client("services").splitlines()
    assert title.split() == ["SERVICE", "CONTAINER", "STATE", "IMAGE"]
    assert [row.split()[0] for row in rows] == ["front", "web", "slow"]


def test_version_tells_both_programs(release: GoodRelease) -> None:
    told = release.json("version")
    assert told["client"] == told["daemon"]
    assert told["api"] == "released.v1"


# --- more releases of the same environment -----------------------------------------------------------------------


def test_a_terminal_shows_a_tree_with_phases_and_steps(release: GoodRelease) -> None:
    release.stack.merge("1235", {"releases/1235-greet.sh": "#!/bin/sh\necho hello\n"})
    shown = release.stack.client("run", "1235", tty=True)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.stdout).replace("\r", "").splitlines()[-12:]
    rows = [re.sub(r" +", " ", line).strip() for line in last]
    assert shown.returncode == 0
    assert any(row.startswith("✓ prepare done") for row in rows)
    assert any(row.startswith("· migrate skipped") for row in rows)
    assert any(row.startswith("✓ ticket done") for row in rows)
    assert any(row.startswith("· verify skipped") for row in rows)
    assert rows[-1].startswith("Ticket 1235 is released")


def test_derived_files_that_were_deleted_come_back_byte_for_byte_when_the_daemon_starts(
    tmp_path: Path, first_images: FirstImages
) -> None:
    with served(tmp_path / "stack", first_images, running=()) as (stack, daemon):
        stack.merge("1234", {"releases/1234-greet.sh": "#!/bin/sh\necho hello\n"})
        stack.client("run", "1234")
        before = stack.derived("1234", "env"), stack.derived("1234", "log")
        for ending in ("env", "log"):
            (stack.workspace / "releases" / f"1234.{ending}").unlink()
        daemon.stop()
        daemon.start()
        assert (stack.derived("1234", "env"), stack.derived("1234", "log")) == before


# --- over the network --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="fetched")
def _fetched(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[GoodRelease]:
    home = tmp_path_factory.mktemp("over-git") / "stack"
    settings = {"allow_protocols": ["git"]}
    with (
        served(home, first_images, ("front", "web"), git=settings) as (stack, _),
        serve_over_git(stack.ops.origin) as url,
    ):
        stack.ops.git("remote", "set-url", "origin", url)
        yield _released_over(stack)


def _released_over(stack: Stack) -> GoodRelease:
    files = {**stack.new_version("front", "2"), **stack.new_version("web", "2")}
    manifest = files["packages/front/manifest.yaml"].replace("priority: 20", "priority: 5")
    files["packages/front/manifest.yaml"] = manifest.replace("depends_on: [web]\n", "")
    base, merge = stack.ops.head(), stack.merge("1234", files)
    run = stack.client("run", "1234")
    return GoodRelease(stack, base, merge, {}, {}, b"", {}, run, events(stack, "1234"))


def test_a_release_is_fetched_from_a_git_daemon(fetched: GoodRelease) -> None:
    assert fetched.run.returncode == 0, fetched.run.stderr
    assert fetched.stack.ops.head() == fetched.merge


def test_services_that_do_not_depend_on_each_other_are_recreated_by_priority(fetched: GoodRelease) -> None:
    recreated = [step for step in started_steps(fetched.record) if step.endswith(".recreate")]
    assert recreated == ["front.recreate", "web.recreate"]


def test_a_phase_without_anything_to_do_is_recorded_as_skipped(fetched: GoodRelease) -> None:
    assert [data["phase"] for data in of_type(fetched.record, "phase_skipped")] == ["ticket"]
    assert " phase=ticket event=skipped\n" in fetched.stack.derived("1234", "log")
