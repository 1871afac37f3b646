"""A release in which nothing goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.daemon_process import Daemon
    from support.stack import Stack


@pytest.mark.usefixtures("daemon")
def test_a_merged_ticket_is_released_and_only_its_services_are_recreated(stack: Stack) -> None:
    before = stack.containers.ids()
    merge = stack.merge("1234", stack.new_version("web", "2"))

    finished = stack.client("run", "1234")

    assert finished.returncode == 0, finished.stdout + finished.stderr
    after = stack.containers.ids()
    assert stack.ops.head() == merge
    assert stack.containers.running_tags() == {"web": "2", "front": "1", "slow": "1"}
    assert {name for name in after if after[name] != before[name]} == {"web"}


@pytest.mark.usefixtures("daemon")
def test_the_tag_that_runs_is_written_into_the_dotenv_file_and_nothing_else_changes(stack: Stack) -> None:
    file = stack.ops.checkout / ".env"
    before = file.read_text()
    stack.merge("1234", stack.new_version("web", "2"))

    stack.client("run", "1234")

    assert file.read_text() == before.replace("WEB_IMAGE_TAG=1", "WEB_IMAGE_TAG=2")


@pytest.mark.usefixtures("daemon")
def test_a_terminal_shows_the_release_to_its_end(stack: Stack) -> None:
    stack.merge("1234", stack.new_version("front", "2"))

    finished = stack.client("run", "1234", tty=True)

    assert finished.returncode == 0
    assert "Ticket 1234 is released" in finished.stdout


def test_a_secret_that_a_script_prints_is_masked_wherever_its_output_goes(stack: Stack, daemon: Daemon) -> None:
    script = '#!/bin/sh\n. ./.env\necho "the password is $WEB_ADMIN_PASSWORD"\n'
    stack.merge("1234", {"releases/1234-tell.sh": script})

    stack.client("run", "1234", "-o", "jsonl")
    told = stack.client("logs", "1234").stdout

    assert "the password is ***" in told
    assert stack.secret not in told + daemon.log


def test_a_daemon_that_is_asked_to_stop_exits_with_success(stack: Stack) -> None:
    daemon = stack.daemon()
    daemon.start()

    assert daemon.stop() == 0
