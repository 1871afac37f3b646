"""Releases that halt in phase migrate: a service that is unwell in every way, and sources that cannot be deployed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.stack_files import SECRET_NAME
from support.stack_images import docker
from support.stories import TELL_SECRET, Halts, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

ROLL_BACK = "release-run failed in phase migrate. To roll back:\n"
FAILED = r" ticket=1234 phase=migrate event=failed rc=\d+\n\Z"


# --- a service that is unwell ------------------------------------------------------------------------------------

HOOK = (
    f"#!/bin/sh\necho run >>.asd/hooks\ntest -e .asd/mended && exit 0\n{TELL_SECRET}echo 'no route to db' >&2\nexit 4\n"
)
MAIN = f"""\
echo "the password is ${SECRET_NAME}"
while [ ! -e /data/listen ]; do sleep 0.1; done
exec httpd -f -p 8080 -h /www
"""
ANSWER = """\
#!/bin/sh
if [ -e /data/well ]; then printf 'Status: 200 OK\\r\\n\\r\\n'; else printf 'Status: 503 Unwell\\r\\n\\r\\n'; fi
"""
UNWELL = ("hook", "unhealthy", "silent", "503")


@pytest.fixture(scope="module", name="unwell")
def _unwell(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Halts]:
    with served(tmp_path_factory.mktemp("unwell") / "stack", first_images, ("web",)) as (stack, _):
        yield _told_of_unwell_service(stack)


def _told_of_unwell_service(stack: Stack) -> Halts:
    story = Halts(stack, "1234")
    story.containers["before"] = stack.containers.ids()
    stack.merge("1234", _unwell_web(stack))
    story.client("hook", "run", "1234")
    (stack.ops.checkout / ".asd" / "mended").touch()
    for halt, mended in (("unhealthy", "ready"), ("silent", "listen"), ("503", "well")):
        story.client(halt, "resume", "1234", "--reason", "mended")
        docker("exec", stack.names.container("web"), "touch", f"/data/{mended}")
    story.client("end", "resume", "1234", "--reason", "mended")
    return story


def _unwell_web(stack: Stack) -> dict[str, str]:
    """Web at version 2: its hook fails, its health check does, it does not listen, and then it answers 503."""
    files = stack.new_version("web", "2")
    health = re.compile(r"health: \{.*\}")
    manifest = health.sub(
        f"health: {{endpoint: 'http://127.0.0.1:{stack.names.port}/cgi-bin/healthz', timeout: 3s}}",
        files["packages/web/manifest.yaml"],
    )
    compose = re.sub(r"test: \[.*\]", "test: [CMD, test, -e, /data/ready]", files["packages/web/docker-compose.yaml"])
    return {
        **files,
        "packages/web/manifest.yaml": manifest.replace("enabled: true", "enabled: false"),
        "packages/web/docker-compose.yaml": compose.replace("retries: 30", "retries: 2"),
        "packages/web/scripts/pre_start_init.10-check.sh": HOOK,
        "packages/web/src/main.sh": MAIN,
        "packages/web/src/www/cgi-bin/healthz": ANSWER,
    }


@pytest.mark.parametrize("halt", UNWELL)
def test_an_unwell_service_makes_the_client_exit_with_1(unwell: Halts, halt: str) -> None:
    assert unwell.code(halt) == 1, unwell.said(halt)


@pytest.mark.parametrize("halt", UNWELL)
def test_the_way_back_from_an_unwell_service_is_told(unwell: Halts, halt: str) -> None:
    assert ROLL_BACK in unwell.said(halt)


@pytest.mark.parametrize("halt", UNWELL)
def test_the_log_of_the_ticket_says_that_migrate_failed(unwell: Halts, halt: str) -> None:
    assert re.search(FAILED, unwell.logs[halt])


def test_a_hook_that_fails_is_named_with_its_exit_code(unwell: Halts) -> None:
    script = "packages/web/scripts/pre_start_init.10-check.sh"
    assert f"[ERROR] {script} ended with exit code 4." in unwell.said("hook")
    assert unwell.logs["hook"].endswith(" rc=4\n")


def test_what_a_hook_printed_last_stands_below_with_its_secret_masked(unwell: Halts) -> None:
    assert "  │ the password is ***\n  │ no route to db\n" in unwell.said("hook")


def test_nothing_is_stopped_when_the_hook_before_it_fails(unwell: Halts) -> None:
    assert unwell.containers["hook"] == unwell.containers["before"]


def test_a_hook_is_run_until_it_succeeds_and_never_again(unwell: Halts) -> None:
    assert (unwell.stack.ops.checkout / ".asd" / "hooks").read_text() == "run\nrun\n"


def test_a_service_whose_health_check_fails_is_unhealthy(unwell: Halts) -> None:
    assert "✗ web.healthy: unhealthy\n" in unwell.said("unhealthy")


def test_the_log_of_an_unhealthy_container_stands_below_with_its_secret_masked(unwell: Halts) -> None:
    assert "  │ the password is ***\n" in unwell.said("unhealthy")


def test_a_service_that_does_not_answer_is_reported_with_code_0(unwell: Halts) -> None:
    assert "✗ http-health: HTTP 0 (web)\n" in unwell.said("silent")


def test_a_service_that_answers_another_code_is_reported_with_it(unwell: Halts) -> None:
    assert "✗ http-health: HTTP 503 (web)\n" in unwell.said("503")


@pytest.mark.parametrize("name", ["silent", "503"])
def test_where_it_was_asked_for_how_long_is_told(unwell: Halts, name: str) -> None:
    url = f"http://127.0.0.1:{unwell.stack.names.port}/"
    assert re.search(rf"\n  {re.escape(url)}\S* was asked for \d+ s and did not answer HTTP 200\.\n", unwell.said(name))


def test_a_service_that_is_waited_for_again_is_not_recreated_again(unwell: Halts) -> None:
    assert started_steps(unwell.record).count("web.recreate") == 1


def test_a_service_that_became_well_is_released(unwell: Halts) -> None:
    assert unwell.code("end") == 0, unwell.said("end")
    assert unwell.stack.containers.running_tags() == {"web": "2"}


# --- sources that cannot be deployed -----------------------------------------------------------------------------

COMPOSE = "packages/front/docker-compose.yaml"
MANIFEST = "packages/front/manifest.yaml"
UNDEPLOYABLE = ("no file", "no containers", "invalid", "no image")


@pytest.fixture(scope="module", name="undeployable")
def _undeployable(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Halts]:
    with served(tmp_path_factory.mktemp("undeployable") / "stack", first_images, ("front",)) as (stack, _):
        yield _told_of_sources(stack)


def _told_of_sources(stack: Stack) -> Halts:
    """Every mended commit is wrong in another way, up to the last; each is taken up from prepare."""
    story, good = Halts(stack, "1234"), stack.new_version("front", "2")
    story.containers["before"] = stack.containers.ids()
    stack.merge("1234", {**good, COMPOSE: None})
    story.client("no file", "run", "1234")
    for halt, files in _wrong_in_other_ways(good, stack).items():
        stack.ops.commit(files, f"A fix that is none: {halt}")
        story.client(halt, "run", "1234", "--from=prepare", "--reason", "mended")
    stack.ops.commit(good, "The fix")
    story.client("end", "run", "1234", "--from=prepare", "--reason", "mended")
    return story


def _wrong_in_other_ways(good: dict[str, str], stack: Stack) -> dict[str, dict[str, str]]:
    compose, manifest = good[COMPOSE], good[MANIFEST]
    nowhere = "127.0.0.1:1/x"
    return {
        "no containers": {COMPOSE: compose.replace("    init: true\n", "    init: true\n    profiles: [never]\n")},
        "invalid": {COMPOSE: f"{compose}    pid: 'service:${{{SECRET_NAME}}}'\n"},
        "no image": {
            COMPOSE: compose.replace(stack.names.image("front"), nowhere).replace("    build: ./src\n", ""),
            MANIFEST: manifest.replace(stack.names.image("front"), nowhere).replace("build: true", "build: false"),
        },
    }


@pytest.mark.parametrize("halt", UNDEPLOYABLE)
def test_sources_that_cannot_be_deployed_make_the_client_exit_with_1(undeployable: Halts, halt: str) -> None:
    assert undeployable.code(halt) == 1, undeployable.said(halt)


@pytest.mark.parametrize("halt", UNDEPLOYABLE)
def test_the_way_back_from_sources_that_cannot_be_deployed_is_told(undeployable: Halts, halt: str) -> None:
    assert ROLL_BACK in undeployable.said(halt)


@pytest.mark.parametrize("halt", UNDEPLOYABLE)
def test_nothing_is_stopped_for_sources_that_cannot_be_deployed(undeployable: Halts, halt: str) -> None:
    assert undeployable.containers[halt] == undeployable.containers["before"]


def test_an_affected_service_without_a_compose_file_is_source_drift(undeployable: Halts) -> None:
    said = undeployable.said("no file")
    assert "[ERROR] front is affected by this release, but no step can be made for it: it has no Compose file." in said


def test_an_affected_service_without_containers_is_source_drift(undeployable: Halts) -> None:
    assert f"no step can be made for it: {COMPOSE} defines no containers." in undeployable.said("no containers")


def test_what_compose_says_of_its_file_is_told_with_the_secret_masked(undeployable: Halts) -> None:
    said = undeployable.said("invalid")
    assert f"[ERROR] Compose cannot read {undeployable.stack.ops.checkout / COMPOSE}: " in said
    assert "***" in said


def test_an_image_that_cannot_be_pulled_is_named_with_the_engines_own_words(undeployable: Halts) -> None:
    said = undeployable.said("no image")
    assert "[ERROR] The pull of 127.0.0.1:1/x:2 (front) failed: " in said
    assert "connection refused" in said


def test_the_mended_sources_are_released(undeployable: Halts) -> None:
    assert undeployable.code("end") == 0, undeployable.said("end")
    assert undeployable.stack.containers.running_tags() == {"front": "2"}
