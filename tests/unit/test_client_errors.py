"""From a gRPC error to exit code, reason, sentence and next commands."""

from __future__ import annotations

import json

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import daemon_went_away, from_rpc
from releasectl.settings import Settings
from releasectl.views.reporting import next_lines, report
from releasepb.v1 import releases_pb2 as pb


class Broken(grpc.RpcError):
    """An error as a call raises it."""

    def __init__(self, code: grpc.StatusCode, details: str, *rich: Message) -> None:
        super().__init__()
        self._code, self._details, self._rich = code, details, rich

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:  # type: ignore[override] # stubs want their own type
        if not self._rich:
            return ()
        status = status_pb2.Status(code=self._code.value[0], message=self._details)
        for detail in self._rich:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        return (("grpc-status-details-bin", status.SerializeToString()),)


def info(kind: str, reason: str = "some_reason") -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain="released", metadata={"kind": kind})


@pytest.mark.parametrize(
    ("kind", "code"),
    [("invalid", 2), ("refused", 3), ("not_found", 4), ("not_allowed", 7), ("internal", 1), ("of-tomorrow", 1)],
)
def test_the_kind_of_an_error_is_its_exit_code(kind: str, code: int) -> None:
    assert from_rpc(Broken(grpc.StatusCode.UNKNOWN, "Sentence.", info(kind))).code == code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 2),
        (grpc.StatusCode.FAILED_PRECONDITION, 3),
        (grpc.StatusCode.NOT_FOUND, 4),
        (grpc.StatusCode.UNAVAILABLE, 6),
        (grpc.StatusCode.PERMISSION_DENIED, 7),
        (grpc.StatusCode.UNIMPLEMENTED, 3),
    ],
)
def test_a_bare_status_gives_an_exit_code_too(status: grpc.StatusCode, code: int) -> None:
    assert from_rpc(Broken(status, "Sentence.")).code == code


def test_reason_sentence_and_next_commands_come_from_the_daemon() -> None:
    commands = pb.NextCommands(next=[pb.NextCommand(argv=["git", "status"], effect="shows it", danger="none")])
    error = from_rpc(Broken(grpc.StatusCode.FAILED_PRECONDITION, "Dirty.", info("refused", "dirty"), commands))
    assert (error.reason, error.message, error.next) == ("dirty", "Dirty.", (Next(("git", "status"), "shows it"),))


def test_a_status_that_contradicts_its_call_counts_as_a_bare_one() -> None:
    contradicting = Broken(grpc.StatusCode.FAILED_PRECONDITION, "Sentence.", info("refused"))
    contradicting.code = lambda: grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[method-assign] # as gRPC does
    assert from_rpc(contradicting).reason == "resource_exhausted"


def test_a_broken_connection_is_worth_another_try() -> None:
    assert daemon_went_away(Broken(grpc.StatusCode.UNAVAILABLE, "Socket closed"))


def test_a_refusal_is_not_worth_another_try() -> None:
    assert not daemon_went_away(Broken(grpc.StatusCode.UNAVAILABLE, "Read-only.", info("refused")))


def test_a_failure_in_text_goes_to_stderr_with_shell_quoted_commands(capsys: pytest.CaptureFixture[str]) -> None:
    next_command = Next(("git", "-C", "/opt/my ops", "status"), "shows it")
    report(ClientError(ExitCode.REFUSED, "dirty", "[ERROR] Working tree is dirty.", (next_command,)), Settings())
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "[ERROR] Working tree is dirty.\nnext:\n  git -C '/opt/my ops' status  # shows it\n"


def test_a_failure_in_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    report(ClientError(ExitCode.REFUSED, "dirty", "Dirty."), Settings(output="json"))
    out, err = capsys.readouterr()
    expected = {"error": {"code": 3, "reason": "dirty", "message": "Dirty.", "next": []}}
    assert (json.loads(out), err) == (expected, "")


def test_detaching_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    report(ClientError(ExitCode.DETACHED, "detached", "Detached."), Settings())
    assert capsys.readouterr().err == "Detached.\n"


def test_a_next_command_names_the_daemon_that_was_named() -> None:
    settings = Settings(address="unix:///x.sock", environment="prod")
    lines = next_lines([Next(("releasectl", "watch", "1"), "follows")], settings, 200)
    assert lines == ["next:", "  releasectl watch 1 --address unix:///x.sock --env prod  # follows"]


def test_where_effects_do_not_fit_beside_commands_they_stand_above() -> None:
    lines = next_lines([Next(("releasectl", "watch", "1234"), "follows the ticket")], Settings(), 40)
    assert lines == ["next:", "  # follows the ticket", "  releasectl watch 1234"]


def test_a_long_effect_stands_above_its_command_and_each_row_of_it_is_a_comment() -> None:
    lines = next_lines([Next(("releasectl", "watch", "1234"), "follows the ticket until it rests")], Settings(), 28)
    assert lines == ["next:", "  # follows the ticket until", "  # it rests", "  releasectl watch 1234"]
