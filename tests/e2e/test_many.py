"""Many releases through one daemon: ten in a row, two clients at once, one request sent twice."""

from __future__ import annotations

import json
import os
import shlex
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from support.stories import TELL_SECRET, events, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.stack import Stack
    from support.stack_images import FirstImages

TICKETS = [str(1000 + number) for number in range(1, 11)]


@dataclass(frozen=True)
class Row:
    """Ten releases of one service, one after the other."""

    stack: Stack
    base: str
    merges: dict[str, str]
    clients: dict[str, CompletedProcess[str]]


@pytest.fixture(scope="module", name="row")
def _row(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Row]:
    with served(tmp_path_factory.mktemp("row") / "stack", first_images, running=("front",)) as (stack, _):
        row = Row(stack, stack.ops.head(), {}, {})
        for tag, ticket in enumerate(TICKETS, start=2):
            row.merges[ticket] = stack.merge(ticket, stack.new_version("front", str(tag)))
            row.clients[ticket] = stack.client("run", ticket)
        yield row


def test_each_ticket_of_a_row_is_released(row: Row) -> None:
    assert {ticket: client.returncode for ticket, client in row.clients.items()} == dict.fromkeys(TICKETS, 0)


def test_at_the_end_of_a_row_the_last_version_runs_and_the_environment_is_free(row: Row) -> None:
    assert row.stack.containers.running_tags() == {"front": "11"}
    assert json.loads(row.stack.client("-o", "json", "status").stdout)["lock_ticket"] == ""


def test_each_release_of_a_row_begins_where_the_one_before_ended(row: Row) -> None:
    commits = [row.base, *row.merges.values()]
    derived = [row.stack.derived(ticket, "env").splitlines() for ticket in TICKETS]

    assert [lines[1:3] for lines in derived] == [
        [f"BASE_SHA={base}", f"MERGE_SHA={merge}"] for base, merge in pairwise(commits)
    ]


def test_each_ticket_of_a_row_has_a_log_of_its_own(row: Row) -> None:
    for ticket in TICKETS:
        lines = row.stack.derived(ticket, "log").splitlines()
        assert {line.split()[1] for line in lines} == {f"ticket={ticket}"}
        assert lines[-1].endswith("phase=verify event=done rc=0")


def test_each_ticket_of_a_row_has_a_record_without_gap(row: Row) -> None:
    for ticket in TICKETS:
        record = events(row.stack, ticket)
        assert [event["version"] for event in record] == [*range(1, len(record) + 1)]
        assert record[-1]["type"] == "released"


def test_the_list_has_a_row_of_releases_newest_first(row: Row) -> None:
    listed = row.stack.client("-o", "jsonl", "list").stdout.splitlines()

    assert [(json.loads(line)["ticket"], json.loads(line)["state"]) for line in listed] == [
        (ticket, "released") for ticket in reversed(TICKETS)
    ]


# --- at once -----------------------------------------------------------------------------------------------------


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    """Hand out an environment whose next release waits in a hook until its gate is opened; its daemon runs."""
    with served(tmp_path / "stack", first_images, running=("front",)) as (stack, _):
        os.mkfifo(gate_of(stack))
        waiting = f"#!/bin/sh\n{TELL_SECRET}cat {shlex.quote(str(gate_of(stack)))}\n"
        hook = {"packages/front/scripts/pre_start_init.20-wait.sh": waiting}
        stack.merge("2001", {**stack.new_version("front", "2"), **hook})
        yield stack


def gate_of(stack: Stack) -> Path:
    return stack.home / "gate"


def open_gate(stack: Stack) -> None:
    """Let the hook go on, once it waits."""
    gate_of(stack).open("w").close()


def error_of(client: CompletedProcess[str]) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(client.stdout or client.stderr)["error"]
    return error


def test_of_two_clients_at_once_one_releases_and_the_other_is_refused(stack: Stack) -> None:
    with ThreadPoolExecutor() as pool:
        runs: list[Future[Any]] = [pool.submit(stack.client, "-o", "json", "run", one) for one in ("2001", "2002")]
        first, others = wait(runs, return_when=FIRST_COMPLETED)
        open_gate(stack)
        refused, released = first.pop().result(), others.pop().result()

    assert (refused.returncode, error_of(refused)["reason"]) == (3, "environment_busy")
    assert released.returncode == 0


def test_a_request_that_is_sent_twice_at_once_acts_once(stack: Stack) -> None:
    with ThreadPoolExecutor() as pool:
        command = ("-o", "json", "run", "2001", "--request-id", "the-same-request")
        runs = [pool.submit(stack.client, *command) for _ in range(2)]
        open_gate(stack)
        codes = [run.result().returncode for run in runs]

    record = events(stack, "2001")
    assert codes == [0, 0]
    assert len(of_type(record, "run_requested")) == 1
    assert of_type(record, "refused") == []
    assert len(started_steps(record)) == len(set(started_steps(record)))
