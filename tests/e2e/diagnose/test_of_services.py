"""One release that fails in every way in which services fail: only what diagnose prints is typed, to its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.diagnosed import Document, Operator, shortcomings
from support.stack_images import docker
from support.stories import served
from support.what_goes_wrong import SERVICES, Row, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

COMPOSE = "packages/web/docker-compose.yaml"
MANIFEST = "packages/web/manifest.yaml"
MAIN = """\
echo 'waits to be told'
while :; do
    while [ ! -e /data/listen ]; do sleep 0.1; done
    httpd -f -p 8080 -h /www &
    while [ -e /data/listen ]; do sleep 0.1; done
    kill $!
done
"""
WORK = """\
#!/bin/sh
. ./.env
test "$(cat .asd/key)" = new || { echo 'HTTP/1.1 403 Forbidden'; exit 22; }
container=${CONTAINER_PREFIX}web
docker exec "$container" rm /data/ready
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = unhealthy ]; do sleep 0.1; done
"""
RENEW = "#!/bin/sh\n# released: repeatable\nset -eu\n[ -e .asd/key ] && echo new >.asd/key || echo old >.asd/key\n"
CAUSES = {
    "variable": "env_variable_missing",
    "backup": "backup_failed",
    "drift": "source_drift",
    "pull": "image_pull_failed",
    "unhealthy": "unhealthy",
    "silent": "http_no_answer",
    "credential": "stale_credential",
    "race": "verify_race",
    "fell silent": "http_no_answer",
    "mismatch": "image_mismatch",
}
"""Each failure of ticket 1234 with its cause."""


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("diagnose") / "stack"
    with served(home, first_images, ("web", "front"), verify={"budget": "3s"}) as (stack, _):
        story = Story(stack, _late_web(stack))
        story.tell_of_the_time_before_containers()
        yield story


@pytest.fixture(scope="module", name="released")
def _released(story: Story) -> Story:
    story.tell_of_containers()
    return story


@pytest.fixture(scope="module", name="taken_back")
def _taken_back(released: Story) -> Story:
    released.tell_of_front()
    return released


class Story:
    """Ticket 1234 fails in every way and is released; 1235 brings a front that does not stay up, and is taken back."""

    def __init__(self, stack: Stack, good: dict[str, str]) -> None:
        self.stack = stack
        self.good = good
        self.web = Operator(stack.client, "1234")
        self.front = Operator(stack.client, "1235")

    def tell_of_the_time_before_containers(self) -> None:
        """Each failure is mended by hand as diagnose says, and what it prints is typed."""
        stack, web, good = self.stack, self.web, self.good
        unsaved = good[MANIFEST].replace("[web-data]", "[web-data, web-more]")
        stack.merge("1234", {**good, COMPOSE: None, MANIFEST: unsaved})
        stack.client("run", "1234")
        web.asks("variable")
        _set_variable(stack)
        web.follows("variable")
        web.asks("backup")
        _create_missing_volume(stack)
        web.follows("backup")
        web.asks("drift")

    def tell_of_containers(self) -> None:
        """Go on in the same way, to the end."""
        stack, web, good = self.stack, self.web, self.good
        stack.ops.commit(_without_image(good, stack), "The Compose file, with an image that nobody has")
        web.follows("drift")
        web.asks("pull")
        stack.ops.commit(good, "The image is built again")
        web.follows("pull")
        web.asks("unhealthy")
        _touch(stack, "ready")
        web.follows("unhealthy", instead="the cause is mended here and now")
        web.asks("silent")
        _touch(stack, "listen")
        web.follows("silent")
        web.follows("credential")
        _touch(stack, "ready")
        _await_health(stack)
        web.asks("race")
        _remove(stack, "listen")
        web.follows("race")
        web.asks("fell silent")
        stack.containers.recreate_by_hand(stack.ops.checkout, "web", "1")
        _touch(stack, "listen")
        web.follows("fell silent")
        web.follows("mismatch")

    def tell_of_front(self) -> None:
        """What diagnose prints is typed, which takes the release back."""
        stack = self.stack
        broken = {"packages/front/src/main.sh": "echo 'no licence for this host' >&2\nexit 7\n"}
        stack.merge("1235", {**stack.new_version("front", "2"), **broken})
        stack.client("run", "1235")
        self.front.looks("exits")
        self.front.follows("exits")
        self.front.asks("end")


def _late_web(stack: Stack) -> dict[str, str]:
    """Web at version 2: it is healthy, and listens, once a file tells it to; a script makes it unhealthy again."""
    files = stack.new_version("web", "2")
    return {
        **files,
        MANIFEST: files[MANIFEST].replace("timeout: 30s", "timeout: 3s"),
        COMPOSE: re.sub(
            r"test: \[.*\]", "test: [CMD, test, -e, /data/ready]", files[COMPOSE].replace("retries: 30", "retries: 2")
        ),
        "packages/web/tpl.env": files["packages/web/tpl.env"] + "WEB_THEME=\n",
        "packages/web/src/main.sh": MAIN,
        "packages/web/scripts/ensure-config.10-key.sh": RENEW,
        "releases/1234-work.sh": WORK,
    }


def _without_image(good: dict[str, str], stack: Stack) -> dict[str, str]:
    image, nowhere = stack.names.image("web"), "127.0.0.1:1/x"
    compose = good[COMPOSE].replace(image, nowhere).replace("    build: ./src\n", "")
    return {COMPOSE: compose, MANIFEST: good[MANIFEST].replace(image, nowhere).replace("build: true", "build: false")}


def _set_variable(stack: Stack) -> None:
    with (stack.ops.checkout / ".env").open("a", encoding="utf-8") as file:
        file.write("WEB_THEME=dark\n")


def _create_missing_volume(stack: Stack) -> None:
    label = f"com.docker.compose.project={stack.names.project('web')}"
    docker("volume", "create", "--label", label, f"{stack.names.prefix}web-more")


def _touch(stack: Stack, name: str) -> None:
    docker("exec", stack.names.container("web"), "touch", f"/data/{name}")


def _remove(stack: Stack, name: str) -> None:
    docker("exec", stack.names.container("web"), "rm", f"/data/{name}")


def _await_health(stack: Stack) -> None:
    status = ("inspect", "--format", "{{.State.Health.Status}}", stack.names.container("web"))
    while docker(*status).strip() != "healthy":
        pass


def _clues(told: Document, kind: str) -> list[str]:
    return [clue["subject"] for clue in told["clues"] if clue["kind"] == kind]


# --- before containers are touched -----------------------------------------------------------------------------------


def test_of_a_missing_variable_its_name_is_given(story: Story) -> None:
    assert _clues(story.web.told["variable"], "variable") == ["WEB_THEME"]


def test_of_a_failed_backup_service_and_volume_are_named_and_the_free_space(story: Story) -> None:
    told = story.web.told["backup"]
    assert (
        "The backup of web failed: the engine knows no such thing as its volume web-more." in told["cause"]["sentence"]
    )
    assert all(told["evidence"]["surroundings"]["free_bytes"].values())


# --- every failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_of_a_failure_is_named(released: Story, name: str) -> None:
    assert released.web.told[name]["cause"]["code"] == CAUSES[name]


def test_whoever_types_what_diagnose_prints_releases_the_ticket(released: Story) -> None:
    ended = released.web.ended["mismatch"]
    assert ended.returncode == 0, ended.stderr
    assert released.stack.containers.running_tags()["web"] == "2"


@pytest.mark.parametrize("row", rows_of(SERVICES), ids=str)
def test_one_command_leads_from_a_failure_to_the_right_next_one(released: Story, row: Row) -> None:
    assert shortcomings(row, released.web) == []


@pytest.mark.parametrize("name", [name for name in CAUSES if name not in ("variable", "backup", "drift")])
def test_what_the_service_at_fault_brings_is_told(released: Story, name: str) -> None:
    (change,) = released.web.told[name]["changes"]
    assert change["service"] == "web"
    assert "packages/web/manifest.yaml" in change["paths"]


def test_before_anything_is_touched_that_is_certain(released: Story) -> None:
    certain = released.web.told["pull"]["certainty"]["certain"]
    assert "nothing that is deployed was touched: the old containers serve" in certain


def test_of_an_image_that_cannot_be_pulled_image_and_answer_are_given(released: Story) -> None:
    told = released.web.told["pull"]
    assert _clues(told, "image") == ["127.0.0.1:1/x:2"]
    assert _clues(told, "registry") == ["connection refused"]


def test_a_service_that_is_not_up_is_to_be_taken_back(released: Story) -> None:
    assert released.web.told["unhealthy"]["recommendation"]["choice"] == "revert"


def test_container_and_health_log_and_probe_are_evidence(released: Story) -> None:
    seen = released.web.told["unhealthy"]["evidence"]["surroundings"]
    assert [one["health"] for one in seen["containers"]] == ["unhealthy"]
    assert "exit 1" in seen["containers"][0]["untrusted_health_log"]
    assert [(one["service"], one["code"]) for one in seen["probes"]] == [("web", 0)]


def test_of_a_service_that_does_not_answer_the_published_port_is_given(released: Story) -> None:
    assert _clues(released.web.told["silent"], "port") == [f"127.0.0.1:{released.stack.names.port}->8080/tcp"]


def test_a_stale_credential_is_renewed_by_the_hook_of_the_service(released: Story) -> None:
    renew, resume, *_ = [command["argv"][1:] for command in released.web.told["credential"]["next"]]
    assert renew == ["services", "run", "web", "ensure-config"]
    assert resume[:4] == ["resume", "1234", "--from", "ticket"]


def test_a_race_is_resumed_from_verify(released: Story) -> None:
    told = released.web.told["race"]
    assert told["recommendation"]["choice"] == "resume"
    assert told["next"][0]["argv"][1:5] == ["resume", "1234", "--from", "verify"]


def test_another_image_is_mended_from_migrate(released: Story) -> None:
    assert released.web.told["mismatch"]["next"][0]["argv"][1:5] == ["resume", "1234", "--from", "migrate"]


# --- taken back ------------------------------------------------------------------------------------------------------


def test_a_new_version_that_does_not_stay_up_is_taken_back(taken_back: Story) -> None:
    told = taken_back.front.told["exits"]
    assert (told["cause"]["code"], told["recommendation"]["choice"]) == ("service_exits", "revert")
    assert taken_back.front.told["end"]["state"] == "reverted", taken_back.front.ended["exits"].stderr


def test_what_the_new_version_said_last_is_on_the_screen(taken_back: Story) -> None:
    assert "  │ no licence for this host\n" in taken_back.front.screens["exits"]
