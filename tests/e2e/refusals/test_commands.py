"""Commands that do not fit the state of the release, or that are wrong in themselves."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from support.bare_sites import BareSites
    from support.site import Site

_GOOD = "#!/bin/sh\n"
_FAILING_UNTIL_MENDED = "#!/bin/sh\ntest -e .asd/mended\n"
_WAITING = '#!/bin/sh\n: >.asd/started\nread word <.asd/gate\ntest "$word" = go\n'


@pytest.fixture(name="released_site")
def _released_site(bare_site: Site) -> Site:
    """Give an environment in which ticket 3001 was released."""
    bare_site.merge("3001", {"releases/3001-fine.sh": _GOOD})
    assert bare_site.client("run", "3001").returncode == 0
    return bare_site


@pytest.fixture(name="halted_site")
def _halted_site(bare_site: Site) -> Site:
    """Give an environment in which ticket 3001 is halted in phase ticket."""
    bare_site.merge("3001", {"releases/3001-fails.sh": _FAILING_UNTIL_MENDED})
    assert bare_site.client("run", "3001").returncode == 1
    return bare_site


@pytest.fixture(name="running_site")
def _running_site(bare_site: Site) -> Iterator[Site]:
    """Give an environment in which the script of ticket 3001 runs until the test is over."""
    folder = bare_site.ops.checkout / ".asd"
    folder.mkdir()
    for name in ("started", "gate"):
        os.mkfifo(folder / name)
    bare_site.merge("3001", {"releases/3001-waits.sh": _WAITING})
    assert bare_site.client("run", "3001", "--detach").returncode == 0
    (folder / "started").read_text()
    # A list is given once everything that is derived is up to date.
    bare_site.client("list")
    yield bare_site
    (folder / "gate").write_text("go\n")
    assert bare_site.client("watch", "3001").returncode == 0


# --- states of a release -----------------------------------------------------------------------------------------


def test_a_ticket_that_was_never_run_is_not_resumed(bare_site: Site) -> None:
    refusal = bare_site.refuses("resume", "3002")

    assert refusal.reason == "not_halted"
    assert refusal.message == "Ticket 3002 was never run here, so there is nothing to resume."
    assert refusal.next[0][:3] == ("releasectl", "run", "3002")


def test_a_released_ticket_is_not_resumed(released_site: Site) -> None:
    refusal = released_site.refuses("resume", "3001")

    assert refusal.reason == "not_halted"
    assert refusal.message == "Ticket 3001 is released, not halted, so there is nothing to resume."


def test_a_running_ticket_is_not_resumed(running_site: Site) -> None:
    refusal = running_site.refuses("resume", "3001")

    assert refusal.reason == "not_halted"
    assert refusal.next[0][:3] == ("releasectl", "watch", "3001")


def test_a_phase_is_not_run_again_of_a_ticket_that_is_released(released_site: Site) -> None:
    answer = released_site.client("run", "3001", "--from", "ticket")

    assert answer.returncode == 3
    assert answer.stderr.startswith("[ERROR] Ticket 3001 is released, not halted")


def test_a_released_ticket_is_not_run_again(released_site: Site) -> None:
    refusal = released_site.refuses("run", "3001")

    assert refusal.reason == "already_released"
    assert f"Ticket 3001 was released already (run 1, {released_site.ops.head()[:12]})" in refusal.message


def test_a_running_ticket_is_not_run_again_but_may_be_watched(running_site: Site) -> None:
    refusal = running_site.refuses("run", "3001")

    assert refusal.reason == "already_running"
    assert refusal.next[0][:3] == ("releasectl", "watch", "3001")


def test_a_halted_ticket_is_not_run_anew_and_the_commands_that_would_do_are_named(halted_site: Site) -> None:
    refusal = halted_site.refuses("run", "3001")

    assert refusal.reason == "halted"
    assert "Ticket 3001 is halted in phase ticket" in refusal.message
    assert [command[:3] for command in refusal.next][:2] == [
        ("releasectl", "resume", "3001"),
        ("releasectl", "run", "3001"),
    ]
    assert "--from=ticket" in refusal.next[1]


def test_a_second_release_is_refused_while_one_is_running(running_site: Site) -> None:
    running_site.merge("3003", {"releases/3003-fine.sh": _GOOD})

    refusal = running_site.refuses("run", "3003")

    assert refusal.reason == "environment_busy"
    assert "Ticket 3001 occupies the environment since " in refusal.message
    assert refusal.next[0][:3] == ("releasectl", "status", "3001")


def test_a_second_release_is_refused_while_one_is_halted_and_taken_once_that_one_is_over(halted_site: Site) -> None:
    halted_site.merge("3003", {"releases/3003-fine.sh": _GOOD})
    refusal = halted_site.refuses("run", "3003")
    (halted_site.ops.checkout / ".asd/mended").touch()

    resumed = halted_site.client("resume", "3001", "--reason", "the file was missing")
    finished = halted_site.client("run", "3003")

    assert refusal.reason == "environment_busy"
    assert (resumed.returncode, finished.returncode) == (0, 0)


def test_a_halted_release_is_not_resumed_from_a_phase_beyond_the_unfinished_one_without_a_reason(
    halted_site: Site,
) -> None:
    refusal = halted_site.refuses("resume", "3001", "--from", "verify", code=2)

    assert refusal.reason == "reason_missing"
    assert "Going on from verify leaves ticket unfinished; say why with --reason" in refusal.message


@pytest.mark.parametrize("command", [("resume", "3001"), ("run", "3001", "--from=ticket")], ids=["resume", "run"])
def test_a_release_that_failed_does_not_go_on_without_its_cause(halted_site: Site, command: tuple[str, ...]) -> None:
    refusal = halted_site.client("-o", "json", *command)

    error = json.loads(refusal.stdout)["error"]
    assert (refusal.returncode, error["reason"]) == (2, "reason_missing")
    assert error["next"][0]["argv"][:5] == ["releasectl", "resume", "3001", "--reason", "<why>"]


def test_a_halted_release_is_not_resumed_while_the_checkout_stands_elsewhere(halted_site: Site) -> None:
    merged = halted_site.ops.head()
    halted_site.git("checkout", "--quiet", "--detach", "HEAD~1")

    refusal = halted_site.refuses("resume", "3001", "--reason", "the file is there now")

    assert refusal.reason == "head_moved"
    assert f"but this release left it at {merged}" in refusal.message


# --- the record --------------------------------------------------------------------------------------------------


def test_a_refusal_is_on_record_with_who_asked_for_what_and_why_not(bare_site: Site) -> None:
    told = bare_site.client("resume", "3020", "--request-id", "asked-at-night")

    answer = bare_site.client("-o", "json", "events", "3020")

    [event] = json.loads(answer.stdout)["events"]
    assert (event["type"], event["uid"]) == ("refused", os.getuid())
    recorded = event["data"]
    assert (recorded["command"], recorded["request_id"], recorded["kind"]) == ("resume", "asked-at-night", "refused")
    assert told.stderr.startswith(f"[ERROR] {recorded['message']}\n")


# --- options -----------------------------------------------------------------------------------------------------


def test_a_phase_is_not_skipped_without_a_reason(bare_site: Site) -> None:
    refusal = bare_site.refuses("run", "3004", "--skip", "verify", "--skip", "ticket", code=2)

    assert refusal.reason == "reason_missing"
    assert "Skipping verify, ticket needs a reason (--reason)" in refusal.message


def test_prepare_is_not_skipped_whatever_the_reason(bare_site: Site) -> None:
    refusal = bare_site.refuses("run", "3004", "--skip", "prepare", "--reason", "in a hurry", code=2)

    assert refusal.reason == "skip_impossible"
    assert "prepare cannot be skipped" in refusal.message


def test_a_request_id_is_not_taken_for_a_second_ticket(bare_site: Site) -> None:
    bare_site.client("resume", "3005", "--request-id", "used-by-3005")

    rejection = bare_site.rejects("resume", "3006", "--request-id", "used-by-3005")

    assert rejection.reason == "request_id_reused"
    assert f"used for resume already (release/{bare_site.name}/3005)" in rejection.message


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "../etc"), "'../etc' is not a ticket: expected 1 to 64 letters, digits"),
        (("run", "a" * 65), f"'{'a' * 65}' is not a ticket: expected 1 to 64 letters, digits"),
        (("run", "3007", "--from", "deploy"), "'deploy' is not a phase: expected one of prepare, migrate, ticket"),
        (("run", "3007", "--skip", "deploy"), "'deploy' is not a phase: expected one of prepare, migrate, ticket"),
        (("run", "3007", "--base", "abc"), "'abc' is not a commit: expected its full id of 40 hex digits"),
        (("run", "3007", "--with", "-rf"), "'-rf' is not a ticket: expected 1 to 64 letters, digits"),
        (("run", "3007", "--request-id", "short"), "'short' is not a request id: expected 8 to 128 of A-Za-z0-9._:-"),
        (("resume", "3007", "--from", "return"), "'return' is not a phase: expected one of prepare, migrate, ticket"),
        (("list", "--state", "broken"), "'broken' is not a state: expected one of requested, prepare"),
        (("logs", "3007", "--phase", "deploy"), "'deploy' is not a phase: expected one of prepare, migrate, ticket"),
        (("services", "Web!"), "'Web!' is not a service: expected the name of its folder below packages/"),
    ],
)
def test_what_can_never_be_right_is_refused_as_wrong_usage(
    site: Site, arguments: tuple[str, ...], complaint: str
) -> None:
    rejection = site.rejects(*arguments)

    assert rejection.reason == "usage"
    assert complaint in rejection.message
    assert rejection.next == (("releasectl", arguments[0], "--help"),)


@pytest.mark.parametrize(
    ("request_message", "reason"),
    [
        (pb.RunRequest(ticket="../etc", request_id="from-elsewhere"), "ticket_invalid"),
        (pb.RunRequest(ticket="", request_id="from-elsewhere"), "ticket_invalid"),
        (pb.RunRequest(ticket="3008\n", request_id="from-elsewhere"), "ticket_invalid"),
        (pb.RunRequest(ticket="3008", request_id="short"), "request_id_invalid"),
        (pb.RunRequest(ticket="3008", request_id=""), "request_id_invalid"),
        (pb.RunRequest(ticket="3008", request_id="from-elsewhere", base="HEAD"), "sha_invalid"),
        (pb.RunRequest(ticket="3008", request_id="from-elsewhere", skip=["deploy"]), "phase_unknown"),
        (pb.RunRequest(ticket="3008", request_id="from-elsewhere", with_tickets=["../etc"]), "ticket_invalid"),
    ],
)
def test_the_daemon_refuses_what_another_client_might_send(
    bare_sites: BareSites, request_message: pb.RunRequest, reason: str
) -> None:
    request = pb.RunRequest(environment="no-engine")
    request.MergeFrom(request_message)

    with grpc.insecure_channel(bare_sites.address) as channel, pytest.raises(grpc.RpcError) as raised:
        rpc.ReleasesStub(channel).Run(request)

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert _reason(raised.value) == reason


# --- what is not there -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "watch", "logs", "events", "diagnose", "playbook match"])
def test_a_ticket_of_which_nothing_is_on_record_is_not_found(site: Site, command: str) -> None:
    rejection = site.rejects(*command.split(), "3009", code=4)

    assert rejection.reason == "ticket_unknown"
    assert rejection.message == "Nothing is on record of ticket 3009."
    assert rejection.next == (("releasectl", "run", "3009"),)


@pytest.mark.parametrize("command", ["status", "watch"])
def test_a_ticket_whose_runs_were_all_refused_was_never_run(bare_site: Site, command: str) -> None:
    bare_site.client("run", "3010")

    rejection = bare_site.rejects(command, "3010", code=4)

    assert rejection.reason == "ticket_unknown"
    assert rejection.message == "Ticket 3010 was never run here: every attempt was refused."
    assert rejection.next[0][:3] == ("releasectl", "diagnose", "3010")


def test_a_step_that_a_release_does_not_have_is_not_found_and_its_steps_are_named(released_site: Site) -> None:
    rejection = released_site.rejects("logs", "3001", "--step", "web.recreate", code=4)

    assert rejection.reason == "step_unknown"
    assert "its steps so far: checkout.fast-forward, ticket.checkout, 3001-fine.sh" in rejection.message


def test_a_service_that_does_not_exist_is_not_found(site: Site) -> None:
    rejection = site.rejects("services", "postgres", code=4)

    assert rejection.reason == "service_unknown"
    assert "no service 'postgres'" in rejection.message


def test_an_environment_that_does_not_exist_is_not_found_and_those_that_do_are_named(site: Site) -> None:
    rejection = site.rejects("run", "3011", "--env", "staging", code=4)

    assert rejection.reason == "environment_unknown"
    assert "no environment 'staging' here; this daemon serves prod." in rejection.message


def test_a_daemon_of_several_environments_guesses_none(bare_sites: BareSites) -> None:
    answer = bare_sites.client("run", "3012")

    assert answer.returncode == 2
    assert answer.stderr.startswith("[ERROR] This daemon serves ")
    assert "name one with --env." in answer.stderr


def _reason(error: grpc.RpcError) -> str:
    call: Any = error
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in rpc_status.from_call(call).details)
    reason: str = info.reason
    return reason
