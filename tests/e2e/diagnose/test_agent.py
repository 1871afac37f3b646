"""The program in docs/agents.md brings failed releases to their end by its rules alone, or calls a person."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.daemon_process import PROGRAMS
from support.json_page import promised
from support.stories import events, of_type, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.timeout(600)
"""Its story is long, and is told within the first of its tests."""

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
MANIFEST, COMPOSE = "packages/web/manifest.yaml", "packages/web/docker-compose.yaml"
MAIN = "touch /data/ready\nexec httpd -f -p 8080 -h /www\n"
UNWELL = """\
#!/bin/sh
. ./.env
container=${CONTAINER_PREFIX}web
docker exec "$container" rm /data/ready
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = unhealthy ]; do sleep 0.1; done
"""
WELL_AGAIN = """\
docker exec {0} touch /data/ready
until [ "$(docker inspect --format '{{{{.State.Health.Status}}}}' {0})" = healthy ]; do sleep 0.1; done
"""
RENEW = "#!/bin/sh\n# released: repeatable\nset -eu\n[ -e .asd/key ] && echo new >.asd/key || echo old >.asd/key\n"
NEEDS_KEY = "#!/bin/sh\ntest \"$(cat .asd/key)\" = new || { echo 'HTTP/1.1 403 Forbidden'; exit 22; }\n"
FAILS = "#!/bin/sh\necho 'the moon stands wrong' >&2\nexit 3\n"
IS_LOST = "#!/bin/sh\necho half way\nkill -9 $PPID\n"
LEAVES_HALF = "#!/bin/sh\necho 'releasectl run 1234: do that, says the log'\necho 'migration 0042 failed'\nexit 1\n"
MEANWHILE = '#!/bin/sh\ncase "$*" in *diagnose*) sh "{home}/meanwhile" ;; esac\nexec "{program}" "$@"\n'
"""What happens between a failure and the look at it."""


class Story:
    """How the program came out for each ticket."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ended: dict[str, CompletedProcess[str]] = {}
        self.documents: dict[str, Any] = {}
        """What programs read of a halted release, by the object that docs/json.md calls it."""
        recorder = stack.home / "bin" / "releasectl"
        recorder.write_text(MEANWHILE.format(home=stack.home, program=PROGRAMS / "releasectl"), encoding="utf-8")
        recorder.chmod(0o755)

    def release(self, name: str, ticket: str, files: dict[str, str], meanwhile: str = "") -> None:
        """Merge a ticket and let the program release it."""
        (self.stack.home / "meanwhile").write_text(meanwhile, encoding="utf-8")
        self.stack.merge(ticket, files)
        program = [sys.executable, "-c", program_on_the_page(), ticket]
        environment = self.stack.client_environment()
        self.ended[name] = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)

    def read(self, ticket: str) -> None:
        """Fail once more, and read all of it."""
        resumed = self._read("resume", ticket, "--reason", "it may do now")
        diagnosis, release = self._read("diagnose", ticket), self._read("status", ticket)
        self.documents = {
            "outcome": resumed,
            "error": resumed["error"],
            "failure": resumed["failure"],
            "event": resumed["events"][0],
            "diagnosis": diagnosis,
            **{name: diagnosis[name] for name in ("cause", "certainty", "evidence", "recommendation")},
            "surroundings": diagnosis["evidence"]["surroundings"],
            "occurrence": diagnosis["before"][0],
            "match": diagnosis["playbooks"][0],
            "next": diagnosis["next"][0],
            "release": release,
            "step": release["steps"][0],
            "summary": self._read("list")["releases"][0],
        }

    def give_up(self) -> None:
        """Do what the person does who was called."""
        self.stack.client("lock", "release", "--reason", "it can wait", "--yes")

    def state(self, ticket: str) -> str:
        """Tell where a ticket stands."""
        return str(self._read("status", ticket)["summary"]["state"])

    def _read(self, *arguments: str) -> Any:  # noqa: ANN401 (a document)
        return json.loads(self.stack.client("-o", "json", *arguments).stdout)


def program_on_the_page() -> str:
    """Give the program as whoever reads the page would copy it."""
    found = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def _web(stack: Stack, tag: str) -> dict[str, str]:
    """Web, which is healthy as long as a file is there."""
    files = stack.new_version("web", tag)
    probe = re.sub(r"test: \[.*\]", "test: [CMD, test, -e, /data/ready]", files[COMPOSE])
    return {
        **files,
        COMPOSE: probe.replace("retries: 30", "retries: 2"),
        MANIFEST: files[MANIFEST].replace("timeout: 30s", "timeout: 3s"),
        "packages/web/src/main.sh": MAIN,
    }


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("agent") / "stack"
    with served(home, first_images, ("web",), verify={"budget": "3s"}) as (stack, _):
        story, web = Story(stack), stack.names.container("web")
        race = {**_web(stack, "2"), "releases/1234-work.sh": UNWELL}
        story.release("race", "1234", race, WELL_AGAIN.format(web))
        keys = {"packages/web/scripts/ensure-config.10-key.sh": RENEW, "releases/1235-work.sh": NEEDS_KEY}
        story.release("credential", "1235", {**_web(stack, "3"), **keys})
        story.release("unknown", "1236", {"releases/1236-work.sh": FAILS})
        story.read("1236")
        story.give_up()
        story.release("doubt", "1237", {"releases/1237-work.sh": IS_LOST})
        story.give_up()
        story.release("migration", "1238", {"releases/1238-work.sh": LEAVES_HALF})
        yield story


def test_a_race_is_resumed_and_released(story: Story) -> None:
    ended = story.ended["race"]
    assert (ended.returncode, story.state("1234")) == (0, "released"), ended.stderr
    assert [one["phase"] for one in of_type(events(story.stack, "1234"), "resumed")] == ["verify"]


def test_a_stale_credential_is_made_anew_and_the_release_resumed(story: Story) -> None:
    ended = story.ended["credential"]
    assert (ended.returncode, story.state("1235")) == (0, "released"), ended.stderr
    assert [one["phase"] for one in of_type(events(story.stack, "1235"), "resumed")] == ["ticket"]


def test_a_migration_that_stopped_half_way_is_taken_back(story: Story) -> None:
    ended = story.ended["migration"]
    assert (ended.returncode, story.state("1238")) == (0, "reverted"), ended.stderr


def test_in_doubt_a_person_is_called_and_nothing_is_typed(story: Story) -> None:
    ended = story.ended["doubt"]
    assert (ended.returncode, ended.stderr) == (8, "call a person: ticket 1237, exit code 8\n")
    assert of_type(events(story.stack, "1237"), "resumed") == []


def test_where_nobody_knows_the_cause_a_person_is_called(story: Story) -> None:
    ended = story.ended["unknown"]
    assert (ended.returncode, ended.stderr) == (1, "call a person: ticket 1236, exit code 1\n")


@pytest.mark.parametrize(
    "name",
    [
        "outcome",
        "failure",
        "event",
        "diagnosis",
        "cause",
        "certainty",
        "evidence",
        "recommendation",
        "surroundings",
        "occurrence",
        "match",
        "next",
        "release",
        "step",
        "summary",
    ],
)
def test_programs_read_what_the_page_promises(story: Story, name: str) -> None:
    assert set(story.documents[name]) == promised()[name]


def test_programs_read_an_error_as_the_page_promises(story: Story) -> None:
    assert {"error", *story.documents["error"]} == promised()["error"]


def test_what_a_script_says_is_never_done(story: Story) -> None:
    assert len(of_type(events(story.stack, "1234"), "run_requested")) == 1
    assert of_type(events(story.stack, "1234"), "refused") == []
