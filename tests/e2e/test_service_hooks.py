"""An operator runs a hook of a service by hand."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_hook import SERVICE
from support.stack import ENVIRONMENT
from support.stories import TELL_SECRET, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

SCRIPTS = f"packages/{SERVICE}/scripts"
FACTS = ("TICKET", "BASE_SHA", "MERGE_SHA", "SERVICES", "BACKUPS", "CONTAINER_PREFIX")
TELL_FACTS = "#!/bin/sh\n" + "".join(f'echo "{name}=${name}"\n' for name in FACTS) + 'echo "arguments=$*"\n'


@pytest.fixture(scope="module", name="stack")
def _stack(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Stack]:
    with served(tmp_path_factory.mktemp("hooks") / "stack", first_images, running=()) as (stack, _):
        yield stack


def check_out(stack: Stack, name: str, content: str) -> None:
    """Commit a hook and pull it."""
    stack.ops.commit({f"{SCRIPTS}/{name}": content}, f"The hook {name}")
    stack.ops.git("pull", "--quiet", "--ff-only")


def on_record(stack: Stack) -> list[tuple[str, Any]]:
    """Read the hooks' events of the environment as they lie in the database."""
    query = "SELECT type, payload FROM events WHERE stream = ? AND type LIKE 'hook_%' ORDER BY position"
    with closing(sqlite3.connect(f"file:{stack.state_dir}/released.db?mode=ro", uri=True)) as database:
        return [(kind, json.loads(data)) for kind, data in database.execute(query, (f"environment/{ENVIRONMENT}",))]


def reason_of(stack: Stack, *arguments: str) -> tuple[int, str]:
    """Type a command that is refused; give exit code and reason."""
    told = stack.client("-o", "json", *arguments)
    return told.returncode, json.loads(told.stdout)["error"]["reason"]


# --- the outcome -------------------------------------------------------------------------------------------------


def test_what_it_prints_is_shown_with_secrets_masked(stack: Stack) -> None:
    check_out(stack, "renew.sh", f"#!/bin/sh\n{TELL_SECRET}")
    shown = stack.client("services", "run", SERVICE, "renew")
    assert (shown.returncode, shown.stdout) == (0, "the password is ***\n")


def test_a_hook_that_fails_fails_the_command(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\nexit 7\n")
    shown = stack.client("services", "run", SERVICE, "renew.sh")
    assert shown.returncode == 1
    assert shown.stderr.startswith(f"[ERROR] {SCRIPTS}/renew.sh ended with exit code 7.")


def test_programs_read_output_and_outcome_in_one_document(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\necho trying\nexit 7\n")
    told = json.loads(stack.client("-o", "json", "services", "run", SERVICE, "renew").stdout)
    assert (told["untrusted_output"], told["rc"], told["error"]["code"]) == ("trying\n", 7, 1)


def test_programs_read_one_object_per_line_and_the_outcome_last(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\necho one\necho two\n")
    told = [
        json.loads(line)
        for line in stack.client("-o", "jsonl", "services", "run", SERVICE, "renew").stdout.split("\n")[:-1]
    ]
    assert [one.get("untrusted_line") for one in told] == ["one", "two", None]
    assert told[-1]["exit_code"] == 0


def test_it_finds_its_service_and_no_facts_where_no_release_is(stack: Stack) -> None:
    check_out(stack, "tell.sh", TELL_FACTS)
    shown = stack.client("services", "run", SERVICE, "tell").stdout.splitlines()
    alone = {"SERVICES": SERVICE, "CONTAINER_PREFIX": stack.names.prefix, "arguments": "--yes"}
    assert shown == [f"{name}={alone.get(name, '')}" for name in (*FACTS, "arguments")]


def test_who_ran_it_why_and_how_it_ended_is_on_record(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\nexit 7\n")
    stack.client("services", "run", SERVICE, "renew", "--reason", f"the key {stack.secret} is stale")
    (_, started), (_, ended) = on_record(stack)[-2:]
    assert started["executable"]["path"] == f"{SCRIPTS}/renew.sh"
    assert started["reason"] == "the key *** is stale"
    assert (ended["request_id"], ended["failure"]["rc"]) == (started["request_id"], 7)


# --- which hook --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("nope", "renew"), (4, "service_unknown")),
        ((SERVICE, "nope"), (4, "hook_unknown")),
        ((SERVICE, "ensure"), (4, "hook_unknown")),
    ],
)
def test_what_there_is_not_is_not_found(stack: Stack, arguments: tuple[str, ...], answer: tuple[int, str]) -> None:
    assert reason_of(stack, "services", "run", *arguments) == answer


def test_a_name_that_means_several_files_is_wrong_usage(stack: Stack) -> None:
    for name in ("twice.10-one.sh", "twice.20-two.sh"):
        check_out(stack, name, "#!/bin/sh\n")
    assert reason_of(stack, "services", "run", SERVICE, "twice") == (2, "hook_ambiguous")


def test_a_hook_that_is_not_what_the_commit_holds_is_not_run(stack: Stack) -> None:
    check_out(stack, "changed.sh", "#!/bin/sh\n")
    before = on_record(stack)
    (stack.ops.checkout / SCRIPTS / "changed.sh").write_text("echo more\n")
    assert reason_of(stack, "services", "run", SERVICE, "changed") == (3, "script_changed")
    assert on_record(stack) == before
    stack.ops.git("checkout", "--quiet", ".")
