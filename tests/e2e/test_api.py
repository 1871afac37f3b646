"""The API as any client meets it: who may call, who is written down, what errors carry, how a release is followed."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
import yaml
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.daemon_process import PATIENCE_S, PROGRAMS, Daemon
from support.stack import Stack
from support.stories import TELL_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.stack_images import FirstImages

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
AS_STRANGER = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups")
ROOT = os.getuid() == 0
GREET = "#!/bin/sh\necho hello\n"
WAITING = f'#!/bin/sh\n{TELL_SECRET}mkfifo .asd/$TICKET\nread -r word <.asd/$TICKET\necho "$word"\n'
"""A script that runs until somebody writes a word."""


@dataclass(frozen=True)
class Api:
    """A daemon whose socket lies in a folder that it made itself."""

    stack: Stack
    socket: Path
    channel: grpc.Channel

    @property
    def releases(self) -> rpc.ReleasesStub:
        """The service that releases."""
        return rpc.ReleasesStub(self.channel)

    @property
    def environments(self) -> rpc.EnvironmentsStub:
        """The service that looks at environments."""
        return rpc.EnvironmentsStub(self.channel)

    def run(self, ticket: str, script: str = GREET, request_id: str = "") -> pb.Accepted:
        """Merge a script for the ticket and release it."""
        self.stack.merge(ticket, {f"releases/{ticket}-script.sh": script})
        request = pb.RunRequest(ticket=ticket, request_id=request_id or str(uuid4()))
        accepted: pb.Accepted = self.releases.Run(request, timeout=PATIENCE_S)
        return accepted

    def watch(self, ticket: str, after: int = 0) -> Iterator[pb.WatchItem]:
        """Follow a ticket."""
        call: Iterator[pb.WatchItem] = self.releases.Watch(
            pb.WatchRequest(ticket=ticket, after_version=after), timeout=PATIENCE_S
        )
        return call

    def finish(self, ticket: str) -> pb.End:
        """Follow a ticket to its end."""
        return next(item.end for item in self.watch(ticket) if item.HasField("end"))

    def let_go_on(self, ticket: str) -> None:
        """Give the waiting script its word."""
        (self.stack.ops.checkout / ".asd" / ticket).write_text("go\n")


@pytest.fixture(scope="module", name="api")
def _api(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Api]:
    stack = Stack.create(tmp_path_factory.mktemp("api") / "stack", first_images, running=())
    socket = stack.runtime / "run" / "released.sock"
    _listen(stack, socket)
    daemon = stack.daemon()
    try:
        daemon.start()
        with grpc.insecure_channel(f"unix:{socket}") as channel:
            yield Api(stack, socket, channel)
        daemon.end()
        assert stack.leaks() == []
    finally:
        daemon.end()
        stack.cleanup()


def _listen(stack: Stack, socket: Path) -> None:
    """Let the daemon make the folder of its socket; as root, for the group of nobody."""
    stack.runtime.chmod(0o755)
    configuration = yaml.safe_load(stack.config.read_text())
    group = {"group": "nogroup"} if ROOT else {}
    configuration["listen"] = [{"address": f"unix://{socket}", **group}]
    stack.config.write_text(yaml.safe_dump(configuration))


# --- the socket --------------------------------------------------------------------------------------------------


def test_the_socket_is_open_to_its_group_and_closed_to_others(api: Api) -> None:
    assert oct(api.socket.stat().st_mode & 0o777) == "0o660"


def test_the_folder_of_the_socket_cannot_be_entered_by_others(api: Api) -> None:
    assert oct(api.socket.parent.stat().st_mode & 0o777) == "0o750"


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_a_user_outside_the_group_is_turned_away(api: Api) -> None:
    finished = _client_as(AS_STRANGER, api, "status")
    assert finished.returncode == 7
    assert finished.stderr.startswith("[ERROR] You may not talk to the daemon at ")


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_the_uid_of_who_calls_comes_from_the_kernel_and_stands_in_the_event(api: Api) -> None:
    api.stack.merge("2001", {"releases/2001-script.sh": GREET})
    finished = _client_as(AS_NOBODY, api, "run", "2001", "--detach")
    assert finished.returncode == 0, finished.stderr
    requested = api.releases.ListEvents(pb.ListEventsRequest(ticket="2001")).events[0]
    api.finish("2001")
    assert (requested.type, requested.uid, requested.actor) == ("run_requested", NOBODY, "nobody")


def test_every_socket_behind_the_public_one_lies_in_a_folder_for_the_daemon_alone(api: Api) -> None:
    behind = [path for path in api.socket.parent.rglob("*") if path.is_socket() and path != api.socket]
    assert behind
    assert {path.parent.stat().st_mode & 0o077 for path in behind} == {0}


def _client_as(who: tuple[str, ...], api: Api, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = api.stack.client_environment() | {"RELEASECTL_ADDRESS": f"unix://{api.socket}"}
    return subprocess.run(
        [*who, PROGRAMS / "releasectl", *arguments],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


# --- a second daemon ---------------------------------------------------------------------------------------------


def test_a_second_daemon_does_not_steal_the_socket(api: Api) -> None:
    def elsewhere(it: dict[str, Any]) -> None:
        it["store"].update(url=f"sqlite:///{api.stack.home}/second/released.db")
        it["environments"]["prod"].update(repo=f"{api.stack.home}/second/ops")

    said = _second_daemon(api, elsewhere)
    assert f"[ERROR] Another released listens on {api.socket}" in said
    assert api.environments.GetVersion(pb.GetVersionRequest()).api == "released.v1"


def test_a_second_daemon_does_not_share_the_store(api: Api) -> None:
    said = _second_daemon(api, lambda it: it.update(listen=[f"unix://{api.stack.runtime}/second.sock"]))
    assert "released.db is in use by another released: " in said
    assert api.environments.GetVersion(pb.GetVersionRequest()).api == "released.v1"


def _second_daemon(api: Api, change: Callable[[dict[str, Any]], object]) -> str:
    """Start a daemon on a changed configuration; it must end by itself. Gives what it said."""
    stack = api.stack
    configuration = yaml.safe_load(stack.config.read_text())
    change(configuration)
    file, log = stack.home / "second.yaml", stack.logs / f"second-{uuid4()}.log"
    file.write_text(yaml.safe_dump(configuration))
    second = Daemon(file, log, stack.runtime, dict(os.environ))
    with pytest.raises(AssertionError, match=r"the daemon ended with [1-9]"):
        second.start()
    return second.log


# --- standard services -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["", "released.v1.Releases", "released.v1.Environments"])
def test_the_health_service_says_that_it_serves(api: Api, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(api.channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_names_the_services(api: Api) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(api.channel)
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    answer = next(stub.ServerReflectionInfo(asked, timeout=PATIENCE_S))
    names = {service.name for service in answer.list_services_response.service}
    assert {"released.v1.Releases", "released.v1.Environments", "grpc.health.v1.Health"} <= names


# --- errors ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """An error as it came over the wire."""

    code: grpc.StatusCode
    message: str
    info: error_details_pb2.ErrorInfo
    next: pb.NextCommands


@contextmanager
def _answered() -> Iterator[list[Answer]]:
    """Expect the calls of the block to end in an error, and hand out what it carried."""
    answers: list[Answer] = []
    with pytest.raises(grpc.RpcError) as raised:
        yield answers
    answers.append(_read(raised.value))


def _read(error: Any) -> Answer:  # noqa: ANN401 (grpc's error is also the call)
    info, commands = error_details_pb2.ErrorInfo(), pb.NextCommands()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        for known in (info, commands):
            detail.Unpack(known)
    return Answer(error.code(), error.details(), info, commands)


def test_a_refusal_carries_reason_domain_and_kind(api: Api) -> None:
    with _answered() as answers:
        api.releases.Resume(pb.ResumeRequest(ticket="never", request_id=str(uuid4())))
    info = answers[0].info
    assert answers[0].code == grpc.StatusCode.FAILED_PRECONDITION
    assert (info.reason, info.domain, dict(info.metadata)) == ("not_halted", "released", {"kind": "refused"})


def test_a_refusal_carries_a_sentence_and_what_may_be_typed_next(api: Api) -> None:
    with _answered() as answers:
        api.releases.Resume(pb.ResumeRequest(ticket="never", request_id=str(uuid4())))
    assert answers[0].message == "Ticket never was never run here, so there is nothing to resume."
    assert [list(command.argv) for command in answers[0].next.next] == [["releasectl", "run", "never"]]


def test_a_ticket_that_is_not_on_record_is_not_found(api: Api) -> None:
    with _answered() as answers:
        api.releases.GetRelease(pb.GetReleaseRequest(ticket="unheard-of"))
    assert answers[0].code == grpc.StatusCode.NOT_FOUND
    assert (answers[0].info.reason, answers[0].info.metadata["kind"]) == ("ticket_unknown", "not_found")


GARBAGE = ["", "../etc", "-rf", "a b", "a/b", "x" * 65, "ticket\n", "ümlaut", ".hidden", "a\0b"]


@pytest.mark.parametrize("ticket", GARBAGE)
@pytest.mark.parametrize("method", ["Run", "Resume", "GetRelease", "Watch", "ReadOutput", "ListEvents"])
def test_a_garbage_ticket_is_an_invalid_argument(api: Api, method: str, ticket: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "Run": lambda: api.releases.Run(pb.RunRequest(ticket=ticket, request_id=str(uuid4()))),
        "Resume": lambda: api.releases.Resume(pb.ResumeRequest(ticket=ticket, request_id=str(uuid4()))),
        "GetRelease": lambda: api.releases.GetRelease(pb.GetReleaseRequest(ticket=ticket)),
        "Watch": lambda: list(api.watch(ticket)),
        "ReadOutput": lambda: list(api.releases.ReadOutput(pb.ReadOutputRequest(ticket=ticket))),
        "ListEvents": lambda: api.releases.ListEvents(pb.ListEventsRequest(ticket=ticket)),
    }
    with _answered() as answers:
        calls[method]()
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ticket_invalid")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("request_id", "short", "request_id_invalid"),
        ("request_id", "../../request", "request_id_invalid"),
        ("skip", ["deploy"], "phase_unknown"),
        ("base", "HEAD~1", "sha_invalid"),
        ("base", "--upload-pack=x", "sha_invalid"),
        ("with_tickets", ["../1"], "ticket_invalid"),
    ],
)
def test_garbage_beside_a_ticket_is_an_invalid_argument(api: Api, field: str, value: object, reason: str) -> None:
    request = pb.RunRequest(**{"ticket": "2002", "request_id": str(uuid4()), field: value})  # type: ignore[arg-type]
    with _answered() as answers:
        api.releases.Run(request)
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


def test_a_garbage_service_is_an_invalid_argument(api: Api) -> None:
    with _answered() as answers:
        api.environments.ListServices(pb.ListServicesRequest(name="../web"))
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "service_invalid")


def test_a_state_that_does_not_exist_is_an_invalid_argument(api: Api) -> None:
    with _answered() as answers:
        api.releases.ListReleases(pb.ListReleasesRequest(state="lost"))
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "state_unknown")


def test_an_environment_that_does_not_exist_is_not_found(api: Api) -> None:
    with _answered() as answers:
        api.environments.GetEnvironment(pb.GetEnvironmentRequest(environment="staging"))
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.NOT_FOUND, "environment_unknown")


def test_a_message_of_more_than_a_mebibyte_is_refused(api: Api) -> None:
    with _answered() as answers:
        api.releases.Run(pb.RunRequest(ticket="2003", request_id=str(uuid4()), reason="x" * (1 << 20)))
    assert answers[0].code == grpc.StatusCode.RESOURCE_EXHAUSTED


# --- request ids -------------------------------------------------------------------------------------------------


def test_a_run_that_is_sent_twice_with_one_request_id_acts_once(api: Api) -> None:
    request_id = str(uuid4())
    first = api.run("2010", request_id=request_id)
    second = api.releases.Run(pb.RunRequest(ticket="2010", request_id=request_id), timeout=PATIENCE_S)
    api.finish("2010")
    events = api.releases.ListEvents(pb.ListEventsRequest(ticket="2010")).events
    assert (second.run, second.version) == (first.run, first.version)
    assert [event.type for event in events].count("run_requested") == 1


def test_a_refusal_that_is_asked_for_twice_with_one_request_id_is_recorded_once(api: Api) -> None:
    request = pb.ResumeRequest(ticket="2011", request_id=str(uuid4()))
    for _ in range(2):
        with _answered() as answers:
            api.releases.Resume(request)
        assert answers[0].info.reason == "not_halted"
    events = api.releases.ListEvents(pb.ListEventsRequest(ticket="2011")).events
    assert [event.type for event in events] == ["refused"]


def test_a_request_id_of_another_ticket_is_refused(api: Api) -> None:
    request_id = str(uuid4())
    api.run("2012", request_id=request_id)
    api.finish("2012")
    with _answered() as answers:
        api.releases.Run(pb.RunRequest(ticket="2013", request_id=request_id), timeout=PATIENCE_S)
    assert (answers[0].code, answers[0].info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "request_id_reused")


# --- following ---------------------------------------------------------------------------------------------------


def _versions(items: list[pb.WatchItem]) -> list[int]:
    return [item.event.version for item in items if item.HasField("event")]


def _until(items: Iterator[pb.WatchItem], line: str) -> list[pb.WatchItem]:
    """Take items up to the event that a pattern matches, and break the stream off there."""
    taken: list[pb.WatchItem] = []
    for item in items:
        taken.append(item)
        if item.HasField("event") and re.search(line, item.event.line):
            break
    items.cancel()  # type: ignore[attr-defined] # a call is more than its items
    return taken


def test_watching_goes_on_from_a_version_without_gap_or_duplicate_while_the_release_runs(api: Api) -> None:
    api.run("2020", WAITING)
    first = _until(api.watch("2020"), r"▸ 2020-script\.sh")
    second = api.watch("2020", after=_versions(first)[-1])
    api.let_go_on("2020")
    seen = _versions(first) + _versions(list(second))
    recorded = [event.version for event in api.releases.ListEvents(pb.ListEventsRequest(ticket="2020")).events]
    assert seen == recorded == list(range(1, len(recorded) + 1))


def test_watching_says_where_the_record_ends_and_what_is_live_begins(api: Api) -> None:
    api.run("2021", WAITING)
    recorded = _versions(_until(api.watch("2021"), r"▸ 2021-script\.sh"))
    items = api.watch("2021")
    before = _up_to_recorded(items)
    api.let_go_on("2021")
    assert before == recorded
    assert [item for item in items if item.HasField("recorded")] == []


def _up_to_recorded(items: Iterator[pb.WatchItem]) -> list[int]:
    versions: list[int] = []
    for item in items:
        if item.HasField("recorded"):
            break
        versions.append(item.event.version)
    return versions


def test_two_watchers_see_the_same(api: Api) -> None:
    api.run("2022", WAITING)
    watchers = api.watch("2022"), api.watch("2022")
    _until(api.watch("2022"), r"▸ 2022-script\.sh")
    api.let_go_on("2022")
    first, second = (list(watcher) for watcher in watchers)
    assert _versions(first) == _versions(second)


def test_watching_ends_with_the_outcome(api: Api) -> None:
    api.run("2023")
    end = api.finish("2023")
    assert (end.state, end.exit_code, end.failure.code) == ("released", 0, "")


def test_output_is_read_as_bytes_with_secrets_masked(api: Api) -> None:
    api.run("2024", GREET + TELL_SECRET)
    api.finish("2024")
    chunks = api.releases.ReadOutput(pb.ReadOutputRequest(ticket="2024", step="2024-script.sh"))
    assert b"".join(chunk.untrusted_data for chunk in chunks) == b"hello\nthe password is ***\n"
