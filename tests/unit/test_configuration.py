"""The configuration: accepted as the manual shows it, and each error with file, line, path, expected and got."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from released.domain.configuration import Configuration, InvalidConfiguration, parse_configuration

FILE = "/etc/released.yaml"
SPECIFIED = """\
store: {url: sqlite:////var/lib/released/released.db}
state_dir: /var/lib/released                               # backups, step output; default: beside the SQLite file
listen:
  - unix:///run/released/released.sock                     # mode and group configurable, default 0660
environments:
  prod:
    repo: /opt/ops
    remote: origin
    branch: main
    workspace: .asd/workspace                              # relative to repo
    docker: unix:///var/run/docker.sock
    compose: auto                                          # auto | v2 | v1
    git: {ssh_command: null, credential_file: null, allow_protocols: [https, ssh, file]}
    paths: {"shared/theme/**": [wikijs, redmine]}          # extra path → services
    unmatched_paths: warn                                  # ignore | warn | refuse
    recovery: {on_restart: resume, resume_within: 1h}      # resume | halt
    verify: {budget: 2m}
    remind: {after: 15m}                                   # a halted release says so; then in growing intervals
    redact: []                                             # more names whose values are secret
"""
SHORT = """\
store: {url: sqlite:////var/lib/released/released.db}
listen: [unix:///run/released/released.sock]
environments:
  prod:
    repo: /opt/ops
"""


def parsed(text: str) -> Configuration:
    return parse_configuration(text, FILE)


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        parse_configuration(text, FILE)
    problems = caught.value.problems
    assert all(re.fullmatch(rf"{FILE}:\d+: \S+: expected .+, got .+", problem) for problem in problems), problems
    return [problem.removeprefix(f"{FILE}:") for problem in problems]


# --- what is accepted ----------------------------------------------------------------------------------------------


def test_the_configuration_of_the_manual_is_accepted() -> None:
    prod = parsed(SPECIFIED).environments["prod"]
    assert (prod.repo, prod.recovery.resume_within, prod.verify.budget) == (Path("/opt/ops"), 3600.0, 120.0)
    assert prod.paths == {"shared/theme/**": ["wikijs", "redmine"]}


def test_what_the_manual_shows_are_the_defaults() -> None:
    shown, default = parsed(SPECIFIED), parsed(SHORT)
    assert default.environments["prod"] == shown.environments["prod"].model_copy(update={"paths": {}})


@pytest.mark.parametrize(
    "line",
    [
        *(f"compose: {word}" for word in ("auto", "v2", "v1")),
        *(f"unmatched_paths: {word}" for word in ("ignore", "warn", "refuse")),
        *(f"recovery: {{on_restart: {word}}}" for word in ("resume", "halt")),
        "git: {ssh_command: ssh -i /key, credential_file: /etc/token, allow_protocols: []}",
        "folders: {packages: services, releases: deploy/tickets}",
        "redact: [DOOR_PIN]",
        "verify: {budget: 90}",
    ],
)
def test_every_value_that_the_manual_names_is_accepted(line: str) -> None:
    assert parsed(f"{SHORT}    {line}\n")


def test_state_lies_beside_the_sqlite_file_unless_configured() -> None:
    assert parsed(SHORT).state == Path("/var/lib/released")


def test_a_configured_state_directory_is_used() -> None:
    assert parsed(f"{SHORT}state_dir: /srv/state\n").state == Path("/srv/state")


def test_two_environments_with_checkouts_of_their_own_are_accepted() -> None:
    assert set(parsed(f"{SHORT}  staging:\n    repo: /opt/staging\n").environments) == {"prod", "staging"}


def test_a_folder_may_be_written_with_a_slash_at_its_end() -> None:
    assert parsed(f"{SHORT}    workspace: var/work/\n").environments["prod"].workspace == "var/work"


# --- sockets -------------------------------------------------------------------------------------------------------


def listening(entry: str) -> str:
    return SHORT.replace("[unix:///run/released/released.sock]", f"\n  - {entry}")


def test_a_socket_is_0660_unless_configured() -> None:
    (listener,) = parsed(SHORT).listen
    assert (listener.path, listener.mode, listener.group) == (Path("/run/released/released.sock"), 0o660, None)


@pytest.mark.parametrize("mode", ["'0600'", "0600", "'600'"])
def test_a_mode_is_octal_with_quotes_and_without(mode: str) -> None:
    (listener,) = parsed(listening(f"{{address: 'unix:///s', mode: {mode}, group: ops}}")).listen
    assert (listener.mode, listener.group) == (0o600, "ops")


@pytest.mark.parametrize("mode", ["660", "0o660", "'0690'", "'06600'", "rw", "true"])
def test_what_could_be_another_mode_than_was_meant_is_refused(mode: str) -> None:
    shown = mode if mode in ("660", "true") else repr(mode.strip("'"))
    assert faults(listening(f"{{address: 'unix:///s', mode: {mode}}}")) == [
        f"3: listen.0.mode: expected an octal mode such as '0660', got {shown}"
    ]


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:1", "unix://relative", "unix:///", "/run/s"])
def test_anything_but_a_unix_socket_is_refused(address: str) -> None:
    assert faults(listening(f"'{address}'")) == [f"3: listen.0.address: expected unix:///…, got '{address}'"]


def test_a_daemon_listens_somewhere() -> None:
    assert faults(SHORT.replace("[unix:///run/released/released.sock]", "[]")) == [
        "2: listen: expected at least one, got an empty list"
    ]


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("remote: --upload-pack=x", "remote: expected the name of a remote, got '--upload-pack=x'"),
        ('remote: "origin\\n"', "remote: expected the name of a remote, got 'origin\\n'"),
        ("branch: -f", "branch: expected the name of a branch, got '-f'"),
        ("branch: 1.10", "branch: expected text in quotes, got 1.10"),
        ("compose: v3", "compose: expected 'auto', 'v2' or 'v1', got 'v3'"),
        ("docker: tcp://host:1", "docker: expected unix:///…, got 'tcp://host:1'"),
        ("redact: PIN", "redact: expected a list, got 'PIN'"),
        ("paths: {a: b}", "paths.a: expected a list, got 'b'"),
        ("git: null", "git: expected a mapping, got nothing"),
        (
            "git: {allow_protocols: [ext]}",
            "git.allow_protocols.0: expected 'https', 'ssh', 'file', 'git' or 'http', got 'ext'",
        ),
        ("git: {credential_file: token}", "git.credential_file: expected an absolute path without '..', got 'token'"),
        (
            "recovery: {resume_within: 1 hour}",
            "recovery.resume_within: expected a duration such as 30s, 5m or 2h, got '1 hour'",
        ),
        ("recovery: {on_restart: no}", "recovery.on_restart: expected 'resume' or 'halt', got 'no'"),
        ("verify: {budget: 0s}", "verify.budget: expected greater than 0, got '0s'"),
        ("remind: {after: 25h}", "remind.after: expected at most 24h, got '25h'"),
    ],
)
def test_a_wrong_value_is_told_with_its_path(line: str, fault: str) -> None:
    assert faults(f"{SHORT}    {line}\n") == [f"6: environments.prod.{fault}"]


@pytest.mark.parametrize("repo", ["ops", "./ops", "~/ops", "/opt/../ops", "''", '"/opt/ops\\n"'])
def test_a_checkout_is_an_absolute_path(repo: str) -> None:
    (fault,) = faults(SHORT.replace("/opt/ops", repo))
    assert fault.startswith("5: environments.prod.repo: expected an absolute path without '..', got ")


@pytest.mark.parametrize("folder", ["/abs", "..", "../up", "a/../../up", "a/..", ".", "''", '"a\\n"'])
def test_a_folder_lies_below_the_checkout(folder: str) -> None:
    (fault,) = faults(f"{SHORT}    workspace: {folder}\n")
    assert fault.startswith("6: environments.prod.workspace: expected a folder below the root of the ops repo")


@pytest.mark.parametrize("url", ["sqlite:///relative.db", "sqlite://", "mysql://host/db", "/var/lib/released.db"])
def test_a_store_is_a_sqlite_file_with_an_absolute_path(url: str) -> None:
    assert faults(SHORT.replace("sqlite:////var/lib/released/released.db", f"'{url}'")) == [
        f"1: store.url: expected sqlite:////ABSOLUTE/PATH, got '{url}'"
    ]


@pytest.mark.parametrize("repo", ["/opt/ops", "/opt/ops/", "/opt//ops", "/opt/./ops"])
def test_two_environments_never_share_a_checkout(repo: str) -> None:
    assert faults(f"{SHORT}  staging:\n    repo: {repo}\n") == [
        "3: environments: expected a checkout of its own for each environment, got '/opt/ops' twice"
    ]


def test_an_environment_is_needed() -> None:
    assert faults(SHORT.partition("  prod")[0].replace("environments:", "environments: {}")) == [
        "3: environments: expected at least one, got an empty mapping"
    ]


def test_the_name_of_an_environment_is_a_plain_word() -> None:
    assert faults(SHORT.replace("prod:", "'prod/x':")) == [
        "4: environments.prod/x: expected a name of at most 32 letters, digits, '_' or '-', got 'prod/x'"
    ]


def test_an_empty_file_lacks_a_mapping() -> None:
    assert faults("") == ["1: (document): expected a mapping, got nothing"]


def test_what_must_be_there_is_named() -> None:
    assert faults("state_dir: /x\n") == [
        f"1: {key}: expected a value, got nothing" for key in ("store", "listen", "environments")
    ]


def test_all_faults_are_told_at_once() -> None:
    text = f"{SHORT}    branch: -f\n    compose: v3\n    unknown: 1\nstate_dir: here\n"
    assert {fault.partition(":")[0] for fault in faults(text)} == {"6", "7", "8", "9"}


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: !!int x\n", "[" * 9999, "a: \0"])
def test_what_is_no_plain_yaml_is_told_the_same_way(text: str) -> None:
    assert len(faults(text)) == 1


# --- unknown keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{SHORT}environment: {{}}\n", "6: environment: expected a known key (environments?), got 'environment'"),
        (f"{SHORT}    brnch: main\n", "6: environments.prod.brnch: expected a known key (branch?), got 'brnch'"),
        (
            f"{SHORT}    verify: {{buget: 1m}}\n",
            "6: environments.prod.verify.buget: expected a known key (budget?), got 'buget'",
        ),
        (
            f"{SHORT}    git: {{ssh_comand: x}}\n",
            "6: environments.prod.git.ssh_comand: expected a known key (ssh_command?), got 'ssh_comand'",
        ),
        (listening("{address: 'unix:///s', mod: '0660'}"), "3: listen.0.mod: expected a known key (mode?), got 'mod'"),
        (SHORT.replace("{url:", "{ulr: x, url:"), "1: store.ulr: expected a known key (url?), got 'ulr'"),
        (
            f"{SHORT}branch: main\n",
            "6: branch: expected one of environments, listen, state_dir, store, webhook, got 'branch'",
        ),
        (
            f"{SHORT}    folders: {{zzz: x}}\n",
            "6: environments.prod.folders.zzz: expected one of packages, releases, got 'zzz'",
        ),
        (
            f"{SHORT}    recovery: {{on_restrat: halt}}\n",
            "6: environments.prod.recovery.on_restrat: expected a known key (on_restart?), got 'on_restrat'",
        ),
    ],
    ids=lambda value: value[-40:],
)
def test_an_unknown_key_is_told_with_the_nearest_key_of_its_place(text: str, fault: str) -> None:
    assert faults(text) == [fault]


# --- webhook -------------------------------------------------------------------------------------------------------


def webhook(url: str) -> str:
    return f"{SHORT}webhook: {{url: '{url}', secret_file: /etc/released.secret}}\n"


def test_there_is_no_webhook_unless_configured() -> None:
    assert parsed(SHORT).webhook is None


@pytest.mark.parametrize(
    "url",
    [
        "https://alarm.example/hook?team=ops",
        "https://10.0.0.7:8443",
        "http://localhost/x",
        "http://127.0.0.9:1",
        "http://[::1]/",
    ],
)
def test_a_webhook_goes_over_https_or_stays_on_this_host(url: str) -> None:
    found = parsed(webhook(url)).webhook
    assert found is not None
    assert (found.url, found.secret_file) == (url, Path("/etc/released.secret"))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://alarm.example/", "https, or http to this host itself, got http to 'alarm.example'"),
        ("ftp://alarm.example/", "https, or http to this host itself, got ftp to 'alarm.example'"),
        ("https://me:sesame@alarm.example/", "a URL without user and password, got one with them"),
        ("alarm.example/?token=sesame", "a URL such as https://HOST/PATH, got something else"),
        ("https:///?token=sesame", "a URL such as https://HOST/PATH, got something else"),
        ("https://alarm.example:port/?token=sesame", "a URL such as https://HOST/PATH, got something else"),
        ("https://alarm.example/a b?token=sesame", "a URL such as https://HOST/PATH, got something else"),
    ],
)
def test_where_messages_may_not_go_is_told_without_what_may_be_secret(url: str, fault: str) -> None:
    assert faults(webhook(url)) == [f"6: webhook.url: expected {fault}"]


def test_a_webhook_needs_its_secret() -> None:
    assert faults(f"{SHORT}webhook: {{url: 'https://alarm.example/'}}\n") == [
        "6: webhook.secret_file: expected a value, got nothing"
    ]


def test_a_key_of_the_webhook_that_is_not_known_is_told_with_the_nearest() -> None:
    assert faults(f"{SHORT}webhook: {{url: 'https://alarm.example/', secret_file: /s, secret: x}}\n") == [
        "6: webhook.secret: expected a known key (secret_file?), got 'secret'"
    ]


def test_the_socket_behind_the_public_one_is_hidden_too_for_whoever_reaches_it_calls_in_any_name() -> None:
    private = parse_configuration(SHORT.replace("/run/released/", "/srv/"), FILE).private

    assert {Path("/srv/released.sock"), Path("/srv/released.sock.in")} <= set(private)
