"""What is typed wrongly is refused with exit code 2 and a sentence, before any daemon is asked."""

from __future__ import annotations

import json

import pytest

from releasectl.main import COMMANDS, execute, releasectl

ALIASES = {"rollback": "revert"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("run a/b", "'a/b' is not a ticket: expected 1 to 64 letters"),
        ("run .hidden", "'.hidden' is not a ticket"),
        (f"run {'x' * 65}", "is not a ticket"),
        ("run 1 --from=deploy", "'deploy' is not a phase: expected one of prepare, migrate, ticket, verify, revert."),
        ("run 1 --skip=all", "'all' is not a phase"),
        ("run 1 --base=HEAD", "'HEAD' is not a commit: expected its full id of 40 hex digits."),
        ("run 1 --with=a/b", "'a/b' is not a ticket"),
        ("run 1 --wait=5", "'5' is not a duration: expected for instance 30s, 5m or 2h."),
        ("run 1 --request-id=short", "'short' is not a request id"),
        ("run 1 --detach --wait=5m", "--detach follows nothing"),
        (f"run 1 --from=verify --verify-all --base={'a' * 40}", "--base, --verify-all and --from exclude each other"),
        ("run 1 --from=verify --dry-run --plan=0123456789abcdef", "--dry-run, --plan and --from exclude each other"),
        ("run 1 --plan=latest", "'latest' is not a plan hash: expected the 16 hex digits that plan printed."),
        ("run 1 --lock-wait=soon", "'soon' is not a duration"),
        ("plan 1 --base=HEAD", "'HEAD' is not a commit"),
        ("plan 1 --skip=all", "'all' is not a phase"),
        ("revert", "Missing argument 'TICKET…'"),
        ("revert 1 a/b", "'a/b' is not a ticket"),
        ("revert 1 --with-data=Wiki", "'Wiki' is not a service: expected the name of its folder below packages/."),
        ("revert 1 --detach --wait=5m", "--detach follows nothing"),
        ("revert 1 2 --detach", "--detach makes sense for one ticket only, and 2 are named."),
        (
            "revert 1 2 --plan=0123456789abcdef --request-id=request-1",
            "--plan, --request-id makes sense for one ticket only",
        ),
        ("rollback 1 --plan=latest", "'latest' is not a plan hash"),
        (f"adopt 1 --merge={'b' * 40}", "Missing option '--base'"),
        (f"adopt 1 --base=HEAD --merge={'b' * 40}", "'HEAD' is not a commit"),
        (f"adopt 1 --base={'a' * 40} --merge={'b' * 40}", "A reason is needed for the record; give it with --reason."),
        ("resume 1 --from=deploy", "'deploy' is not a phase"),
        ("status a/b", "'a/b' is not a ticket"),
        ("list --state=done", "'done' is not a state: expected one of requested, prepare"),
        ("list --limit=0", "0 is not in the range"),
        ("watch 1 --since=x", "'x' is not a valid integer"),
        ("logs 1 --phase=deploy", "'deploy' is not a phase"),
        ("events 1 --after=-1", "-1 is not in the range"),
        ("services a/b", "'a/b' is not a service"),
        ("services logs a/b", "'a/b' is not a service"),
        ("services logs web --tail=0", "0 is not in the range"),
        ("services run web ../x", "'../x' is not a hook: expected the name of a file below scripts/"),
        ("services run web", "Missing argument 'HOOK'"),
        ("webhook replay", "Missing option '--since'"),
        ("webhook replay --since=yesterday", "'yesterday' is not a duration"),
        ("status --timeout=soon", "'soon' is not a duration"),
        ("-o xml status", "'xml' is not a format: expected one of text, json, jsonl."),
        ("run", "Missing argument 'TICKET'"),
        ("deploy 1", "No such command 'deploy'"),
        (
            "--address tcp://x status",
            "'tcp://x' is not an address of a daemon: expected unix:///absolute/path/of.sock.",
        ),
        (f"--address unix:///{'x' * 120} status", "longer than the 107 bytes"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("[ERROR] ")
    assert sentence in err


def test_a_usage_error_in_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "a/b", "--output=jsonl"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["reason"]) == (2, "usage")
    assert error["next"][0]["argv"] == ["releasectl", "run", "--help"]


def test_a_log_that_is_followed_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["services", "logs", "web", "-f", "-o", "json"]) == 2
    assert "follow it with --output jsonl" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_without_a_command_the_help_is_shown_as_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([]) == 2
    assert "Usage: releasectl" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([name, "-h"]) == 0
    assert f"Usage: releasectl {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_goes_by_the_name_under_which_it_is_listed(name: str) -> None:
    command = releasectl.get_command(releasectl.make_context("releasectl", [name]), name)
    assert command is not None
    assert command.name == ALIASES.get(name, name)


@pytest.mark.parametrize("name", ["lock", "playbook", "services", "webhook"])
def test_each_line_in_the_help_of_a_group_is_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute([name, "--help"])

    told = capsys.readouterr().out.partition("Commands:")[2]

    assert told.strip() != ""
    assert "..." not in told
